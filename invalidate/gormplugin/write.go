package gormplugin

import (
	"context"
	"reflect"

	"github.com/uncache/uncache/invalidate/integrate"
	"gorm.io/gorm"
	"gorm.io/gorm/schema"
)

type op int

const (
	inserts op = iota
	updates
	deletes
)

// A write is one INSERT, UPDATE or DELETE of GORM, from before it until after it.
type write struct {
	op      op
	ruled   bool                   // the models have a rule
	parents []*schema.Relationship // of a join table: those that have a rule
	table   bool                   // the rule for the Table is to be asked

	old     []reflect.Value // pointers to the rows as they were, if ruled or joined
	models  []any           // other models to invalidate
	unknown bool            // there are other rows

	ignored bool // it was going to set ignored columns, so no rows were read
	sets    bool // it sets others, too

	unsteady   bool // if the statement changes any row, that may be another
	counted    bool // other rows would show in how many it changes
	restricted bool // the statement has a condition of the plugin

	done     bool  // it has succeeded
	unsure   bool  // it may have succeeded, and has returned an error
	ran      bool  // it was a statement: with nothing to set, none is run
	affected int64 // how many rows, as the database says
}

type (
	writeKey   struct{ *gorm.Statement }
	contextKey struct{ *gorm.Statement }
)

// enter gives the statement, and so the hooks of its models, the context of its
// transaction.
func enter(db *gorm.DB) {
	if t := txOf(db.Statement.ConnPool); t != nil && !db.DryRun {
		db.Statement.Settings.Store(contextKey{db.Statement}, db.Statement.Context)
		db.Statement.Context = t.within(db.Statement.Context)
	}
}

// leave undoes enter: the statement may be used again, outside.
func leave(db *gorm.DB) {
	if ctx, ok := db.Statement.Settings.LoadAndDelete(contextKey{db.Statement}); ok {
		db.Statement.Context = ctx.(context.Context)
	}
}

// done notes, right after the statement, whether it has succeeded. A hook that fails
// later does not undo it, unless the transaction is rolled back.
func done(db *gorm.DB) {
	v, ok := db.Statement.Settings.Load(writeKey{db.Statement})
	if !ok {
		return
	}
	w := v.(*write)
	unrestrict(db, w)
	unignore(db, w)
	switch sql := db.Statement.SQL.String(); {
	case db.Error == nil:
		w.done, w.ran, w.affected = true, sql != "", db.RowsAffected
	case sql != "":
		// Also in a transaction, which may commit nevertheless.
		w.unsure = !refused(db.Error) || integrate.KeepsOnError(sql)
	}
}

// count finds out whether the statement has changed rows that were not read.
func (w *write) count() {
	if w.ran && (w.affected > int64(len(w.old)) || w.unsteady && w.affected != 0) {
		w.unknown = true
	}
}
