package pagecache

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/keys"
)

// Options configures a [Cache]. The zero value is the default.
type Options struct {
	// Keys makes the keys that responses are stored under. Default
	// keys.New("page", nil).
	Keys *keys.Builder

	// TTL is the freshness lifetime of responses whose handler gave none, if
	// their status code allows it (RFC 9110 §15.1). With 0, the default, only
	// responses with an explicit lifetime are stored.
	TTL time.Duration

	// Heuristic gives such responses, where TTL is 0, a tenth of the time since
	// their Last-Modified, a day at most (RFC 9111 §4.2.2).
	Heuristic bool

	// StaleWhileRevalidate is for how long after it became stale, or while it
	// was purged softly, a response is still served while its successor is made
	// in the background, unless the response says otherwise (RFC 5861 §3,
	// must-revalidate and its kin). Default 0: not at all.
	StaleWhileRevalidate time.Duration

	// StaleIfError is for how long after it became stale a response is served
	// in place of a 500, 502, 503 or 504 of the handler, unless the response
	// says otherwise (RFC 5861 §4). Default 0: not at all.
	StaleIfError time.Duration

	// KeepStale is for how long after it became stale a response is kept that
	// the handler can be asked about: one to which it gave an ETag or a
	// Last-Modified. Default 10 minutes.
	KeepStale time.Duration

	// ClientDirectives makes the cache obey the Cache-Control of requests (RFC
	// 9111 §5.2.1): no-cache, max-age, min-fresh, max-stale, only-if-cached. By
	// default it does not, so that no visitor can make the handler work; a
	// request's no-store is always obeyed, since it only costs him.
	ClientDirectives bool

	// Targeted names the targeted cache control fields that this cache obeys in
	// place of Cache-Control and Expires, the first that is valid (RFC 9213):
	// "CDN-Cache-Control", or one of your own. Default none.
	Targeted []string

	// IgnoreVary names fields that count for nothing in Vary, because they stand
	// there for what somebody around the cache does: a compressor outside of it
	// adds Accept-Encoding, while what is stored is the same for all. Naming a
	// field that the handler looks at gives visitors one another's pages.
	IgnoreVary []string

	// StoreSetCookie stores responses that set cookies, if all else allows it,
	// and gives the cookie to everybody. RFC 9111 §7.3 allows it; it is meant
	// for cookies that are the same for all visitors.
	StoreSetCookie bool

	// MaxBody is the size in bytes up to which a response is stored. Larger
	// ones are passed through. Default 1 MiB.
	MaxBody int

	// MaxVariants is how many responses of one URL are stored, where they vary;
	// the oldest make room. Default 64.
	MaxVariants int

	// RefreshTimeout is how long a response that is made in the background may
	// take. Default 30 s.
	RefreshTimeout time.Duration

	// PurgeTimeout is how long the answer to an unsafe request may be held up
	// by the purge that it calls for (RFC 9111 §4.4). Default 5 s.
	PurgeTimeout time.Duration

	// Name is how this cache calls itself in Cache-Status (RFC 9211). Default
	// "uncache". It is a token.
	Name string

	// StatusKey puts the key of a response into Cache-Status. Default off: it
	// tells a visitor how the cache is laid out.
	StatusKey bool

	// Skip, if not nil, names the requests that the cache must leave alone:
	// neither answer, nor store what the handler answers. Unsafe requests purge
	// what they changed all the same.
	Skip func(*http.Request) bool

	// Observe, if not nil, is told of every request. It is called from many
	// goroutines at once, before the response is written, and should return
	// quickly. What the backend does wrong is reported to the Observe of
	// coherent.Options.
	Observe func(*http.Request, Observation)
}

// An Observation says how a request was answered.
type Observation struct {
	// Hit: from the store.
	Hit bool
	// Collapsed: by a fill that another request had begun.
	Collapsed bool
	// Forward is why the handler was asked: the fwd parameter of RFC 9211.
	// Empty for a hit.
	Forward string
	// Detail says more, for people, as in Cache-Status.
	Detail string
	// Err is what went wrong, if the purge after an unsafe request did.
	Err error
}

const (
	defaultPrefix         = "page"
	defaultName           = "uncache"
	defaultMaxBody        = 1 << 20
	defaultMaxVariants    = 64
	defaultKeepStale      = 10 * time.Minute
	defaultRefreshTimeout = 30 * time.Second
	defaultPurgeTimeout   = 5 * time.Second
)

// ErrOptions is what [New] returns, wrapped, when options make no sense.
var ErrOptions = errors.New("invalid options")

// A Cache is a shared HTTP cache (RFC 9111) in front of handlers. It is safe for
// concurrent use.
type Cache struct {
	opts    Options
	name    string
	keys    *keys.Builder
	store   *coherent.Cache
	values  *coherent.Values[*response]
	memo    *memo
	scratch sync.Pool

	mu         sync.Mutex
	closed     atomic.Bool // set under mu, so that no refresh begins behind Close's back
	wg         sync.WaitGroup
	refreshing chan struct{}
}

// New returns a Cache that stores through c. A nil opts means the defaults.
// Close waits for what it does in the background, which is nothing unless
// responses may be served stale; c is not closed by it.
func New(c *coherent.Cache, opts *Options) (*Cache, error) {
	if c == nil {
		return nil, fmt.Errorf("pagecache: %w: the coherent cache is nil", ErrOptions)
	}
	var o Options
	if opts != nil {
		o = *opts
	}
	if err := o.complete(); err != nil {
		return nil, fmt.Errorf("pagecache: %w", err)
	}
	return &Cache{
		opts:       o,
		name:       o.Name,
		keys:       o.Keys,
		store:      c,
		values:     coherent.NewValues(c, codec{}),
		memo:       newMemo(),
		scratch:    sync.Pool{New: func() any { return new(scratch) }},
		refreshing: make(chan struct{}, maxRefreshes),
	}, nil
}

