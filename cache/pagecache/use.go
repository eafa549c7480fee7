package pagecache

import (
	"time"

	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
)

// useOf decides whether p may answer a request (RFC 9111 §4). What the request says
// about it is in asks, which is empty where requests are not listened to.
func useOf(p *stored.Response, verdict engine.Verdict, asks *rfc9111.Control, now time.Time) rfc9111.Use {
	f := rfc9111.Freshness{
		Age: p.AgeAt(now), Lifetime: p.Life, Grace: p.Grace,
		NoCache: p.Is(stored.IsNoCache), Strict: p.Is(stored.IsStrict),
	}
	use, stale := f.Use(verdict != engine.Fresh, asks)
	if left := f.Lifetime - f.Age; use == rfc9111.UseHit && left > 0 && p.RefreshesEarly(left) {
		return rfc9111.UseEarly
	}
	if stale && verdict == engine.SoftPurged && !p.Marks.Has(stored.IsSoftened) {
		p.Marks.Set(stored.IsSoftened)
	}
	return use
}

// keepFor is how long p is stored: while it is fresh, and after that while it can be of
// use. It is 0 if p is of no use.
func (c *Cache) keepFor(p *stored.Response) time.Duration {
	useful := p.CanBeValidated() || c.rules.MaxStale(p.Life, p.Is(stored.IsStrict))
	return c.rules.KeepFor(p.Life, p.Age, max(p.Grace, p.IfError), useful)
}
