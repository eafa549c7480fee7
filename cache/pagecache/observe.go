package pagecache

import (
	"net/http"
	"slices"

	"github.com/uncache/uncache/internal/panics"
)

const detailObserve = "Observe panicked"

// report calls Observe, if there is one. A panic of Observe neither ends the process, where
// the request is the cache's own, nor breaks the page of a visitor. Observe is told of the
// panic, once: it may not expect one kind of observation.
func (c *Cache) report(r *http.Request, o *Observation) {
	if c.opts.Observe == nil {
		return
	}
	if err := c.callObserve(r, o); err != nil {
		_ = c.callObserve(r, &Observation{Detail: detailObserve, Err: err})
	}
}

func (c *Cache) callObserve(r *http.Request, o *Observation) (err error) {
	defer panics.Catch(&err)
	c.opts.Observe(r, *o)
	return nil
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
		c.report(r, &Observation{Detail: detail})
	}
}