// complete checks the options and fills the defaults in.
func (o *Options) complete() error {
	for _, d := range []struct {
		name  string
		value *time.Duration
		zero  time.Duration
	}{
		{"TTL", &o.TTL, 0},
		{"StaleWhileRevalidate", &o.StaleWhileRevalidate, 0},
		{"StaleIfError", &o.StaleIfError, 0},
		{"KeepStale", &o.KeepStale, defaultKeepStale},
		{"RefreshTimeout", &o.RefreshTimeout, defaultRefreshTimeout},
		{"PurgeTimeout", &o.PurgeTimeout, defaultPurgeTimeout},
	} {
		if *d.value < 0 {
			return fmt.Errorf("%w: %s is %v: it must not be negative", ErrOptions, d.name, *d.value)
		}
		if *d.value == 0 {
			*d.value = d.zero
		}
	}
	switch {
	case o.MaxBody < 0:
		return fmt.Errorf("%w: MaxBody is %d: it must not be negative", ErrOptions, o.MaxBody)
	case o.MaxVariants < 0:
		return fmt.Errorf("%w: MaxVariants is %d: it must not be negative", ErrOptions, o.MaxVariants)
	case strings.ContainsFunc(o.Name, notToken), o.Name != "" && !letter(o.Name[0]):
		return fmt.Errorf("%w: Name is %q: it must be a token of RFC 9651, which begins with a letter", ErrOptions, o.Name)
	}
	for option, names := range map[string]*[]string{"Targeted": &o.Targeted, "IgnoreVary": &o.IgnoreVary} {
		*names = slices.Clone(*names)
		for i, name := range *names {
			if name == "" || strings.ContainsFunc(name, notToken) {
				return fmt.Errorf("%w: %s names the field %q: it must be a token of RFC 9110", ErrOptions, option, name)
			}
			(*names)[i] = http.CanonicalHeaderKey(name)
		}
	}
	o.MaxBody = cmp.Or(o.MaxBody, defaultMaxBody)
	o.MaxVariants = cmp.Or(o.MaxVariants, defaultMaxVariants)
	o.Name = cmp.Or(o.Name, defaultName)
	if o.Keys == nil {
		b, err := keys.New(defaultPrefix, nil)
		if err != nil {
			return fmt.Errorf("default keys: %w", err)
		}
		o.Keys = b
	}
	return nil
}

// notToken reports whether r may not stand in a token, of those that have a
// meaning here.
func notToken(r rune) bool {
	return (r > 0x7f || !letter(byte(r))) && (r < '0' || r > '9') && !strings.ContainsRune("-_.", r)
}

func letter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// Purge records e in the log, and deletes the stored responses whose keys it
// can compute, to give their memory back. When it has returned nil, no request
// that begins later is answered with a response that depends on what e names
// and whose rendering began before; see [coherent.Cache.Purge]. Nothing rests on
// the deletion: if it fails, the purge has not.
//
// A URI may be named with query parameters that do not count here
// (keys.Options.Query); it is recorded without them as well.
//
// It makes a Cache an invalidate.Purger.
func (c *Cache) Purge(ctx context.Context, e cache.Event) error {
	e.Dependencies = c.withoutWhatDoesNotCount(e.Dependencies)
	if err := c.store.Purge(ctx, e); err != nil {
		return err
	}
	if e.Soft {
		return nil // what became stale may still be served
	}
	if stored := c.computable(e.Dependencies); len(stored) > 0 {
		_ = c.values.Delete(ctx, stored...)
		for _, key := range stored {
			c.memo.setDeleted([]byte(key), true)
		}
	}
	return nil
}

// withoutWhatDoesNotCount adds, to the URIs that an event names, those that
// stored responses know them by.
func (c *Cache) withoutWhatDoesNotCount(deps []cache.Dependency) []cache.Dependency {
	own := false // whether deps is a copy
	for _, d := range deps {
		uri, ok := strings.CutPrefix(string(d), "uri:")
		if !ok {
			continue
		}
		named := uri
		if !strings.HasPrefix(uri, "/") {
			named = "//" + uri // with a host, without a scheme
		}
		counted, err := c.keys.URI(named)
		if err != nil || counted == uri {
			continue
		}
		if !own {
			own, deps = true, slices.Clone(deps)
		}
		deps = append(deps, cache.URI(counted))
	}
	return deps
}

// computable returns the primary keys of what an event names by path.
func (c *Cache) computable(deps []cache.Dependency) []string {
	var stored []string
	for _, d := range deps {
		if path, ok := strings.CutPrefix(string(d), "path:"); ok {
			for _, k := range c.keys.PathKeys(path) {
				stored = append(stored, k.String())
			}
		}
	}
	return stored
}

func (c *Cache) observe(r *http.Request, s status, hit bool) {
	if c.opts.Observe != nil {
		c.opts.Observe(r, Observation{Hit: hit, Collapsed: s.joined, Forward: s.fwd, Detail: s.detail})
	}
}

func (c *Cache) observeHit(r *http.Request) { c.observe(r, status{}, true) }
