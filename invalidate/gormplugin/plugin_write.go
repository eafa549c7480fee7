package gormplugin

import (
	"fmt"
	"reflect"

	"github.com/uncache/uncache/invalidate"
	"gorm.io/gorm"
	"gorm.io/gorm/schema"
)

// wrapStatement wraps the pool of a statement if that is not the database's own, but of
// [gorm.DB.Connection].
func (p *Plugin) wrapStatement(db *gorm.DB) {
	db.Statement.ConnPool = p.wrap(db.Statement.ConnPool, db.Name())
}

// before finds out whether a write is to be invalidated. If so it calls load, which
// learns what it has to know before the write.
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

// refuse returns an error if the plugin cannot learn how the transaction of db ends.
func (p *Plugin) refuse(db *gorm.DB) error {
	if foreign(db.Statement.ConnPool) && invalidate.BatchOf(db.Statement.Context) == nil {
		return fmt.Errorf("gormplugin: %q: %w", db.Statement.Table, ErrForeignTx)
	}
	return nil
}

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
				// The rows are written, unless they are rolled back because of this:
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

// addUnknown adds what stands for the rows of w that are not known: the Table, or
// everything.
func (p *Plugin) addUnknown(db *gorm.DB, w *write) {
	table := tableOf(db.Statement)
	switch {
	case w.table || w.unknown && p.hasTarget(table):
		w.models = append(w.models, table)
	case w.unknown:
		w.models = append(w.models, unknownRows(table))
	}
}

// hasTarget reports whether the rule for t names anything, or fails.
func (p *Plugin) hasTarget(t Table) bool {
	if t == "" || !p.inv.Registered(reflect.TypeFor[Table]()) {
		return false
	}
	targets, err := p.inv.Resolve(t)
	return err != nil || len(targets.Dependencies()) > 0
}

// ruled reports whether the models of s, or pointers to them, have a rule.
func (p *Plugin) ruled(s *schema.Schema) bool {
	return p.inv.Registered(s.ModelType) || p.inv.Registered(reflect.PointerTo(s.ModelType))
}
