package pagecache

import (
	"container/list"
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
)

const (
	// maxWarmPages bounds how many pages are remembered. A page takes some 500
	// bytes.
	maxWarmPages = 4096

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
	next  http.Handler
	uri   *url.URL
	host  string
	https bool
	fill  *coherent.Fill // knows what the page was made from
	state warmState
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
// would find it: one that has no field of the visitor's in its key, and is whole.
func (w *warmer) remember(t *task, stored *response) {
	if w == nil || stored.is(isPart) {
		return
	}
	uri := *t.r.URL
	uri.RawQuery = w.c.keys.Query(uri.RawQuery)
	p := &warmPage{key: t.id.primary, next: t.next, uri: &uri, host: t.r.Host, https: t.r.TLS != nil, fill: t.fill}
	if w.c.keys.Request(p.request(context.Background())).String() != p.key {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if e, ok := w.pages[p.key]; ok {
		// The page itself stays, which may be on its way.
		was := e.Value.(*warmPage)
		was.next, was.uri, was.host, was.https, was.fill = p.next, p.uri, p.host, p.https, p.fill
		w.recent.MoveToFront(e)
		return
	}
	w.pages[p.key] = w.recent.PushFront(p)
	if w.recent.Len() > maxWarmPages {
		delete(w.pages, w.recent.Remove(w.recent.Back()).(*warmPage).key)
	}
}

// request is that of a visitor without any field of his own.
func (p *warmPage) request(ctx context.Context) *http.Request {
	uri := *p.uri
	r := (&http.Request{
		Method: http.MethodGet, URL: &uri, Host: p.host, RequestURI: uri.RequestURI(),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: make(http.Header), Body: http.NoBody,
	}).WithContext(ctx)
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
		w.c.opts.Observe(r, Observation{Forward: fwdBypass, Detail: detailWarmDropped})
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
	defer func() { w.workers-- }()
	for len(w.queue) > 0 && !w.c.closed.Load() {
		w.renderNext()
	}
}

// renderNext renders what was queued first. The caller holds mu, and does when it
// returns, even if the handler ends the goroutine (runtime.Goexit).
func (w *warmer) renderNext() {
	p := w.queue[0]
	w.queue = w.queue[1:]
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
	w.mu.Unlock()
	defer w.mu.Lock()
	defer cancel()
	w.render(next, r)
}

// render has a page rendered and stored, unless a visitor came first.
func (w *warmer) render(next http.Handler, r *http.Request) {
	defer func() {
		// net/http would recover, were this a visitor's request.
		if p := recover(); p != nil && w.c.opts.Observe != nil {
			w.c.opts.Observe(r, Observation{Forward: fwdMiss, Detail: fmt.Sprint("warm-up panicked: ", p)})
		}
	}()
	w.c.Handler(next).ServeHTTP(discard{}, r)
}
