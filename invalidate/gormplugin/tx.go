package gormplugin

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/integrate"
	"gorm.io/gorm"
)

// A tx is a transaction with the batch of what is saved in it.
type tx struct {
	gorm.Tx
	pool  *pool
	ctx   context.Context // that it was begun in: database/sql rolls back when it is done
	batch *invalidate.Batch
	ended atomic.Bool // by Commit or Rollback, whichever came first

	unsure atomic.Bool // some of it may have been committed before

	mu         sync.Mutex
	savepoints []savepoint
}

var (
	_ gorm.Tx             = (*tx)(nil)
	_ gorm.GetDBConnector = (*tx)(nil)
)

func newTx(ctx context.Context, p *pool, inner gorm.Tx) *tx {
	return &tx{Tx: inner, pool: p, ctx: ctx, batch: integrate.NewBatch(ctx)}
}

// txOf returns the transaction that c is, or nil.
func txOf(c gorm.ConnPool) *tx {
	for {
		prepared, ok := c.(*gorm.PreparedStmtTX)
		if !ok {
			t, _ := c.(*tx)
			return t
		}
		c = prepared.Tx
	}
}

// GetDBConn returns the database. It implements [gorm.GetDBConnector].
func (t *tx) GetDBConn() (*sql.DB, error) { return t.pool.GetDBConn() }

// ExecContext also follows savepoints.
func (t *tx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	result, err := t.Tx.ExecContext(ctx, query, args...)
	if err == nil {
		t.follow(query)
	}
	return result, err
}

// Commit writes what was queued to the outbox, commits, and purges. docs/gorm.md says
// what its errors mean.
func (t *tx) Commit() error {
	if !t.ended.CompareAndSwap(false, true) {
		return sql.ErrTxDone
	}
	err := t.batch.Commit(t.ctx, t.Tx)
	if errors.Is(err, invalidate.ErrRolledBack) || errors.Is(err, invalidate.ErrCommitUnknown) {
		return err
	}
	return t.pool.plugin.purged(t.ctx, err)
}

// Rollback rolls back, and drops what was queued. After a Commit it drops nothing:
// GORM's Transaction calls it after an error of Commit, too. What a statement may have
// committed is purged.
func (t *tx) Rollback() error {
	if !t.ended.CompareAndSwap(false, true) {
		return t.Tx.Rollback()
	}
	if !t.unsure.Load() {
		t.batch.Discard()
		return t.Tx.Rollback()
	}
	err := t.Tx.Rollback()
	return errors.Join(err, t.pool.plugin.purged(t.ctx, t.batch.FlushUnknown(t.ctx)))
}

// within returns ctx with the batch of the transaction.
func (t *tx) within(ctx context.Context) context.Context {
	if ctx.Value(txKey{}) == t {
		return ctx
	}
	return context.WithValue(integrate.WithBatch(ctx, t.batch), txKey{}, t)
}
