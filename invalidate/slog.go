package invalidate

import (
	"context"
	"errors"
	"log/slog"
)

// LogValue returns what o says, for package slog. Of many names it has the first three.
func (o Observation) LogValue() slog.Value {
	var attrs []slog.Attr
	if deps := o.Event.Dependencies; len(deps) > 0 {
		names := make([]string, len(deps))
		for i, d := range deps {
			names[i] = spoken(d)
		}
		attrs = append(attrs, slog.String("purge", some(names)))
	}
	if o.Event.Soft {
		attrs = append(attrs, slog.Bool("soft", true))
	}
	if o.Event.Reason != "" {
		attrs = append(attrs, slog.String("reason", o.Event.Reason))
	}
	if len(o.Models) > 0 {
		attrs = append(attrs, slog.String("models", some(o.Models)))
	}
	if o.Duration > 0 {
		attrs = append(attrs, slog.Duration("duration", o.Duration))
	}
	if o.Repeat > 0 {
		attrs = append(attrs, slog.Int("repeat", o.Repeat))
	}
	if o.Err != nil {
		attrs = append(attrs, slog.Any("error", o.Err))
	}
	return slog.GroupValue(attrs...)
}

// SlogObserver returns an [Options.Observe] that logs what deserves it:
//
//	error      a purge failed, and nothing will make it: old pages may be served
//	warning    a purge failed and is kept in the outbox; a row was not named; a repeat failed
//	info       a purge
//	debug      a purge again (Options.Repeat)
//
// SlogObserver panics if logger is nil.
func SlogObserver(logger *slog.Logger) func(Observation) {
	if logger == nil {
		panic("invalidate: SlogObserver: the logger is nil")
	}
	return func(o Observation) {
		level, text := o.level()
		if ctx := context.Background(); logger.Enabled(ctx, level) {
			logger.LogAttrs(ctx, level, text, o.LogValue().Group()...)
		}
	}
}

// level says how o is logged.
func (o Observation) level() (slog.Level, string) {
	switch {
	case errors.Is(o.Err, ErrUnnamed):
		return slog.LevelWarn, "invalidate: a row as it was could not be named"
	case errors.Is(o.Err, ErrRepeatDropped):
		return slog.LevelWarn, "invalidate: a purge is not repeated"
	case o.Err != nil && o.Repeat > 0:
		return slog.LevelWarn, "invalidate: a repeated purge failed"
	case errors.Is(o.Err, ErrKept):
		return slog.LevelWarn, "invalidate: a purge failed and is kept in the outbox"
	case o.Err != nil:
		return slog.LevelError, "invalidate: a purge failed; old pages may be served"
	case o.Repeat > 0:
		return slog.LevelDebug, "invalidate: purged again"
	}
	return slog.LevelInfo, "invalidate: purged"
}
