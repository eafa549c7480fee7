package admin

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/internal/byhand"
	"github.com/uncache/uncache/internal/isnil"
	"github.com/uncache/uncache/internal/option"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/outbox"
)

// Options configures the handler of [New]. The zero value is the default.
type Options struct {
	// Invalidator makes the purges, so that they reach all of its Purgers and its
	// outbox, and answers what a save would purge. Nil: the pages alone are purged.
	// New registers a rule of its own in it.
	Invalidator *invalidate.Invalidator

	// Outbox is shown, and its dead letters can be revived and dropped. Nil shows none.
	Outbox *outbox.Outbox

	// AllowChanges lets people who may look also purge, revive and drop. Default false.
	AllowChanges bool

	// Models are the kinds of models that may be asked about, by name: "post". Each
	// loads a model by its ID, as the Invalidator's rule wants it. It may be called
	// from many goroutines at once, and has five seconds.
	Models map[string]func(ctx context.Context, id string) (any, error)

	// Origin is where the site is for URLs that are given without a host:
	// "https://example.com". Default: where the request for the page came to.
	Origin string

	// Who names the person behind a request, for the reason of a purge in the log.
	// Default: the client's address. A function of yours must not believe what allow
	// has not checked.
	Who func(*http.Request) string
}

// ErrOptions is what [New] returns, wrapped, when its arguments make no sense.
var ErrOptions = errors.New("invalid options")

// New returns a handler for operators of pages. allow reports whether a request may look;
// it is asked before anything else is done, and from many goroutines at once. It may not
// be nil: [Loopback], [Token], or a function that looks for a session of yours.
//
// The handler goes by what stands behind the last slash of the path, so that it may be
// mounted under any prefix, with or without [http.StripPrefix].
func New(pages *pagecache.Cache, allow func(*http.Request) bool, opts *Options) (http.Handler, error) {
	switch {
	case pages == nil:
		return nil, option.Errorf(ErrOptions, "admin: New: the page cache is nil; look at the error that came with it")
	case allow == nil:
		return nil, option.Errorf(ErrOptions, "admin: New: allow is nil: anybody could look; give admin.Loopback, admin.Token or a function of your own")
	}
	h := &handler{pages: pages, allow: allow, cross: http.NewCrossOriginProtection()}
	if opts != nil {
		h.opts = *opts
	}
	if o := h.opts.Origin; o != "" {
		u, err := url.Parse(o)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.Path != "" && u.Path != "/" || u.RawQuery != "" {
			return nil, option.Errorf(ErrOptions, "admin: Options.Origin: %q is not a scheme and a host, as in %q", o, "https://example.com")
		}
		h.origin = u
	}
	for name, load := range h.opts.Models {
		switch {
		case name == "" || load == nil:
			return nil, option.Errorf(ErrOptions, "admin: Options.Models: %q: want a name and a function", name)
		case h.opts.Invalidator == nil:
			return nil, option.Errorf(ErrOptions, "admin: Options.Models: there is no Invalidator, whose rules would say what a save purges")
		}
	}
	if h.opts.Who == nil {
		h.opts.Who = defaultWho
	}
	if h.inv = h.opts.Invalidator; isnil.Value(h.inv) {
		h.inv = invalidate.New(pages, nil)
	}
	byhand.Register(h.inv)
	h.changes = newLimiter(changeRate, changeBurst)
	h.questions = newLimiter(questionRate, questionBurst)
	h.searches = make(chan struct{}, maxSearches)
	return h, nil
}

// handler is what New returns.
type handler struct {
	pages  *pagecache.Cache
	allow  func(*http.Request) bool
	opts   Options
	origin *url.URL // Options.Origin, or nil
	inv    *invalidate.Invalidator
	cross  *http.CrossOriginProtection

	changes, questions *limiter
	searches           chan struct{} // has room for questions that search the log or the database
}

const (
	maxBody  = 64 << 10 // of a request
	maxQuery = 16 << 10
	maxNames = 1000 // in a request or an answer

	changeRate, changeBurst     = 5, 20 // in a second
	questionRate, questionBurst = 20, 60
	maxSearches                 = 4 // at the same time

	readTimeout   = 10 * time.Second // of a request's body
	writeTimeout  = 30 * time.Second // of an answer
	searchTimeout = 5 * time.Second
)
