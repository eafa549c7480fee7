package pagecache

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/logs"
)

// SlogObserver returns an [Options.Observe] that logs what deserves it:
//
//	error      a purge after an unsafe request failed; a panic in the background
//	warning    a response was not stored although Cache-Status says so; ErrContext
//	info       what is not stored and why, once for each route and reason; advice
//	debug      every request
//
// SlogObserver panics if logger is nil.
func SlogObserver(logger *slog.Logger) func(*http.Request, Observation) {
	if logger == nil {
		panic("pagecache: SlogObserver: the logger is nil")
	}
	once := new(logs.Once)
	return func(r *http.Request, o Observation) {
		level, text := o.level(once)
		ctx := r.Context()
		if !logger.Enabled(ctx, level) {
			return
		}
		attrs := make([]slog.Attr, 0, 12)
		if r.URL.Path != "" { // with ErrContext there is no request
			attrs = append(attrs, slog.String("method", r.Method), slog.String("path", r.URL.Path))
		}
		logger.LogAttrs(ctx, level, text, append(attrs, o.LogValue().Group()...)...)
	}
}

// level says how o is logged. once knows what was logged as not stored.
func (o *Observation) level(once *logs.Once) (slog.Level, string) {
	switch {
	case o.Err == nil:
	case errors.Is(o.Err, ErrNotStored):
		return slog.LevelWarn, "cache: a response was not stored, although its Cache-Status says so"
	case errors.Is(o.Err, ErrContext):
		return slog.LevelWarn, "cache: a call with a context that leads to no request was lost"
	case errors.Is(o.Err, cache.ErrPanic):
		return slog.LevelError, "cache: a panic"
	default:
		return slog.LevelError, "cache: a purge after an unsafe request failed"
	}
	switch {
	case o.Hit:
	case o.Outcome() == "":
		return slog.LevelInfo, "cache: " + o.Detail
	case o.isUnstored() && once.First(o.Pattern+"\n"+o.Detail):
		return slog.LevelInfo, "cache: responses of this route are not stored"
	}
	return slog.LevelDebug, "cache: request"
}

// isUnstored reports whether a response might have been stored and was not, for a reason.
// That it was purged while it was rendered, or not completed, says nothing of the next.
func (o *Observation) isUnstored() bool {
	return !o.Collapsed && !o.Stored && o.Forward != fwdMethod &&
		o.Detail != "" && o.Detail != "purged" && o.Detail != string(reasonIncomplete)
}
