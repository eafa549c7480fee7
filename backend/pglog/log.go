package pglog

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/option"
)

// A Log is a log of purges in a schema of PostgreSQL. All processes that use the schema
// share it. Its methods are safe for concurrent use.
type Log struct {
	pool     *pgxpool.Pool
	opts     Options
	schema   string // quoted
	queries  queries
	identity atomic.Pointer[identity]

	ctx    context.Context // done once the Log is closed
	cancel context.CancelFunc
	closed atomic.Bool

	trimmer trimmer
	ears    ears
	wg      sync.WaitGroup
}

var (
	_ cache.TxLog  = (*Log)(nil)
	_ cache.Waiter = (*Log)(nil)
)

// ErrReplica is wrapped in the error of a server that is a replica, or of a session that
// may not write. A replica may not have the last purge yet, so it is not believed.
var ErrReplica = errors.New("the log was asked for on a replica, or in a read-only session")

// New returns the log in a schema of the pool's database. Nil options mean the defaults.
// It asks the server nothing; call [Log.Migrate] before the log is used.
//
// Give the log a pool of its own, of a few connections. Every request waits for it, and
// must not wait for handlers that hold the connections of theirs. The pool stays yours to
// close, after [Log.Close].
func New(pool *pgxpool.Pool, opts *Options) (*Log, error) {
	if pool == nil {
		return nil, option.Errorf(ErrOptions, "pglog: New: the pool is nil")
	}
	o, err := opts.check()
	if err != nil {
		return nil, err
	}
	l := &Log{pool: pool, opts: o, schema: pgx.Identifier{o.Schema}.Sanitize()}
	l.queries = newQueries(l.schema)
	l.ears.turn = make(chan struct{}, 1)
	l.ctx, l.cancel = context.WithCancel(context.Background())
	return l, nil
}

// Close ends what the Log does in the background, and its connection that listens. After
// it every call is an error, [cache.ErrClosed]. It may be called again, and returns nil.
func (l *Log) Close() error {
	l.trimmer.mu.Lock() // none begins after this
	l.closed.Store(true)
	l.cancel()
	l.trimmer.mu.Unlock()
	l.wg.Wait()
	l.ears.close()
	return nil
}

// channel is that of the notifications.
func (l *Log) channel() string { return l.opts.Schema + ".log" }

// failed wraps an error of the server.
func (l *Log) failed(doing string, err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code {
		case "25006": // read_only_sql_transaction
			err = fmt.Errorf("%w: %w", ErrReplica, err)
		case "3F000", "42P01", "42883": // no such schema, table, function
			err = fmt.Errorf("%w (call Log.Migrate)", err)
		}
	}
	return fmt.Errorf("pglog: %s in schema %s: %w", doing, l.opts.Schema, err)
}

func (l *Log) errClosed(doing string) error {
	return fmt.Errorf("pglog: %s: %w", doing, cache.ErrClosed)
}

// queries are those that run often.
type queries struct{ push, append, probe, since, confirm, trim string }

func newQueries(schema string) queries {
	in := func(query string) string { return strings.ReplaceAll(query, "{schema}", schema) }
	return queries{
		push:    in(pushQuery),
		append:  in(appendQuery),
		probe:   in(probeQuery),
		since:   in(sinceQuery),
		confirm: in(confirmQuery),
		trim:    in(trimQuery),
	}
}
