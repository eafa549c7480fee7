package gormplugin

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/callbacks"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"
)

// checkIgnore returns an error if Options.Ignore names anything but a column of s, or a
// column that always counts.
func (p *Plugin) checkIgnore(s *schema.Schema) error {
	if s == nil || len(p.opts.Ignore[s.Table]) == 0 {
		return nil
	}
	if seen, ok := p.ignore.Load(s); ok {
		return seen.(result).error
	}
	var wrong error
	for _, name := range p.opts.Ignore[s.Table] {
		f, ok := s.FieldsByDBName[name]
		why := ""
		switch {
		case !ok:
			why = "is no column of " + s.Name + " (columns have the names that they have in SQL)"
		case f.PrimaryKey:
			why = "is the primary key"
		case marksDeleted(f):
			why = "says whether a row is deleted"
		default:
			continue
		}
		wrong = fmt.Errorf("gormplugin: Options.Ignore[%q]: %q %s", s.Table, name, why)
		break
	}
	p.ignore.Store(s, result{wrong})
	return wrong
}

// A result is an error, or nil.
type result struct{ error }

// ignores reports whether the update of db sets ignored columns only. If so it checks
// again when the statement is built: a callback may have added a column.
func (p *Plugin) ignores(db *gorm.DB, w *write) bool {
	stmt := db.Statement
	columns := p.opts.Ignore[string(tableOf(stmt))]
	if len(columns) == 0 || stmt.SQL.Len() > 0 || stmt.Clauses["UPDATE"].Builder != nil || stmt.Clauses["SET"].Builder != nil {
		return false
	}
	if !only(assignments(stmt), columns) {
		return false
	}
	update := stmt.Clauses["UPDATE"]
	if update.Expression == nil {
		update.Expression = clause.Update{}
	}
	update.Name = "UPDATE"
	update.Builder = func(c clause.Clause, b clause.Builder) {
		set, _ := stmt.Clauses["SET"].Expression.(clause.Set)
		w.sets = !only(set, columns)
		c.Builder = nil
		c.Build(b)
	}
	stmt.Clauses["UPDATE"] = update
	// It must be built again here: other code may have built it.
	w.ignored, w.sets = true, true
	return true
}

// unignore takes the builder out of the statement, which may be used again.
func unignore(db *gorm.DB, w *write) {
	if !w.ignored {
		return
	}
	update := db.Statement.Clauses["UPDATE"]
	update.Builder = nil
	db.Statement.Clauses["UPDATE"] = update
}

// only reports whether set assigns to some of columns, and to nothing else.
func only(set clause.Set, columns []string) bool {
	return len(set) > 0 && !slices.ContainsFunc(set, func(a clause.Assignment) bool {
		return a.Column.Raw || !slices.Contains(columns, a.Column.Name)
	})
}

// assignments returns what an update is going to set, as GORM says. It asks GORM with a
// copy of the statement, since GORM also adds conditions, and writes into the model.
func assignments(stmt *gorm.Statement) clause.Set {
	if set, ok := stmt.Clauses["SET"].Expression.(clause.Set); ok {
		return set
	}
	model := stmt.ReflectValue
	if model.IsValid() && model.CanInterface() {
		model = reflect.ValueOf(model.Interface()) // which cannot be written to
	}
	probe := stmt.DB.Session(&gorm.Session{NewDB: true})
	return callbacks.ConvertToAssignments(&gorm.Statement{
		DB: probe, Context: stmt.Context, Schema: stmt.Schema, Table: stmt.Table, TableExpr: stmt.TableExpr,
		Model: stmt.Model, Dest: stmt.Dest, ReflectValue: model, Clauses: maps.Clone(stmt.Clauses),
		Selects: stmt.Selects, Omits: stmt.Omits, SkipHooks: stmt.SkipHooks,
	})
}

// afterIgnored invalidates what an update has changed that was going to set ignored
// columns: nothing, or rows that were not read.
func (p *Plugin) afterIgnored(db *gorm.DB, w *write) {
	if w.sets && (w.ran || w.unsure) {
		w.unknown = true
		p.addUnknown(db, w)
	}
	if len(w.models) > 0 {
		_ = db.AddError(p.invalidate(db, w.models))
	}
}
