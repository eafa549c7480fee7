package pagecache

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
)

type remarksKey struct{}

// Remarks are what a handler says about its response through the context of its request:
// SetTTL and DoNotStore. A request that passes has them as well, so that calls from it are
// known to lead somewhere.
type remarks struct {
	origin string   // groups are known by it too
	outer  *remarks // of the page that this one goes into, or nil
	stop   func()   // lets waiting requests go; nil if none wait

	sought atomic.Bool // see serverless

	mu      sync.Mutex
	said    rfc9111.Told
	refused bool // DoNotStore was called
}

// remarksFrom returns the remarks that ctx leads to, or nil. It also finds a fill of
// coherent.Fetch, which has none.
func remarksFrom(ctx context.Context) (p *remarks, leads bool) {
	if ctx == nil {
		return nil, false
	}
	p, _ = ctx.Value(remarksKey{}).(*remarks)
	return p, p != nil || engine.FillFrom(ctx) != nil
}

// SetTTL sets the freshness lifetime of the page being rendered, for this cache alone. It
// takes the place of Options.TTL, max-age and Expires, and says nothing to browsers or
// CDNs. It counts for the statuses that Options.TTL counts for, so a handler may call it
// first and fail later. Options.ErrorTTL bounds it.
//
// It lifts no prohibition: a response that says no-store, private or no-cache, or sets a
// cookie, is treated as without it. The last call counts, until the handler returns. With
// 0 or less the page is stale from the start. A handler that answers 304 without calling
// it keeps to what it has said of the page.
//
// ctx is that of the request, see [AddGroups].
func SetTTL(ctx context.Context, d time.Duration) {
	p, leads := remarksFrom(ctx)
	if !leads {
		stray("SetTTL")
		return
	}
	if p != nil && p != unread {
		p.setTTL(min(max(d, 0), rfc9111.MaxDuration))
	}
}

// DoNotStore keeps the page being rendered from being stored, and from being given to
// requests that wait for it. Call it until the handler returns, also after the first byte
// was written. It says nothing to browsers and CDNs: "Cache-Control: private" or
// "no-store" does.
//
// ctx is that of the request, see [AddGroups].
func DoNotStore(ctx context.Context) {
	p, leads := remarksFrom(ctx)
	if !leads {
		stray("DoNotStore")
		return
	}
	for ; p != nil && p != unread; p = p.outer {
		p.refuse()
	}
}

func (p *remarks) setTTL(d time.Duration) {
	p.mu.Lock()
	p.said.Set, p.said.TTL = true, d
	p.mu.Unlock()
	for p = p.outer; p != nil; p = p.outer {
		p.mu.Lock()
		if !p.said.Limited || d < p.said.Limit {
			p.said.Limited, p.said.Limit = true, d
		}
		p.mu.Unlock()
	}
}

func (p *remarks) refuse() {
	p.mu.Lock()
	first := !p.refused
	p.refused = true
	p.mu.Unlock()
	if first && p.stop != nil {
		p.stop()
	}
}

// says returns what the handler has said so far.
func (p *remarks) says() (said rfc9111.Told, refused bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said, p.refused
}

// passing calls a handler whose response will not be stored. Its context leads to
// remarks that are not read.
func passing(next http.Handler, w http.ResponseWriter, r *http.Request) {
	p := unread
	if outer, _ := remarksFrom(r.Context()); outer != nil && outer != unread {
		p = &remarks{origin: outer.origin, outer: outer} // its response goes into another page
	}
	inner := r.WithContext(context.WithValue(r.Context(), remarksKey{}, p))
	// What the handler leaves in the request is for the middleware outside the cache,
	// and for the server, which deletes the files of MultipartForm.
	defer func() {
		r.Pattern, r.Form, r.PostForm, r.MultipartForm = inner.Pattern, inner.Form, inner.PostForm, inner.MultipartForm
	}()
	next.ServeHTTP(w, inner)
}

// unread are the remarks of all requests that pass.
var unread = new(remarks)

// orAs returns l, or what SetTTL has said of a stored response if the handler has validated
// that without calling SetTTL. old is nil if it has validated none.
func orAs(l rfc9111.Told, old *stored.Response) rfc9111.Told {
	if old != nil && old.Is(stored.IsTold) && !l.Set {
		l.Set, l.TTL = true, old.Life
	}
	return l
}
