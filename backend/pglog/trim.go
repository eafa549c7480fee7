package pglog

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// trimQuery deletes the oldest events, as many as there are too many. One process at
	// a time does; the trigger on the table notes how far.
	trimQuery = `
DELETE FROM {schema}.events WHERE pos <= (
	SELECT max(pos) FROM (
		SELECT pos, row_number() OVER newest AS n, sum(bytes) OVER newest AS total
		FROM {schema}.events WINDOW newest AS (ORDER BY pos DESC)
	) e WHERE n > 1 AND (n > $1 OR total > $2)
)`

	trimLock = `SELECT pg_try_advisory_xact_lock(1970168418, '{schema}.events'::regclass::oid::integer)`

	// trimTimeout bounds it; the next one begins where it ended.
	trimTimeout = 30 * time.Second
)

// A trimmer keeps the log bounded. It looks each time that this process has read a
// sixteenth of what the log may hold.
type trimmer struct {
	mu      sync.Mutex
	events  int
	bytes   int64
	running bool
}

// note counts what was read.
func (t *trimmer) note(l *Log, a *answer) {
	if len(a.list) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.events += len(a.list)
	t.bytes += a.bytes
	if t.running || l.closed.Load() || t.events <= l.opts.MaxEvents/16 && t.bytes <= l.opts.MaxBytes/16 {
		return
	}
	t.events, t.bytes, t.running = 0, 0, true
	l.wg.Go(func() {
		ctx, cancel := context.WithTimeout(l.ctx, trimTimeout)
		defer cancel()
		_ = l.trim(ctx) // the next one will
		t.mu.Lock()
		defer t.mu.Unlock()
		t.running = false
	})
}

// trim deletes what is too much, unless another process is at it.
func (l *Log) trim(ctx context.Context) error {
	return pgx.BeginTxFunc(ctx, l.pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted, AccessMode: pgx.ReadWrite}, func(tx pgx.Tx) error {
		var mine bool
		if err := tx.QueryRow(ctx, strings.ReplaceAll(trimLock, "'{schema}.", literalPart(l.schema)+".")).Scan(&mine); err != nil || !mine {
			return err
		}
		_, err := tx.Exec(ctx, l.queries.trim, l.opts.MaxEvents, l.opts.MaxBytes)
		return err
	})
}
