package pagecache

import (
	"net/http"
	"time"

	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/cache/pagecache/internal/background"
	"github.com/uncache/uncache/cache/pagecache/internal/find"
	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
)

// quick answers r if a shortcut leads to a response that may answer it. It decides as
// find does; what it can't do at once it leaves to find.
func (c *Cache) quick(next http.Handler, w http.ResponseWriter, r *http.Request, asks *rfc9111.Control, knownBy reason) bool {
	if c.short == nil || c.keysFor(knownBy) != c.keys {
		return false
	}
	now := c.clock.now()
	found := c.short.Find(r, now)
	if found == nil {
		return false
	}
	use, why := mayAnswer(r, found.Value, engine.Fresh, asks, knownBy, now)
	return why == storable && use != rfc9111.UseNot && c.answer(next, w, r, found, use, now, knownBy)
}

// answer answers a request with what is stored, and has its successor rendered in the
// background where use asks for one. It returns false, and has not answered, if the
// stored response may be used only while its successor is made, and nothing makes it. A
// visitor's request is never rendered in the background: the page would be made with
// the visitor's cookies and without their session.
func (c *Cache) answer(next http.Handler, w http.ResponseWriter, r *http.Request, found *engine.Stored[*stored.Response], use rfc9111.Use, now time.Time, knownBy reason) bool {
	p := found.Value
	switch {
	case use == rfc9111.UseWhileMaking && knownBy != stranger && !p.Marks.Has(stored.IsRefreshing):
		return false
	case use > rfc9111.UseHit && knownBy == stranger:
		if why := background.OuterOf(r, w.Header()).Obstacle(&c.rules, r.URL.Path, p.Route); why != "" {
			c.tell(r, why)
			if use == rfc9111.UseWhileMaking {
				return false
			}
		} else if p.Marks.Set(stored.IsRefreshing) {
			if id, ok := find.Identify(c.keysFor(knownBy), r); !ok || !c.refresh(next, w.Header(), r, id, found) {
				p.Marks.Unset(stored.IsRefreshing)
			}
		}
	}
	c.serveHit(w, r, p, c.hit(p, p.AgeAt(now)))
	return true
}

// serveHit is serve for a hit. It counts the hit, and tells Observe.
func (c *Cache) serveHit(w http.ResponseWriter, r *http.Request, p *stored.Response, s moment) {
	if !isBackground(w) {
		c.count.hit(p)
	}
	if c.opts.Observe == nil {
		c.serve(w, r, p, s)
		return
	}
	var n sent
	defer func() { c.observeHit(w, r, p, n) }() // also if w panics
	n = c.serve(w, r, p, s)
}

// observeHit tells Observe of a hit on p that is over.
func (c *Cache) observeHit(w http.ResponseWriter, r *http.Request, p *stored.Response, n sent) {
	o := Observation{Hit: true, Status: n.status, Bytes: n.bytes, Pattern: p.Route, Warm: isBackground(w)}
	if p.Marks.Has(stored.IsSoftened) {
		o.Detail = string(reasonSoft)
	}
	c.report(r, &o)
}
