package gormplugin

import (
	"context"

	"gorm.io/gorm"
)

// Context returns the context of db's statements. If db is in a transaction, the
// context bypasses the cache ([cache.WithBypass]), and Invalidate queues in it until
// COMMIT or ROLLBACK:
//
//	db.Transaction(func(tx *gorm.DB) error {
//		tx = tx.WithContext(gormplugin.Context(tx))
//		...
//	})
//
// GORM makes the context of a transaction before it begins one, and offers no way to
// change it. So ask for this one before you read through the cache, or call Invalidate,
// in a transaction. Hooks of models have it already: tx.Statement.Context.
//
// If another *gorm.DB begins a transaction in such a context, that stands alone.
func Context(db *gorm.DB) context.Context {
	if t := txOf(db.Statement.ConnPool); t != nil {
		return t.within(db.Statement.Context)
	}
	return db.Statement.Context
}

type txKey struct{}

const changesKey = "uncache:changes"

// Changes returns a db whose successful writes also invalidate models. It is for what
// the plugin cannot see in a statement:
//
//	gormplugin.Changes(db, gormplugin.Table("posts")).Exec("UPDATE posts SET ...")
//
// The models are purged, or queued, like those that GORM saves. A query that writes,
// such as Raw("UPDATE ... RETURNING ...").Scan, is no write of GORM: call Invalidate
// with [Context] in its transaction.
func Changes(db *gorm.DB, models ...any) *gorm.DB {
	return db.Set(changesKey, models)
}

func changes(db *gorm.DB) []any {
	v, _ := db.Get(changesKey)
	models, _ := v.([]any)
	return models
}

// foreign reports whether c is a transaction that was not begun by the plugin.
func foreign(c gorm.ConnPool) bool {
	_, ok := c.(gorm.TxCommitter)
	return ok && txOf(c) == nil
}
