package gormplugin

import (
	"context"
	"reflect"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"
)

// beforeUpdate loads the rows that an update is going to change.
func (p *Plugin) beforeUpdate(db *gorm.DB, w *write) error {
	stmt := db.Statement
	var keys []clause.Expression
	if v := stmt.ReflectValue; v.Kind() == reflect.Struct {
		// As GORM reads it: half of a key is a condition, too.
		for _, f := range stmt.Schema.PrimaryFields {
			if value, zero := f.ValueOf(stmt.Context, v); !zero {
				keys = append(keys, clause.Eq{Column: clause.Column{Table: clause.CurrentTable, Name: f.DBName}, Value: value})
			}
		}
	} else {
		keys = byKey(stmt.Context, stmt.Schema, v)
	}
	return p.loadMatching(db, w, keys)
}

// afterUpdate collects the rows as they are after the update.
func (p *Plugin) afterUpdate(db *gorm.DB, w *write) error {
	stmt := db.Statement
	if len(w.old) == 0 && w.affected == 0 {
		return nil // Save, of a row that is going to be created
	}
	w.count()
	models := elements(stmt.ReflectValue)
	rows := append(models, w.old...)
	if !w.ruled {
		if _, err := p.now(db, w, rows); err != nil {
			return err
		}
		return p.collectParents(db, w, rows)
	}
	if savesAll(stmt) && len(p.opts.Preload[stmt.Schema.Table]) == 0 {
		p.add(db, w, stmt.Schema, models, given)
		return nil
	}
	// By the old keys and by those of the model, which may be new.
	return p.reload(db, w, rows)
}

// beforeDelete loads the rows that are going to be deleted.
func (p *Plugin) beforeDelete(db *gorm.DB, w *write) error {
	stmt := db.Statement
	keys := byKey(stmt.Context, stmt.Schema, stmt.ReflectValue)
	if model := reflect.ValueOf(stmt.Model); stmt.ReflectValue.CanAddr() && model.Kind() == reflect.Pointer && stmt.Dest != stmt.Model {
		keys = append(keys, byKey(stmt.Context, stmt.Schema, model.Elem())...)
	}
	if err := p.loadMatching(db, w, keys); err != nil || w.ruled {
		return err
	}
	return p.collectParents(db, w, w.old)
}

func (p *Plugin) afterDelete(_ *gorm.DB, w *write) error {
	w.count()
	return nil
}

// loadMatching loads the rows that match the conditions of db's statement and keys,
// which GORM is going to add to them. It locks the rows, and restricts the statement to
// them if its condition may match others when it runs.
func (p *Plugin) loadMatching(db *gorm.DB, w *write, keys []clause.Expression) error {
	stmt := db.Statement
	where, _ := stmt.Clauses["WHERE"].Expression.(clause.Where)
	exprs := append(where.Exprs[:len(where.Exprs):len(where.Exprs)], keys...)
	if len(exprs) == 0 && !db.AllowGlobalUpdate {
		return nil // which GORM refuses
	}
	_, from := stmt.Clauses["FROM"]
	_, with := stmt.Clauses["WITH"]
	if from || with || len(stmt.Joins) > 0 || stmt.SQL.Len() > 0 || stmt.Clauses["WHERE"].Builder != nil {
		w.unknown = true
		return nil
	}
	var all []clause.Expression
	if len(exprs) > 0 {
		all = []clause.Expression{clause.And(slices.Clone(exprs)...)}
	}
	rows, by, err := p.loadWhere(db, selection{
		schema: stmt.Schema, where: all, unscoped: stmt.Unscoped, lock: clause.LockingStrengthUpdate, limit: p.opts.MaxRows + 1,
	})
	if err != nil {
		return err
	}
	if len(rows) > p.opts.MaxRows {
		w.unknown = true
		return nil
	}
	w.old = rows
	if oneRow(stmt.Schema, keys, exprs) {
		w.counted = len(rows) == 0
		return nil
	}
	by = slices.DeleteFunc(slices.Clone(by), func(e clause.Expression) bool { return len(all) > 0 && reflect.DeepEqual(e, all[0]) })
	p.restrict(db, w, exprs, by)
	return nil
}

// oneRow reports whether exprs match at most one row, because keys, which are among
// them, are the key of one.
func oneRow(s *schema.Schema, keys, exprs []clause.Expression) bool {
	equal := 0
	for _, e := range keys {
		switch e := e.(type) {
		case clause.Eq:
			equal++
		case clause.IN:
			if len(e.Values) == 1 {
				equal = len(s.PrimaryFields)
			}
		}
	}
	return equal > 0 && equal == len(s.PrimaryFields) && !slices.ContainsFunc(exprs, isOr)
}

// isOr reports whether e is joined to the condition before it by OR.
func isOr(e clause.Expression) bool {
	or, ok := e.(clause.OrConditions)
	return ok && len(or.Exprs) == 1
}

// byKey is the condition that a row is one of models.
func byKey(ctx context.Context, s *schema.Schema, models reflect.Value) []clause.Expression {
	values := tuples(ctx, s.PrimaryFields, elements(models), false)
	if len(values) == 0 {
		return nil
	}
	return []clause.Expression{in(s.PrimaryFields, values)}
}

// reload collects rows as they are now.
func (p *Plugin) reload(db *gorm.DB, w *write, rows []reflect.Value) error {
	s := db.Statement.Schema
	if len(s.PrimaryFields) == 0 {
		w.unknown = true
		return nil
	}
	found, err := p.now(db, w, rows)
	p.add(db, w, s, found, now)
	return err
}

// now loads rows as they are after a write. If an old row is not found its key has
// changed. If the model does not have the new key, a condition or an expression has set
// it, and nobody knows to what.
func (p *Plugin) now(db *gorm.DB, w *write, rows []reflect.Value) ([]reflect.Value, error) {
	s := db.Statement.Schema
	keys := func(rows []reflect.Value, zero bool) [][]any {
		return tuples(db.Statement.Context, s.PrimaryFields, rows, zero)
	}
	// A row that was read has its key, whatever that is.
	all := append(keys(rows, w.op == inserts && !generated(s)), keys(w.old, true)...)
	found, err := p.lookup(db, s, s.PrimaryFields, all, "")
	if len(keys(found, true)) < len(keys(w.old, true)) {
		w.unknown = true
	}
	return found, err
}

// generated reports whether a zero primary key of s has yet to be generated.
func generated(s *schema.Schema) bool {
	return slices.ContainsFunc(s.PrimaryFields, func(f *schema.Field) bool { return f.AutoIncrement || f.HasDefaultValue })
}

// savesAll reports whether an update has written all columns of its model, as
// [gorm.DB.Save] does, so that the model is the row.
func savesAll(stmt *gorm.Statement) bool {
	if reflect.ValueOf(stmt.Dest).Kind() != reflect.Pointer || stmt.Dest != stmt.Model {
		return false
	}
	columns, _ := stmt.SelectAndOmitColumns(false, true)
	for _, name := range stmt.Schema.DBNames {
		if !columns[name] {
			return false
		}
	}
	return true
}
