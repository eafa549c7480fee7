package gormplugin

import (
	"context"
	"fmt"
	"reflect"
	"regexp"

	"github.com/uncache/uncache/invalidate"
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

// wrapStatement wraps the pool of a statement that is not the database's own:
// that of [gorm.DB.Connection].
func (p *Plugin) wrapStatement(db *gorm.DB) {
	db.Statement.ConnPool = p.wrap(db.Statement.ConnPool, db.Name())
}

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

// before finds out whether anybody is to be told of a write, and if so what load
// has to learn before it is made.
func (p *Plugin) before(op op, load func(*gorm.DB, *write) error) func(*gorm.DB) {
	return func(db *gorm.DB) {
		if db.Error != nil || db.DryRun {
			return
		}
		w := &write{op: op, models: changes(db)}
		if err := p.checkIgnore(db.Statement.Schema); err != nil {
			_ = db.AddError(err)
			return
		}
		if s := db.Statement.Schema; s != nil {
			w.ruled = p.ruled(s)
			if !w.ruled {
				w.parents = p.parents(s)
			}
		}
		if !w.ruled && len(w.parents) == 0 {
			w.table = p.hasTarget(tableOf(db.Statement))
			if p.opts.Strict && !w.table && !isJoin(db.Statement.Schema) {
				_ = db.AddError(fmt.Errorf("gormplugin: %w for the models of table %q, nor for the Table", invalidate.ErrNoRule, db.Statement.Table))
				return
			}
			if !w.table && len(w.models) == 0 {
				return
			}
		}
		if err := p.refuse(db); err != nil {
			_ = db.AddError(err)
			return
		}
		if op == updates && p.ignores(db, w) {
			db.Statement.Settings.Store(writeKey{db.Statement}, w)
			return
		}
		if w.ruled || len(w.parents) > 0 {
			if err := load(db, w); err != nil {
				_ = db.AddError(fmt.Errorf("gormplugin: load rows of %q: %w", db.Statement.Table, err))
				return
			}
		}
		db.Statement.Settings.Store(writeKey{db.Statement}, w)
	}
}

// refuse returns an error if nobody will know how the transaction of db ends.
func (p *Plugin) refuse(db *gorm.DB) error {
	if foreign(db.Statement.ConnPool) && invalidate.BatchOf(db.Statement.Context) == nil {
		return fmt.Errorf("gormplugin: %q: %w", db.Statement.Table, ErrForeignTx)
	}
	return nil
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

// after invalidates the rows of a write as they were, and as collect finds them.
func (p *Plugin) after(collect func(*gorm.DB, *write) error) func(*gorm.DB) {
	return func(db *gorm.DB) {
		v, ok := db.Statement.Settings.LoadAndDelete(writeKey{db.Statement})
		if !ok {
			return
		}
		w := v.(*write)
		if w.ignored {
			if w.done || w.unsure {
				p.afterIgnored(db, w)
			}
			return
		}
		if w.unsure {
			p.unsure(db, w)
		}
		if !w.done {
			return
		}
		if w.ruled {
			p.add(db, w, db.Statement.Schema, w.old, old)
		}
		if w.ruled || len(w.parents) > 0 {
			if err := collect(db, w); err != nil {
				// The rows are written. Unless they are rolled back for this:
				w.unknown = true
				_ = db.AddError(fmt.Errorf("gormplugin: load rows of %q: %w", db.Statement.Table, err))
			}
		}
		p.addUnknown(db, w)
		if len(w.models) > 0 {
			_ = db.AddError(p.invalidate(db, w.models))
		}
	}
}

// addUnknown adds what stands for the rows of w that are not known: the Table, or all
// there is.
func (p *Plugin) addUnknown(db *gorm.DB, w *write) {
	table := tableOf(db.Statement)
	switch {
	case w.table || w.unknown && p.hasTarget(table):
		w.models = append(w.models, table)
	case w.unknown:
		w.models = append(w.models, unknownRows(table))
	}
}

func (p *Plugin) beforeRaw(db *gorm.DB) {
	if db.Error == nil && !db.DryRun && len(changes(db)) > 0 {
		_ = db.AddError(p.refuse(db))
	}
}

func (p *Plugin) afterRaw(db *gorm.DB) {
	if db.Error != nil || db.DryRun {
		return
	}
	// A prepared statement does not come by ExecContext.
	if _, ok := db.Statement.ConnPool.(*gorm.PreparedStmtTX); ok {
		if t := txOf(db.Statement.ConnPool); t != nil {
			t.follow(db.Statement.SQL.String())
		}
	}
	if models := changes(db); len(models) > 0 {
		_ = db.AddError(p.invalidate(db, models))
	}
}

// hasTarget reports whether there is a rule for t that names anything, or fails.
func (p *Plugin) hasTarget(t Table) bool {
	if t == "" || !p.inv.Registered(reflect.TypeFor[Table]()) {
		return false
	}
	targets, err := p.inv.Resolve(t)
	return err != nil || len(targets.Dependencies()) > 0
}

// ruled reports whether there is a rule for the models of s, or pointers to them.
func (p *Plugin) ruled(s *schema.Schema) bool {
	return p.inv.Registered(s.ModelType) || p.inv.Registered(reflect.PointerTo(s.ModelType))
}
