package gormplugin

import (
	"context"
	"errors"

	"github.com/uncache/uncache/invalidate/integrate"
	"gorm.io/gorm"
)

// Context returns the context of db's statements. If db is in a transaction, the
// cache is bypassed in it ([cache.WithBypass]), and what Invalidate is told in it
// is purged when that has committed, or dropped when it is rolled back:
//
//	db.Transaction(func(tx *gorm.DB) error {
//		tx = tx.WithContext(gormplugin.Context(tx))
//		...
//	})
//
// GORM makes the context of a transaction before it begins one, and offers no way
// to change it. So it has to be asked for by whoever reads through the cache in a
// transaction, or calls Invalidate. Hooks of models need not: tx.Statement.Context
// is such a context there.
//
// A transaction that is begun, with another *gorm.DB, in such a context is one of
// its own.
func Context(db *gorm.DB) context.Context {
	if t := txOf(db.Statement.ConnPool); t != nil {
		return t.within(db.Statement.Context)
	}
	return db.Statement.Context
}

type txKey struct{}

// within returns ctx with the batch of the transaction.
func (t *tx) within(ctx context.Context) context.Context {
	if ctx.Value(txKey{}) == t {
		return ctx
	}
	return context.WithValue(integrate.WithBatch(ctx, t.batch), txKey{}, t)
}

const changesKey = "uncache:changes"

// Changes returns a db whose writes also invalidate models, each that succeeds: for
// what the plugin cannot see in a statement.
//
//	gormplugin.Changes(db, gormplugin.Table("posts")).Exec("UPDATE posts SET ...")
//
// Models are purged, or queued, as those that GORM saves. A query that writes,
// such as Raw("UPDATE ... RETURNING ...").Scan, is not a write of GORM's: call
// Invalidate with [Context] in its transaction.
func Changes(db *gorm.DB, models ...any) *gorm.DB {
	return db.Set(changesKey, models)
}

func changes(db *gorm.DB) []any {
	v, _ := db.Get(changesKey)
	models, _ := v.([]any)
	return models
}

// invalidate queues models in the transaction of db, or purges them if there is
// none.
func (p *Plugin) invalidate(db *gorm.DB, models []any) error {
	ctx := db.Statement.Context
	if t := txOf(db.Statement.ConnPool); t != nil {
		return p.inv.Invalidate(t.within(ctx), models...)
	}
	if foreign(db.Statement.ConnPool) {
		return p.inv.Invalidate(ctx, models...)
	}
	// What has been committed by itself is purged by itself.
	batch := integrate.NewBatch(ctx)
	err := p.inv.Invalidate(integrate.WithBatch(ctx, batch), models...)
	return errors.Join(err, p.purged(ctx, batch.Flush(ctx)))
}

// foreign reports whether c is a transaction that was not begun here.
func foreign(c gorm.ConnPool) bool {
	_, ok := c.(gorm.TxCommitter)
	return ok && txOf(c) == nil
}
