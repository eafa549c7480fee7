package pglog

import (
	"context"
	"time"

	"github.com/uncache/uncache/cache"
)

const pushQuery = `SELECT {schema}.push(coalesce($1, clock_timestamp()), $2, $3, $4, $5)`

// Append adds e to the log, in a transaction of its own. See [cache.Log]. It makes one
// round trip, and waits for savers that are committing.
func (l *Log) Append(ctx context.Context, e cache.Event) (cache.Position, error) {
	if l.closed.Load() {
		return 0, l.errClosed("append")
	}
	var at *time.Time
	if !e.Time.IsZero() {
		at = &e.Time
	}
	names := make([][]byte, len(e.Dependencies))
	for i, d := range e.Dependencies {
		names[i] = []byte(d)
	}
	var pos int64
	err := l.pool.QueryRow(ctx, l.queries.push, at, e.Soft, []byte(e.Reason), []byte(e.Origin), names).Scan(&pos)
	if err != nil {
		return 0, l.failed("append", err)
	}
	return cache.Position(pos), nil
}
