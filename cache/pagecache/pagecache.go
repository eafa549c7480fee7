package pagecache

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
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

	// MaxBody is the size in bytes up to which a response is stored. Larger
	// ones are passed through. Default 1 MiB.
	MaxBody int

	// Name is how this cache calls itself in Cache-Status (RFC 9211). Default
	// "uncache". It is a token.
	Name string

	// Skip, if not nil, names the requests that the cache must leave alone:
	// neither answer, nor store what the handler answers.
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
}

const (
	defaultMaxBody = 1 << 20
	defaultName    = "uncache"
	defaultPrefix  = "page"
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
}

// New returns a Cache that stores through c. A nil opts means the defaults. It
// starts nothing, and there is nothing to close but c.
func New(c *coherent.Cache, opts *Options) (*Cache, error) {
	if c == nil {
		return nil, fmt.Errorf("pagecache: %w: the coherent cache is nil", ErrOptions)
	}
	var o Options
	if opts != nil {
		o = *opts
	}
	switch {
	case o.TTL < 0:
		return nil, fmt.Errorf("pagecache: %w: TTL is %v: it must not be negative", ErrOptions, o.TTL)
	case o.MaxBody < 0:
		return nil, fmt.Errorf("pagecache: %w: MaxBody is %d: it must not be negative", ErrOptions, o.MaxBody)
	case strings.ContainsFunc(o.Name, notToken):
		return nil, fmt.Errorf("pagecache: %w: Name is %q: it must be a token of RFC 9110", ErrOptions, o.Name)
	}
	if o.MaxBody == 0 {
		o.MaxBody = defaultMaxBody
	}
	if o.Name == "" {
		o.Name = defaultName
	}
	if o.Keys == nil {
		b, err := keys.New(defaultPrefix, nil)
		if err != nil {
			return nil, fmt.Errorf("pagecache: default keys: %w", err)
		}
		o.Keys = b
	}
	return &Cache{
		opts:    o,
		name:    o.Name,
		keys:    o.Keys,
		store:   c,
		values:  coherent.NewValues(c, codec{}),
		memo:    newMemo(),
		scratch: sync.Pool{New: func() any { return new(scratch) }},
	}, nil
}

// notToken reports whether r may not stand in a token. The alphabet is that of
// structured fields (RFC 9651 §3.3.4), less what would start one otherwise.
func notToken(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_.", r)
}

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
