package background

import (
	"container/list"
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/keys"
)

const (
	// maxPages bounds how many pages are remembered.
	maxPages = 4096

	// maxBytes bounds the memory of what is remembered of them. Most pages take less
	// than 1 KiB. But a visitor decides how long a URL is, and a handler how much a
	// page depends on.
	maxBytes = 8 << 20

	// maxPage bounds the memory of one of them, which must not push out all others.
	maxPage = maxBytes / 16

	// maxQueue bounds how many pages wait to be rendered.
	maxQueue = 256
)

// DetailDropped is what Warmer.Tell hears of a page that will not be warmed.
const DetailDropped = "warm-up dropped"

// Config is what a Warmer needs.
type Config struct {
	Group   *Group
	Workers int           // how many pages are rendered at a time; 0: there is no Warmer
	Timeout time.Duration // of one rendering
	Keys    *keys.Builder // that makes the keys of strangers' requests

	// Render asks the cache for a page, as a visitor would. h is the header of the
	// response as the middleware outside the cache would leave it.
	Render func(next http.Handler, h http.Header, r *http.Request)

	// Tell, if not nil, is told of a page that will not be warmed ([DetailDropped]),
	// and with an error of a rendering that panicked.
	Tell func(r *http.Request, detail string, err error)
}

// A Warmer renders pages again that were purged. It makes requests to the cache, which
// looks them up, joins fills that are under way, waits for leases, and asks the log. It
// knows the pages that this process has stored: so it has an answer to every kind of
// purge. Its methods do nothing if it is nil.
type Warmer struct {
	Config

	mu      sync.Mutex
	pages   map[string]*list.Element // of *page, by primary key
	recent  *list.List               // the last that was stored first
	bytes   int                      // what they take
	queue   []*page
	workers int
}

// NewWarmer returns a Warmer, or nil if c.Workers is 0.
func NewWarmer(c Config) *Warmer {
	if c.Workers == 0 {
		return nil
	}
	return &Warmer{Config: c, pages: make(map[string]*list.Element), recent: list.New()}
}

// Remember takes note of a page that was stored, if the request that warms it would
// find it. That is a page which has no field of the visitor's in its key, except those
// that are in every key (keys.Options.Headers): all who are given the page send the
// same values of these.
func (w *Warmer) Remember(p Page) {
	if w == nil {
		return
	}
	q, ok := requestOf(&p, w.Keys)
	if !ok {
		return
	}
	w.mu.Lock()
	dropped := w.add(p.Key, q)
	w.mu.Unlock()
	w.tellDropped(dropped)
}

// add remembers a page, and forgets the oldest for which there is no room. It returns
// requests for those of them that waited to be rendered. The caller holds mu.
func (w *Warmer) add(key string, q request) (dropped []*http.Request) {
	e, ok := w.pages[key]
	if ok {
		// The page itself stays: it may be in the queue.
		w.recent.MoveToFront(e)
		w.bytes -= e.Value.(*page).size()
	} else {
		key = strings.Clone(key)
		e = w.recent.PushFront(&page{key: key})
		w.pages[key] = e
	}
	p := e.Value.(*page)
	p.request = q
	w.bytes += p.size()
	if p.size() > maxPage {
		return w.drop(e, nil)
	}
	for w.recent.Len() > maxPages || w.bytes > maxBytes {
		dropped = w.drop(w.recent.Back(), dropped)
	}
	return dropped
}

// drop forgets a page. If it is queued, a request for it is added to dropped. The
// caller holds mu.
func (w *Warmer) drop(e *list.Element, dropped []*http.Request) []*http.Request {
	p := w.recent.Remove(e).(*page)
	delete(w.pages, p.key)
	w.bytes -= p.size()
	if (p.state == queued || p.state == again) && p.next != nil && w.Tell != nil {
		dropped = append(dropped, p.build(withWarming(context.Background())))
	}
	p.request = request{} // the queue may hold p
	return dropped
}

// tellDropped tells of pages that will not be warmed.
func (w *Warmer) tellDropped(dropped []*http.Request) {
	for _, r := range dropped {
		w.Tell(r, DetailDropped, nil)
	}
}

// Forget drops the page with a primary key. It could be rendered without a visitor
// when it was remembered, and cannot be any more.
func (w *Warmer) Forget(key string) {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if e, ok := w.pages[key]; ok {
		w.drop(e, nil)
	}
}

// Purged queues the pages that an event names, and returns. A page that finds no place
// in the queue waits for its next visitor.
func (w *Warmer) Purged(deps []cache.Dependency) {
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
		p := e.Value.(*page)
		if p.state == queued || p.state == again || !all && !p.dependsOn(named) {
			continue
		}
		switch {
		case p.state == busy:
			p.state = again
		case len(w.queue) >= maxQueue:
			if w.Tell != nil {
				dropped = append(dropped, p.build(withWarming(context.Background())))
			}
		default:
			p.state = queued
			w.queue = append(w.queue, p)
		}
	}
	w.start()
	w.mu.Unlock()
	w.tellDropped(dropped)
}
