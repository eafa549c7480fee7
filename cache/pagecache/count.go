package pagecache

import (
	"net/http"
	"sync/atomic"

	"github.com/uncache/uncache/cache/pagecache/internal/stored"
	"github.com/uncache/uncache/internal/figures"
)

const (
	maxRoutes  = 200 // that Stats tells apart
	maxReasons = 200 // docs/cache-status.md has less than half as many
)

// counts are what a Cache counts. A hit costs one atomic addition, in the row of its
// route; the response remembers which that is.
type counts struct {
	routes  *figures.Table // requests by pattern
	reasons *figures.Table // requests by detail, without hits
	soft    atomic.Uint64  // hits on what was purged softly

	fills                     figures.Histogram
	stored, refreshed, warmed atomic.Uint64
}

func newCounts() *counts {
	return &counts{routes: figures.NewTable(maxRoutes), reasons: figures.NewTable(maxReasons)}
}

// hit counts a hit on p.
func (n *counts) hit(p *stored.Response) {
	row := p.Row.Load()
	if row == nil || !row.Of(n.routes) {
		row = n.routes.Row(p.Route)
		p.Row.Store(row)
	}
	row.Add(hitColumn)
	if p.Marks.Has(stored.IsSoftened) {
		n.soft.Add(1)
	}
}

// request counts a request that is no hit.
func (n *counts) request(o *Observation) {
	if column := column(o.Outcome()); column >= 0 {
		n.routes.Row(o.Pattern).Add(column)
		n.reasons.Row(o.Detail).Add(column)
	}
}

// fill counts a rendering.
func (n *counts) fill(o *Observation) {
	n.fills.Add(o.Handler)
	n.routes.Row(o.Pattern).Took(o.Handler)
	if o.Stored {
		n.stored.Add(1)
	}
	if o.Refreshed {
		n.refreshed.Add(1)
	}
	if o.Warm {
		n.warmed.Add(1)
	}
}

// over counts a request that is over and was no hit, and tells Observe. w and r are what
// the cache was given, fills says that the handler has rendered.
func (c *Cache) over(w http.ResponseWriter, r *http.Request, o *Observation, fills bool) {
	o.Warm = isBackground(w) && !o.Refreshed
	if !isBackground(w) {
		c.count.request(o)
	}
	if fills {
		c.count.fill(o)
	}
	if r.Method == http.MethodHead {
		o.Bytes = 0 // net/http drops what a handler writes
	}
	c.report(r, o)
}

// isBackground reports whether nobody waits for what is written to w.
func isBackground(w http.ResponseWriter) bool {
	_, is := w.(discard)
	return is
}
