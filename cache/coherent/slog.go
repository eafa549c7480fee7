package coherent

import (
	"context"
	"log/slog"

	"github.com/uncache/uncache/internal/logs"
)

// LogValue returns what o says, for package slog.
func (o Observation) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("op", string(o.Op))}
	if o.Key != "" {
		attrs = append(attrs, slog.String("key", o.Key))
	}
	if o.Op == OpGap {
		attrs = append(attrs, slog.Uint64("floor", uint64(o.Floor)))
	}
	if o.Err != nil {
		attrs = append(attrs, slog.Any("error", o.Err))
	}
	return slog.GroupValue(attrs...)
}

// SlogObserver returns an [Options.Observe] that logs what it is told:
//
//	error      the backend does not answer; a panic of Observe
//	warning    events of the log were lost; a call of the backend failed
//	info       the backend answers again
//
// A warning is logged once in ten seconds for each Op. The next one says in "more" how
// many there were. SlogObserver panics if logger is nil.
func SlogObserver(logger *slog.Logger) func(Observation) {
	if logger == nil {
		panic("coherent: SlogObserver: the logger is nil")
	}
	seldom := new(logs.Seldom)
	return func(o Observation) {
		level, text := o.level()
		attrs := o.LogValue().Group()
		if level == slog.LevelWarn {
			more, ok := seldom.Next(string(o.Op))
			if !ok {
				return
			}
			if more > 0 {
				attrs = append(attrs, slog.Int("more", more))
			}
		}
		logger.LogAttrs(context.Background(), level, text, attrs...)
	}
}

// level says how o is logged.
func (o Observation) level() (slog.Level, string) {
	switch o.Op {
	case OpUnavailable:
		return slog.LevelError, "cache: the backend does not answer; requests do without it"
	case OpAvailable:
		return slog.LevelInfo, "cache: the backend answers again"
	case OpGap:
		return slog.LevelWarn, "cache: events of the log were lost; nothing stored before is served"
	case OpObserve:
		return slog.LevelError, "cache: Observe panicked"
	}
	return slog.LevelWarn, "cache: " + string(o.Op) + " failed"
}
