package pgxtx

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/uncache/uncache/invalidate"
)

// A Beginner begins transactions: a *pgxpool.Pool, a *pgxpool.Conn, a *pgx.Conn.
type Beginner interface {
	BeginTx(ctx context.Context, opts pgx.TxOptions) (pgx.Tx, error)
}

// InTx runs fn in a transaction of db. After COMMIT it purges what fn invalidated, as
// [invalidate.Invalidator.InTx] does, and with the same errors.
//
// PostgreSQL answers a COMMIT with ROLLBACK if a statement failed whose error fn did
// not return: that is [invalidate.ErrRolledBack]. If ctx is done during COMMIT, pgx
// closes the connection: that is [invalidate.ErrCommitUnknown], and purges.
func InTx(ctx context.Context, db Beginner, opts pgx.TxOptions, fn func(ctx context.Context, tx pgx.Tx) error) error {
	begin := func(ctx context.Context) (*transaction, error) {
		tx, err := db.BeginTx(ctx, opts)
		return &transaction{ctx, tx}, err
	}
	return invalidate.Transact(ctx, begin, func(ctx context.Context, t *transaction) error { return fn(ctx, t.tx) })
}

// Savepoint runs fn in a savepoint of tx, as [invalidate.Savepoint] does. It passes fn
// the same tx.
//
// If a context is done during a statement, pgx closes the connection, and the
// transaction is lost. Then the error is not ErrRolledBack: roll the transaction back.
func Savepoint(ctx context.Context, tx pgx.Tx, fn func(ctx context.Context, tx pgx.Tx) error) error {
	return invalidate.Savepoint(ctx, Execer(tx), func(ctx context.Context) error { return fn(ctx, tx) })
}

// Transaction returns tx, which was begun with ctx, for [invalidate.Batch.Commit]. It
// is not for a nested transaction, of tx.Begin, whose COMMIT commits nothing: use
// [Savepoint].
func Transaction(ctx context.Context, tx pgx.Tx) invalidate.Transaction { return &transaction{ctx, tx} }

// rollbackTimeout is how long a ROLLBACK may take. Its own context may be done.
const rollbackTimeout = 5 * time.Second

type transaction struct {
	ctx context.Context
	tx  pgx.Tx
}

func (t *transaction) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return Execer(t.tx).ExecContext(ctx, query, args...)
}

func (t *transaction) Commit() error {
	err := t.tx.Commit(t.ctx)
	switch {
	case errors.Is(err, pgx.ErrTxClosed):
		return fmt.Errorf("%w: %w", sql.ErrTxDone, err)
	case errors.Is(err, pgx.ErrTxCommitRollback):
		// pgconn.SafeToRetry is no proof that nothing was sent: pgx says so of a
		// COMMIT, too, that was sent and whose answer was lost ("conn closed").
		return fmt.Errorf("%w: %w", invalidate.ErrRolledBack, err)
	}
	return err
}

func (t *transaction) Rollback() error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), rollbackTimeout)
	defer cancel()
	err := t.tx.Rollback(ctx)
	if errors.Is(err, pgx.ErrTxClosed) { // unlike database/sql, pgx ends nothing by itself
		return fmt.Errorf("%w: %w", invalidate.ErrCommitUnknown, err)
	}
	return err
}
