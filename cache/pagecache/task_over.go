package pagecache

import (
	"strings"
	"time"
)

// A tally is what a task knows of itself when it is over.
type tally struct {
	rec       *recorder // the last one; nil if the handler was not asked
	handler   time.Duration
	sent      sent // the response, where serve has sent it
	done      bool // the handler has returned
	broken    bool // nothing was stored although Cache-Status says so
	refreshes bool // nobody waits for the response
}

// handled notes that the handler has returned. Defer it.
func (t *task) handled(rec *recorder) { t.handler += rec.took() }

// over counts the request, if the handler was asked, and tells Observe. Defer it.
func (t *task) over() {
	rec := t.rec
	if rec == nil {
		return
	}
	o := Observation{
		Forward:   t.cacheStatus.fwd,
		Detail:    t.why(),
		Stored:    t.kept != nil,
		Status:    t.sent.status,
		Bytes:     t.sent.bytes,
		Handler:   t.handler,
		Pattern:   t.r.Pattern,
		Refreshed: t.refreshes,
	}
	if rec.released && o.Status == 0 {
		o.Status, o.Bytes = rec.status, rec.bytes
	}
	if t.broken {
		o.Err = ErrNotStored
	}
	if t.c.opts.Observe != nil {
		o.Groups = t.fill.Groups()
	}
	t.c.over(t.w, t.r, &o, true)
}

// why returns the detail of Cache-Status or, if nothing was stored, the reason. That may
// have been found since Cache-Status was sent.
func (t *task) why() string {
	detail := t.cacheStatus.detail
	why := t.rec.policy.Reason
	switch {
	case t.kept != nil, t.rec.replaced && t.done, t.rec.hijacked:
		return detail
	case !t.done:
		return string(reasonIncomplete)
	case t.unstored != storable:
		return string(t.unstored)
	case why == storable && t.rec.gaveUp:
		return string(reasonIncomplete)
	case why == storable || strings.TrimSuffix(detail, queryCut) == string(why):
		return detail
	}
	return string(why)
}
