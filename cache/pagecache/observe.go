package pagecache

import (
	"net/http"

	"github.com/uncache/uncache/internal/panics"
)

const detailObserve = "Observe panicked"

func (c *Cache) observe(r *http.Request, s status, hit bool) {
	if c.opts.Observe != nil {
		c.report(r, Observation{Hit: hit, Collapsed: s.joined, Forward: s.fwd, Detail: s.detail})
	}
}

func (c *Cache) observeHit(r *http.Request) { c.observe(r, status{}, true) }

// report calls Observe, if there is one. A panic of it does not end the process
// where the request is the cache's own, and breaks no page where it is a
// visitor's. Observe is told so, once: it may not expect one kind of observation.
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
