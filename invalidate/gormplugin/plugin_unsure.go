package gormplugin

import (
	"database/sql"
	"errors"
	"reflect"

	"github.com/uncache/uncache/invalidate/integrate"
	"gorm.io/gorm"
	"gorm.io/gorm/callbacks"
	"gorm.io/gorm/clause"
)

// unsure invalidates what a write may have changed that has returned an error: its
// answer was lost, or could not be read. It does not ask the database again. Rows are
// known as they were, and as they are if the statement says so. An error of a rule is
// not added: the write has one already.
func (p *Plugin) unsure(db *gorm.DB, w *write) {
	var rows []reflect.Value // as they are
	known := true
	switch {
	case !w.ruled: // a join table, or a model without a rule
		known = len(w.parents) == 0 || w.op == deletes // whose parents were read before
	case w.op == inserts:
		rows, known = inserted(db)
	case w.op == updates:
		rows, known = p.updated(db, w)
	}
	w.unknown = w.unknown || w.unsteady || w.counted || !known
	if w.ruled {
		p.add(db, w, db.Statement.Schema, rows, given)
		p.add(db, w, db.Statement.Schema, w.old, old)
	}
	models := w.models
	w.models = nil
	for _, m := range models {
		if _, err := p.inv.Resolve(m); err != nil {
			w.unknown = true
			continue
		}
		w.models = append(w.models, m)
	}
	p.addUnknown(db, w)
	if len(w.models) > 0 {
		_ = db.AddError(p.invalidate(db, w.models))
	}
}

// inserted returns the rows as an insert was going to write them. It returns false if
// the database decides about a part of them: a default, a new key, an existing row.
func inserted(db *gorm.DB) ([]reflect.Value, bool) {
	stmt := db.Statement
	models := elements(stmt.ReflectValue)
	conflict, ok := upsert(stmt)
	if len(models) == 0 || ok && !conflict.DoNothing {
		return models, false
	}
	columns, restricted := stmt.SelectAndOmitColumns(true, false)
	for _, name := range stmt.Schema.DBNames {
		if selected, said := columns[name]; said && !selected || !said && restricted {
			return models, false
		}
	}
	for _, f := range stmt.Schema.FieldsWithDefaultDBValue {
		for _, m := range models {
			if _, zero := f.ValueOf(stmt.Context, m.Elem()); zero {
				return models, false
			}
		}
	}
	return models, true
}

// updated returns the rows as an update was going to leave them. It returns false if
// the update uses an expression, or if a hook or an association sets what the rule
// reads.
func (p *Plugin) updated(db *gorm.DB, w *write) ([]reflect.Value, bool) {
	stmt := db.Statement
	s := stmt.Schema
	if s.AfterFind || len(p.opts.Preload[s.Table]) > 0 {
		return nil, false
	}
	where, has := stmt.Clauses["WHERE"]
	set := callbacks.ConvertToAssignments(stmt) // which GORM has forgotten
	if stmt.Clauses["WHERE"] = where; !has {
		delete(stmt.Clauses, "WHERE")
	}
	var rows []reflect.Value
	for _, old := range w.old {
		row := reflect.New(s.ModelType)
		row.Elem().Set(old.Elem())
		for _, a := range set {
			f := s.LookUpField(a.Column.Name)
			if f == nil {
				continue // no field, so no rule reads it
			}
			switch a.Value.(type) {
			case clause.Expression, gorm.Valuer, []any, *gorm.DB:
				return rows, false
			}
			if err := f.Set(stmt.Context, row.Elem(), a.Value); err != nil {
				return rows, false
			}
		}
		rows = append(rows, row)
	}
	return rows, true
}

// refused reports whether err says that a statement has changed nothing: the database
// says so, or the statement was not sent.
func refused(err error) bool {
	for _, by := range []error{
		gorm.ErrMissingWhereClause, gorm.ErrDuplicatedKey, gorm.ErrForeignKeyViolated, gorm.ErrCheckConstraintViolated, sql.ErrTxDone,
	} {
		if errors.Is(err, by) {
			return true
		}
	}
	return integrate.Refused(err)
}
