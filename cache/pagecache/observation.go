package pagecache

import (
	"log/slog"
	"time"
)

// An Observation says what became of a request, in the words of its Cache-Status (RFC
// 9211). One without an [Observation.Outcome] is about something else: advice about a
// handler, or an error that no caller can be told.
type Observation struct {
	// Hit: it was answered from the store.
	Hit bool
	// Collapsed: it was answered by a fill that another request had begun.
	Collapsed bool
	// Forward is why the handler was asked: the fwd parameter. It is empty for a hit.
	Forward string
	// Detail is the detail parameter. If nothing was stored, it says why. That may be
	// known only after Cache-Status was sent. Advice is a sentence.
	Detail string
	// Stored: the handler's response was stored.
	Stored bool

	// Status is the status code of the response. It is 0 if there was none: the handler
	// panicked, or took the connection over.
	Status int
	// Bytes is how many bytes of the body were written, but for those that a handler
	// wrote past the cache (Unwrap, Hijack).
	Bytes int64
	// Handler is how long the handler took, without the time that the client took to
	// read. Of a stream it is the time until its header. It is 0 if the handler was not
	// asked.
	Handler time.Duration
	// Pattern is the pattern that served the response, as Request.Pattern has it, or
	// empty.
	Pattern string
	// Groups are the first groups that the handler named, 16 at most. Of a hit they are
	// not known.
	Groups []string

	// Warm: it is a request of the cache itself, to warm a page up ([Options.Warm]).
	Warm bool
	// Refreshed: it is a request of the cache itself, for the successor of a response
	// (Options.StaleWhileRevalidate, EarlyRefresh).
	Refreshed bool

	// Err is what went wrong: the purge after an unsafe request, a rendering in the
	// background, or Observe itself. It is [cache.ErrPanic] if that panicked. With
	// [ErrNotStored] a response was not stored although its Cache-Status says so. With
	// [ErrContext] there is no request.
	Err error
}

// Outcome is "hit", "collapsed", or why the handler was asked: "miss", "vary-miss",
// "stale", "request", "method" or "bypass". It is empty if o is not what became of a
// request.
func (o Observation) Outcome() string {
	switch {
	case o.Hit:
		return outcomes[hitColumn]
	case o.Collapsed:
		return outcomes[collapsedColumn]
	}
	return o.Forward
}

// LogValue returns what o says, for package slog.
func (o Observation) LogValue() slog.Value {
	var attrs []slog.Attr
	add := func(is bool, a slog.Attr) {
		if is {
			attrs = append(attrs, a)
		}
	}
	outcome := o.Outcome()
	add(outcome != "", slog.String("outcome", outcome))
	add(o.Detail != "", slog.String("detail", o.Detail))
	add(o.Stored, slog.Bool("stored", true))
	add(o.Status != 0, slog.Int("status", o.Status))
	add(outcome != "", slog.Int64("bytes", o.Bytes))
	add(o.Handler != 0, slog.Duration("handler", o.Handler))
	add(o.Pattern != "", slog.String("pattern", o.Pattern))
	add(len(o.Groups) > 0, slog.Any("groups", o.Groups))
	add(o.Warm, slog.Bool("warm", true))
	add(o.Refreshed, slog.Bool("refreshed", true))
	add(o.Err != nil, slog.Any("error", o.Err))
	return slog.GroupValue(attrs...)
}
