package gormplugin

import (
	"context"
	"reflect"
	"regexp"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"
)

type op int

const (
	inserts op = iota
	updates
	deletes
)

// A write is one INSERT, UPDATE or DELETE of GORM's, from before it to after it.
type write struct {
	op      op
	ruled   bool                   // there is a rule for the models
	parents []*schema.Relationship // of a join table: those that have a rule
	table   bool                   // the rule for the Table is to be asked

	old     []reflect.Value // pointers to the rows as they were, if ruled or joined
	models  []any           // what else is to be invalidated
	unknown bool            // there are other rows

	ignored bool // it was going to set ignored columns, so no rows were read
	sets    bool // it sets others, too

	unsteady   bool // if the statement changes any row, it may be another
	counted    bool // others would show in how many it changes
	restricted bool // the statement has a condition of ours

	done     bool  // it has succeeded
	unsure   bool  // it may have, and has returned an error
	ran      bool  // it was a statement: nothing to set is nothing to run
	affected int64 // rows, says the database
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

// done notes, right after it, whether the statement has succeeded. A hook that
// fails later does not undo it, unless the transaction is rolled back.
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
		// In a transaction, too, which may commit for all that.
		w.unsure = !refused(db.Error) || keepsWhatItDid.MatchString(sql)
	}
}

// keepsWhatItDid is in statements of SQLite that keep what they have done when they
// fail.
var keepsWhatItDid = regexp.MustCompile(`(?i)^\s*(?:INSERT|UPDATE)\s+OR\s+FAIL\b`)

// count finds out whether the statement has changed rows that were not read.
func (w *write) count() {
	if w.ran && (w.affected > int64(len(w.old)) || w.unsteady && w.affected != 0) {
		w.unknown = true
	}
}
