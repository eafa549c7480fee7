package pagecache

import (
	"container/list"
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/internal/panics"
)

const (
	// maxWarmPages bounds how many pages are remembered. A page takes some 500
	// bytes.
	maxWarmPages = 4096

	// maxWarmFields bounds the fields in the key of a page that are remembered
	// with it, in bytes.
	maxWarmFields = 512

	// maxWarmQueue bounds how many pages wait to be warmed.
	maxWarmQueue = 256

	detailWarmDropped = "warm-up dropped"
)

type warmKey struct{}

// Warming reports whether ctx is that of a request which the cache itself makes
// to warm a page up, see [Options.Warm]: it is no visit.
func Warming(ctx context.Context) bool {
	warming, _ := ctx.Value(warmKey{}).(bool)
	return warming
}

// A warmer renders pages again that were purged, as visitors would: by requests
// to the cache, which looks them up, joins fills that are under way, waits for
// leases, and judges by the log what it finds. It knows the pages that this
// process has stored, which is why a purge of any kind can be answered from it.
type warmer struct {
	c *Cache

	mu      sync.Mutex
	pages   map[string]*list.Element // of *warmPage, by primary key
	recent  *list.List               // the last that was stored first
	queue   []*warmPage
	workers int
}

// A warmPage is a page that this process has stored.
type warmPage struct {
	key   string
	state warmState
	warmRequest
}

// A warmRequest is what renders a page again.
type warmRequest struct {
	next   http.Handler // nil if the page is not to be rendered any more
	uri    *url.URL
	asked  string // its RequestURI: somebody around the cache may have changed the URL
	host   string
	https  bool
	fields http.Header    // those that are in every key
	around around         // the same for all visitors
	fill   *coherent.Fill // knows what the page was made from
}

// A warmState is where a page is on its way. Purged again while it is rendered,
// a page is rendered once more, however often that was: the last rendering
// begins after the last purge.
type warmState uint8

const (
	warmIdle   warmState = iota
	warmQueued           // purged
	warmBusy             // being rendered
	warmAgain            // being rendered, and purged since
)

func newWarmer(c *Cache) *warmer {
	if c.opts.Warm == 0 {
		return nil
	}
	return &warmer{c: c, pages: make(map[string]*list.Element), recent: list.New()}
}

