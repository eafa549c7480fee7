package pagecache

import (
	"container/list"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/uncache/uncache/cache/pagecache/internal/stored"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/panics"
)

const (
	// maxWarmPages bounds how many pages are remembered.
	maxWarmPages = 4096

	// maxWarmBytes bounds the memory of what is remembered of them. Most pages take
	// less than 1 KiB; a visitor decides how long a URL is, and a handler what a
	// page is made from.
	maxWarmBytes = 8 << 20

	// maxWarmPage bounds the memory of one of them, which must not push out all
	// others.
	maxWarmPage = maxWarmBytes / 16

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
	bytes   int                      // what they take
	queue   []*warmPage
	workers int
}

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
func (w *warmer) remember(t *task, p *stored.Response) {
	if w == nil || p.Is(stored.IsPart) {
		return
	}
	seen := w.c.keys.Seen(t.r)
	if why := t.before.tied(&w.c.rules, seen.URL.Path, p.Route); why != "" {
		w.c.tell(t.r, why)
		w.forget(t.id.Primary)
		return
	}
	request, ok := w.requestOf(t, seen)
	if !ok {
		return
	}
	w.mu.Lock()
	dropped := w.add(t.id.Primary, request)
	w.mu.Unlock()
	w.tellDropped(dropped)
}

// add remembers a page, and forgets the oldest for which there is no room. It returns
// requests for those of them that were to be rendered. The caller holds mu.
func (w *warmer) add(key string, request warmRequest) (dropped []*http.Request) {
	e, ok := w.pages[key]
	if ok {
		// The page itself stays, which may be on its way.
		w.recent.MoveToFront(e)
		w.bytes -= e.Value.(*warmPage).size()
	} else {
		key = strings.Clone(key)
		e = w.recent.PushFront(&warmPage{key: key})
		w.pages[key] = e
	}
	p := e.Value.(*warmPage)
	p.warmRequest = request
	w.bytes += p.size()
	if p.size() > maxWarmPage {
		return w.drop(e, nil)
	}
	for w.recent.Len() > maxWarmPages || w.bytes > maxWarmBytes {
		dropped = w.drop(w.recent.Back(), dropped)
	}
	return dropped
}

// drop forgets a page. If it is queued, a request for it is added to dropped. The
// caller holds mu.
func (w *warmer) drop(e *list.Element, dropped []*http.Request) []*http.Request {
	p := w.recent.Remove(e).(*warmPage)
	delete(w.pages, p.key)
	w.bytes -= p.size()
	if (p.state == warmQueued || p.state == warmAgain) && p.next != nil && w.c.opts.Observe != nil {
		dropped = append(dropped, p.request(w.context(context.Background())))
	}
	p.warmRequest = warmRequest{} // the queue may hold it
	return dropped
}

// tellDropped tells Observe of pages that will not be warmed.
func (w *warmer) tellDropped(dropped []*http.Request) {
	for _, r := range dropped {
		w.c.report(r, Observation{Forward: fwdBypass, Detail: detailWarmDropped})
	}
}

// forget drops a page that was remembered when it could be rendered without a
// visitor, and has been stored since for one whom the middleware knows.
func (w *warmer) forget(key string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if e, ok := w.pages[key]; ok {
		w.drop(e, nil)
	}
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
		if p.state == warmQueued || p.state == warmAgain || !all && !p.madeFrom(named) {
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
	w.tellDropped(dropped)
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
	w.queue[0] = nil // or what is behind it would hold the page
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
