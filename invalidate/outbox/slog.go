package outbox

import (
	"context"
	"log/slog"
)

// LogValue returns what o says, for package slog.
func (o Observation) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("op", string(o.Op))}
	if o.ID != "" {
		attrs = append(attrs, slog.String("id", o.ID))
	}
	if o.Rows > 0 {
		attrs = append(attrs, slog.Int("rows", o.Rows))
	}
	if o.Events > 0 {
		attrs = append(attrs, slog.Int("events", o.Events))
	}
	if o.Err != nil {
		attrs = append(attrs, slog.Any("error", o.Err))
	}
	return slog.GroupValue(attrs...)
}

// SlogObserver returns an [Options.Observe] that logs what it is told:
//
//	error      an outage of the Purger; a dead letter; a stuck row; a panic of Observe
//	warning    a row that is tried again; a database that did not answer
//	info       what a relay has purged; the end of an outage
//
// SlogObserver panics if logger is nil.
func SlogObserver(logger *slog.Logger) func(Observation) {
	if logger == nil {
		panic("outbox: SlogObserver: the logger is nil")
	}
	return func(o Observation) {
		level, text := o.level()
		logger.LogAttrs(context.Background(), level, text, o.LogValue().Group()...)
	}
}

// level says how o is logged.
func (o Observation) level() (slog.Level, string) {
	switch o.Op {
	case OpRelay:
		return slog.LevelInfo, "outbox: a relay purged what savers had left"
	case OpRecovered:
		return slog.LevelInfo, "outbox: purges work again"
	case OpOutage:
		return slog.LevelError, "outbox: no purge works; rows wait"
	case OpDead:
		return slog.LevelError, "outbox: a row is a dead letter; old pages may be served"
	case OpStuck:
		return slog.LevelError, "outbox: the database does not let go of a row"
	case OpObserve:
		return slog.LevelError, "outbox: Observe panicked"
	case OpRetry:
		return slog.LevelWarn, "outbox: the purge of a row failed and is tried again"
	case OpDelete:
		return slog.LevelWarn, "outbox: rows that were purged could not be deleted"
	}
	return slog.LevelWarn, "outbox: the database did not let a relay work"
}
