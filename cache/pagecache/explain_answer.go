package pagecache

import (
	"fmt"
	"strconv"
	"time"

	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/cache/pagecache/internal/find"
	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
)

// answer says what would be done with what was found.
func (x *explainer) answer() {
	e := x.chosen
	switch {
	case e == nil:
		x.absent()
		return
	case e.Verdict == engine.Purged:
		x.leave(fwdMiss, find.ReasonPurged, e.purge.because())
		x.Purge = e.purge.event
		return
	}
	p, now := e.Value, x.Time
	if why := forbids(p, x.r, x.knownBy); why != storable {
		x.leave(fwdRequest, why, sentence(why))
		return
	}
	use, _ := freshnessOf(p, now).Use(e.Verdict != engine.Fresh, &x.asks)
	age := p.AgeAt(now)
	ttl := p.TTL(age)
	switch {
	case use == rfc9111.UseNot, use == rfc9111.UseWhileMaking && x.knownBy != stranger:
		x.needsHandler(e, age)
	case e.Verdict == engine.SoftPurged:
		x.Purge = e.purge.event
		x.hit(ttl, e.purge.because()+" It is served while its successor is rendered.")
		x.Status += softStatus
	case use == rfc9111.UseWhileMaking:
		x.hit(ttl, "It is stale, and served while its successor is rendered.")
	default:
		x.hit(ttl, "It is stored, and fresh for another "+about(p.Life-age)+".")
	}
}

func (x *explainer) hit(ttl int64, because string) {
	x.Hit, x.Because = true, because
	x.Status = "hit; ttl=" + strconv.FormatInt(ttl, 10)
}

// needsHandler says why what is stored must not answer without the handler.
func (x *explainer) needsHandler(e *entry, age time.Duration) {
	p := e.Value
	over := age - p.Life
	fwd, because := fwdStale, ""
	switch {
	case x.asks.NoCache || x.asks.MaxAge.Set || x.asks.MinFresh.Set:
		fwd, because = fwdRequest, "The Cache-Control of the request does not accept what is stored."
	case e.Verdict == engine.SoftPurged:
		because = e.purge.because() + " StaleWhileRevalidate does not allow to serve it any more."
		x.Purge = e.purge.event
	case over >= 0:
		because = "It expired " + about(over) + " ago, after a lifetime of " + about(p.Life) + "."
	default:
		because = "Its handler said no-cache: it must be confirmed before each use."
	}
	x.leave(fwd, storable, because)
	if p.CanBeValidated() {
		x.Because += " The handler is asked whether it is still good."
	}
}

// absent says why nothing is stored that the request selects.
func (x *explainer) absent() {
	fwd := fwdMiss
	if x.varies && !x.c.memo.WasDeleted([]byte(x.Key)) {
		fwd = fwdVary
	}
	last, event := x.last, x.latest
	switch {
	case x.knownBy != stranger:
		x.leave(fwd, x.knownBy, sentence(x.knownBy))
	case len(x.r.Header["Authorization"]) > 0:
		x.leave(fwd, rfc9111.ReasonAuth, sentence(rfc9111.ReasonAuth))
	case len(x.r.Header["Range"]) > 0:
		x.leave(fwd, rfc9111.ReasonPartial, sentence(rfc9111.ReasonPartial))
	case last != nil && !last.Stored && last.Reason != "":
		x.leave(fwd, storable, fmt.Sprintf("The response of %s ago was not stored. %s", about(x.Time.Sub(last.Time)), sentence(reason(last.Reason))))
		x.Reason = last.Reason
	case event != nil && last == nil: // whether anything was stored then is not known
		why := storable
		if x.c.memo.WasDeleted([]byte(x.Key)) {
			why = find.ReasonPurged
		}
		x.leave(fwd, why, "Nothing is stored, and this process does not remember that it was ever rendered. "+x.purged(event))
		x.Purge = event
	case event != nil && event.Position > last.stamp:
		x.leave(fwd, find.ReasonPurged, "Nothing is stored. "+x.purged(event))
		x.Purge = event
	case len(x.entries) > 0:
		x.leave(fwd, storable, "Other variants are stored, and none for these request fields.")
	case last == nil:
		x.leave(fwd, storable, "Nothing is stored, and this process does not remember that it was ever rendered.")
	case last.Keep > 0 && x.Time.Sub(last.Time) > last.Keep:
		x.leave(fwd, storable, fmt.Sprintf("It was stored for %s, and has expired.", about(last.Keep)))
	case last.Stored:
		x.leave(fwd, storable, fmt.Sprintf("It was stored %s ago, and the store has it no more: it made room for others, or another process deleted it.", about(x.Time.Sub(last.Time))))
	default:
		x.leave(fwd, storable, "Nothing is stored.")
	}
}

// about is a duration for people.
func about(d time.Duration) string {
	switch {
	case d < 0:
		return "0s"
	case d >= 10*time.Second:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Millisecond).String()
}
