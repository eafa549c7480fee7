package pagecache

import (
	"net/http"
	"slices"
	"sync"

	"github.com/uncache/uncache/internal/panics"
)

// An Observation says how a request was answered.
type Observation struct {
	// Hit: it was answered from the store.
	Hit bool
	// Collapsed: it was answered by a fill that another request had begun.
	Collapsed bool
	// Forward is why the handler was asked: the fwd parameter of RFC 9211. It is
	// empty for a hit. Advice about a handler has "bypass", and comes in addition to
	// the Observation of the request.
	Forward string
	// Detail says more, for people, as in Cache-Status. Advice is a sentence.
	Detail string
	// Err is what went wrong: the purge after an unsafe request, a rendering in the
	// background, or Observe itself. It is [cache.ErrPanic] if that panicked. With
	// [ErrNotStored], which is told after the Observation of the request, a response
	// was not stored although its Cache-Status says so. With [ErrContext] there is no
	// request.
	Err error
}

const detailObserve = "Observe panicked"

func (c *Cache) observe(r *http.Request, s status, hit bool) {
	if c.opts.Observe != nil {
		c.report(r, Observation{Hit: hit, Collapsed: s.joined, Forward: s.fwd, Detail: s.detail})
	}
}

func (c *Cache) observeHit(r *http.Request) { c.observe(r, status{}, true) }

// report calls Observe, if there is one. A panic of Observe neither ends the process, where
// the request is the cache's own, nor breaks the page of a visitor. Observe is told of the
// panic, once: it may not expect one kind of observation.
func (c *Cache) report(r *http.Request, o Observation) {
	if c.opts.Observe == nil {
		return
	}
	if err := c.callObserve(r, o); err != nil {
		_ = c.callObserve(r, Observation{Forward: o.Forward, Detail: detailObserve, Err: err})
	}
}

func (c *Cache) callObserve(r *http.Request, o Observation) (err error) {
	defer panics.Catch(&err)
	c.opts.Observe(r, o)
	return nil
}

// maxTold bounds the details that Observe was told once.
const maxTold = 64

// told are the details that Observe was told, and will not be told again.
type told struct {
	mu      sync.Mutex
	reasons []string
	sites   map[uintptr]struct{} // where calls had a context that leads nowhere
}

// tellOnce tells Observe something that people who configure the cache should know: each
// detail once.
func (c *Cache) tellOnce(r *http.Request, detail string) {
	if c.opts.Observe == nil {
		return
	}
	c.told.mu.Lock()
	first := len(c.told.reasons) < maxTold && !slices.Contains(c.told.reasons, detail)
	if first {
		c.told.reasons = append(c.told.reasons, detail)
	}
	c.told.mu.Unlock()
	if first {
		c.report(r, Observation{Forward: fwdBypass, Detail: detail})
	}
}
