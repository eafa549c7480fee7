package outbox

import (
	"context"
	"database/sql"
	"sync"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/isnil"
	"github.com/uncache/uncache/internal/option"
	"github.com/uncache/uncache/internal/panics"
	"github.com/uncache/uncache/invalidate"
)

var _ invalidate.Outbox = (*Outbox)(nil)

// An Outbox keeps events in a table until they are purged. It is safe for
// concurrent use.
type Outbox struct {
	db      *sql.DB
	dialect Dialect
	d       dialect
	purger  invalidate.Purger
	opts    Options
	count   counters

	wake     chan struct{}   // holds a token: look now
	stop     chan struct{}   // closed by Close: no more turns
	ctx      context.Context // of everything in the background; done when Close runs out of time
	cancel   context.CancelFunc
	mu       sync.Mutex
	started  bool
	closed   bool
	purged   []string // IDs whose rows are to be deleted
	deleting bool     // a goroutine deletes them
	wg       sync.WaitGroup

	// Of the relay's goroutine, and of Close after that has ended.
	outage bool         // the Purger has failed, and answered no probe since
	worked *cache.Event // the last event that was purged, or nil
	limit  int          // how many rows a claim takes, at most Batch
	stuck  stuckRows
}

// New returns an Outbox with its table in db, the database that the saves go to. Its
// relay tells p, which is the Purger of the savers. A nil opts means the defaults.
//
// New does not use db: [Outbox.Migrate] creates the table. It starts nothing. A process
// that only saves needs no relay, if another has called [Outbox.Start]. Call Close in
// both. Close does not close db.
func New(db *sql.DB, d Dialect, p invalidate.Purger, opts *Options) (*Outbox, error) {
	o := &Outbox{
		db: db, dialect: d, d: dialects[d], purger: p,
		wake: make(chan struct{}, 1),
		stop: make(chan struct{}),
	}
	if opts != nil {
		o.opts = *opts
	}
	if err := o.opts.complete(d); err != nil {
		return nil, err
	}
	switch {
	case db == nil:
		return nil, option.Errorf(ErrOptions, "outbox: New: the database is nil")
	case isnil.Value(p):
		return nil, option.Errorf(ErrOptions, "outbox: New: the Purger is nil")
	}
	o.limit = o.opts.Batch
	o.ctx, o.cancel = context.WithCancel(context.Background())
	return o, nil
}

// sql returns a statement for this Outbox's table.
func (o *Outbox) sql(statement string) string { return o.d.sql(o.opts.Table, statement) }

// inTx runs fn in a transaction at READ COMMITTED, or at the only level that SQLite
// has.
//
// The rollback is not deferred: when a driver panics, database/sql keeps locks that the
// rollback would wait for. It rolls back by itself when ctx ends.
func (o *Outbox) inTx(ctx context.Context, fn func(tx *sql.Tx) error) error {
	tx, err := o.db.BeginTx(ctx, o.level())
	if err != nil {
		return err
	}
	if err := fn(tx); err != nil {
		_ = tx.Rollback() // err says what was wrong
		return err
	}
	return tx.Commit()
}

func (o *Outbox) level() *sql.TxOptions {
	if o.dialect == SQLite {
		return nil
	}
	return &sql.TxOptions{Isolation: sql.LevelReadCommitted}
}

// observe calls Observe. If that panics it is told so, once: in the relay's goroutine a
// panic would end the process.
func (o *Outbox) observe(obs Observation) {
	if o.opts.Observe == nil {
		return
	}
	call := func(obs Observation) (err error) {
		defer panics.Catch(&err)
		o.opts.Observe(obs)
		return nil
	}
	if err := call(obs); err != nil {
		_ = call(Observation{Op: OpObserve, ID: obs.ID, Err: err})
	}
}
