package gormplugin

import (
	"context"

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

// foreign reports whether c is a transaction that was not begun here.
func foreign(c gorm.ConnPool) bool {
	_, ok := c.(gorm.TxCommitter)
	return ok && txOf(c) == nil
}
