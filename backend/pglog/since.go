package pglog

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/uncache/uncache/cache"
)

const (
	// sinceQuery reads one snapshot: the state, the head, and the first events after a
	// position. Where nothing has happened it is one row of each of two small tables and
	// the last entry of an index.
	sinceQuery = `
SELECT greatest(s.era, s.floor), s.server = {schema}.server()
	AND p.last_value <= extract(epoch FROM clock_timestamp())::bigint * 1000000 + 315360000000000, p.last_value, h.pos,
	e.pos, e.at, e.soft, e.reason, e.origin, e.names, e.bytes
FROM {schema}.positions p
LEFT JOIN {schema}.state s ON true
LEFT JOIN LATERAL (SELECT pos FROM {schema}.events ORDER BY pos DESC LIMIT 1) h ON true
LEFT JOIN LATERAL (
	SELECT * FROM (
		SELECT *, sum(bytes) OVER (ORDER BY pos) - bytes AS before
		FROM (SELECT * FROM {schema}.events WHERE pos > greatest($1, s.era, s.floor) ORDER BY pos LIMIT 512) first
	) page WHERE before < 262144
) e ON true
ORDER BY e.pos`

	confirmQuery = `SELECT {schema}.confirm($1)`

	// maxGap is how many positions without an event are filled in. A COMMIT that fails
	// leaves one, a crash of the server up to 32.
	maxGap = 1000
)

var errUnsettled = errors.New("the log begins one era after another")

// Since returns the events after a position, see [cache.Log]: a page of 256 KiB, about.
// It makes one round trip, and three when the server has started since, or a new era
// begins. The error is [ErrReplica] if the server is a replica.
//
// Positions whose transaction was rolled back have empty events.
func (l *Log) Since(ctx context.Context, after cache.Position) (cache.Events, error) {
	if l.closed.Load() {
		return cache.Events{}, l.errClosed("read")
	}
	asked := int64(min(after, math.MaxInt64))
	for range 3 {
		a, err := l.read(ctx, asked)
		if err != nil {
			return cache.Events{}, l.failed("read", err)
		}
		if a.sound && a.head() >= asked {
			l.trimmer.note(l, a)
			l.knownIdentity(ctx) // a save must not wait for a connection to ask
			return a.events(after), nil
		}
		if err := l.confirm(ctx, asked); err != nil {
			return cache.Events{}, l.failed("confirm", err)
		}
		if a, err = l.read(ctx, asked); err != nil {
			return cache.Events{}, l.failed("read", err)
		}
		if a.sound && a.head() < asked { // a position that no clock reaches in ten years
			head := cache.Position(a.head())
			return cache.Events{Head: head, From: head}, nil
		}
	}
	return cache.Events{}, l.failed("read", errUnsettled)
}

// confirm has the server go on with the era, or begin a new one beyond after.
func (l *Log) confirm(ctx context.Context, after int64) error {
	return pgx.BeginTxFunc(ctx, l.pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, l.queries.confirm, after)
		return err
	})
}

// An answer is what one snapshot of the log has after a position.
type answer struct {
	sound bool  // there is a state, the server is known to go on with it, and so may be the clock
	base  int64 // events up to here are not known any more
	last  int64 // the position of the last event, or 0
	list  []cache.Event
	bytes int64 // of the list
}

// head is never before base: what is deleted has raised that.
func (a *answer) head() int64 { return max(a.base, a.last) }

func (l *Log) read(ctx context.Context, after int64) (*answer, error) {
	rows, err := l.pool.Query(ctx, l.queries.since, after)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	a := &answer{}
	for rows.Next() {
		var base, last, pos, bytes *int64
		var known, soft *bool
		var given int64
		var at *time.Time
		var reason, origin []byte
		var names [][]byte
		if err := rows.Scan(&base, &known, &given, &last, &pos, &at, &soft, &reason, &origin, &names, &bytes); err != nil {
			return nil, err
		}
		if base != nil {
			a.base = *base
		}
		if last != nil {
			a.last = *last
		}
		// A sequence that is behind would give positions again.
		a.sound = known != nil && *known && given >= a.head()
		if pos == nil {
			continue
		}
		e := cache.Event{Position: cache.Position(*pos), Time: *at, Soft: *soft, Reason: string(reason), Origin: string(origin)}
		for _, n := range names {
			e.Dependencies = append(e.Dependencies, cache.Dependency(n))
		}
		a.list = append(a.list, e)
		a.bytes += *bytes
	}
	return a, rows.Err()
}

// events returns the answer as one of [cache.Log], with the gaps filled. Positions are
// given under a lock that is held until COMMIT has shown the event. So whatever is
// missing before an event that is visible was rolled back, and will never come.
func (a *answer) events(after cache.Position) cache.Events {
	from := max(after, cache.Position(a.base))
	ev := cache.Events{Head: cache.Position(a.head()), From: from}
	for _, e := range a.list {
		next := ev.End() + 1
		if e.Position-next > maxGap { // somebody has set the sequence
			ev.From, ev.List, next = e.Position-1, nil, e.Position
		}
		for ; next < e.Position; next++ {
			ev.List = append(ev.List, cache.Event{Position: next, Time: e.Time, Reason: "rolled back"})
		}
		ev.List = append(ev.List, e)
	}
	ev.More = ev.End() < ev.Head
	return ev
}