// remember takes note of a page that t has stored, if the request that warms it
// would find it: one that is whole, and has no field of the visitor's in its key,
// but those that are in every key (keys.Options.Headers), whose values all who are
// given the page have in common.
func (w *warmer) remember(t *task, stored *response) {
	if w == nil || stored.is(isPart) {
		return
	}
	seen := w.c.keys.Seen(t.r)
	uri := *seen.URL
	p := &warmPage{key: t.id.primary, warmRequest: warmRequest{
		next: t.next, uri: &uri, asked: seen.RequestURI, host: seen.Host, https: t.r.TLS != nil, fill: t.fill,
		around: *t.before,
	}}
	if why := p.around.tied(&w.c.opts, uri.Path, stored.route); why != "" {
		w.c.tell(t.r, why)
		w.forget(p.key)
		return
	}
	var ok bool
	if p.fields, ok = w.fields(t.r.Header); !ok || w.c.keys.Request(p.request(context.Background())).String() != p.key {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if e, ok := w.pages[p.key]; ok {
		// The page itself stays, which may be on its way.
		e.Value.(*warmPage).warmRequest = p.warmRequest
		w.recent.MoveToFront(e)
		return
	}
	w.pages[p.key] = w.recent.PushFront(p)
	if w.recent.Len() > maxWarmPages {
		delete(w.pages, w.recent.Remove(w.recent.Back()).(*warmPage).key)
	}
}

// forget drops a page that was remembered when it could be rendered without a
// visitor, and has been stored since for one whom the middleware knows.
func (w *warmer) forget(key string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if e, ok := w.pages[key]; ok {
		delete(w.pages, key)
		w.recent.Remove(e).(*warmPage).next = nil // it may be queued
	}
}

// fields returns those of h that are in every key. Not the ones by which a
// visitor is known: he is not to be impersonated when he is gone.
func (w *warmer) fields(h http.Header) (fields http.Header, ok bool) {
	size := 0
	for _, name := range w.c.keys.Headers() {
		values := h[name]
		if len(values) == 0 {
			continue
		}
		if name == "Cookie" || name == "Authorization" || name == "Proxy-Authorization" {
			return nil, false
		}
		if fields == nil {
			fields = make(http.Header)
		}
		for _, v := range values {
			size += len(name) + len(v)
			fields[name] = append(fields[name], strings.Clone(v))
		}
	}
	return fields, size <= maxWarmFields
}

// request is that of a visitor without any field of his own.
func (p *warmPage) request(ctx context.Context) *http.Request {
	uri := *p.uri
	r := (&http.Request{
		Method: http.MethodGet, URL: &uri, Host: p.host, RequestURI: p.asked,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: p.fields.Clone(), Body: http.NoBody, Pattern: p.around.pattern,
	}).WithContext(ctx)
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	if p.https {
		r.TLS = &tls.ConnectionState{HandshakeComplete: true}
	}
	return r
}

// purged queues the pages that an event names, and returns. What finds no place
// in the queue waits for its next visitor; Observe is told.
func (w *warmer) purged(deps []cache.Dependency) {
	if w == nil || len(deps) == 0 {
		return
	}
	var dropped []*http.Request
	all := slices.Contains(deps, cache.All)
	named := make([]uint64, len(deps))
	for i, d := range deps {
		named[i] = d.Hash()
	}
	slices.Sort(named)
	w.mu.Lock()
	for e := w.recent.Front(); e != nil; e = e.Next() {
		p := e.Value.(*warmPage)
		if p.state == warmQueued || p.state == warmAgain || !all && !p.fill.NamedIn(named) {
			continue
		}
		switch {
		case p.state == warmBusy:
			p.state = warmAgain
		case len(w.queue) >= maxWarmQueue:
			if w.c.opts.Observe != nil {
				dropped = append(dropped, p.request(w.context(context.Background())))
			}
		default:
			p.state = warmQueued
			w.queue = append(w.queue, p)
		}
	}
	w.start()
	w.mu.Unlock()
	for _, r := range dropped {
		w.c.report(r, Observation{Forward: fwdBypass, Detail: detailWarmDropped})
	}
}

func (w *warmer) context(ctx context.Context) context.Context {
	return context.WithValue(ctx, warmKey{}, true)
}

// start starts as many workers as there is work for. The caller holds mu.
func (w *warmer) start() {
	c := w.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed.Load() {
		return
	}
	for range min(c.opts.Warm-w.workers, len(w.queue)) {
		w.workers++
		c.wg.Go(w.work)
	}
}

// work renders what is queued, until nothing is, or the Cache is closed.
func (w *warmer) work() {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer func() {
		w.workers--
		w.start() // another, if a handler has ended this goroutine
	}()
	for len(w.queue) > 0 && !w.c.closed.Load() {
		w.renderNext()
	}
}

// renderNext renders what was queued first. The caller holds mu, and does when it
// returns, even if the handler ends the goroutine (runtime.Goexit).
func (w *warmer) renderNext() {
	p := w.queue[0]
	w.queue = w.queue[1:]
	if p.next == nil {
		p.state = warmIdle
		return
	}
	p.state = warmBusy
	defer func() {
		if p.state == warmAgain {
			p.state = warmQueued
			w.queue = append(w.queue, p)
			return
		}
		p.state = warmIdle
	}()
	next, ctx := p.next, w.context(w.c.background)
	ctx, cancel := context.WithTimeout(ctx, w.c.opts.RefreshTimeout)
	r := p.request(ctx)
	h := make(discard)
	if len(p.around.vary) > 0 {
		h["Vary"] = slices.Clone(p.around.vary)
	}
	w.mu.Unlock()
	defer w.mu.Lock()
	defer cancel()
	w.render(next, h, r)
}

// render has a page rendered and stored, unless a visitor came first.
func (w *warmer) render(next http.Handler, h discard, r *http.Request) {
	defer func() {
		// net/http would recover, were this a visitor's request.
		if p := recover(); p != nil {
			w.c.report(r, Observation{Forward: fwdMiss, Detail: fmt.Sprint("warm-up panicked: ", p), Err: panics.Recovered(p)})
		}
	}()
	w.c.Handler(next).ServeHTTP(h, r)
}
