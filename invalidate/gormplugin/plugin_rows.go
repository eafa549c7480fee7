package gormplugin

import (
	"context"
	"reflect"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"
)

// A selection says which rows to load.
type selection struct {
	schema   *schema.Schema
	where    []clause.Expression
	unscoped bool   // also rows that were deleted softly
	lock     string // until the transaction ends, where the database can
	limit    int
}

// load returns pointers to the rows of a selection, with the associations of Preload.
// It reads them in the transaction of db, and runs hooks, as any query does.
func (p *Plugin) load(db *gorm.DB, sel selection) ([]reflect.Value, error) {
	rows, _, err := p.loadWhere(db, sel)
	return rows, err
}

// loadWhere is load. It also returns the condition by which the rows were read, as
// scopes and callbacks have left it.
func (p *Plugin) loadWhere(db *gorm.DB, sel selection) ([]reflect.Value, []clause.Expression, error) {
	typ := reflect.PointerTo(sel.schema.ModelType)
	q := db.Session(&gorm.Session{NewDB: true}).Model(reflect.New(sel.schema.ModelType).Interface())
	q.Error = nil                 // set by a hook, after the write
	q.Statement.SkipHooks = false // set by UpdateColumns
	if sel.schema == db.Statement.Schema {
		q.Statement.Table, q.Statement.TableExpr = db.Statement.Table, db.Statement.TableExpr
	}
	if len(sel.where) > 0 { // without a condition, everything: WHERE alone is no SQL
		q = q.Clauses(clause.Where{Exprs: sel.where})
	}
	for _, name := range p.opts.Preload[sel.schema.Table] {
		q = q.Preload(name)
	}
	if sel.unscoped {
		q = q.Unscoped()
	}
	if sel.limit > 0 {
		q = q.Limit(sel.limit)
	}
	if name := db.Name(); sel.lock != "" && (name == "postgres" || name == "mysql") {
		q = q.Clauses(clause.Locking{Strength: sel.lock})
	}
	dest := reflect.New(reflect.SliceOf(typ))
	found := q.Find(dest.Interface())
	if found.Error != nil {
		return nil, nil, found.Error
	}
	where, _ := found.Statement.Clauses["WHERE"].Expression.(clause.Where)
	return elements(dest.Elem()), where.Exprs, nil
}

// lookup loads the rows in which fields have one of values, deleted ones too. It asks
// for as many at a time as any database takes parameters.
func (p *Plugin) lookup(db *gorm.DB, s *schema.Schema, fields []*schema.Field, values [][]any, lock string) ([]reflect.Value, error) {
	const atATime = 1000
	var all []reflect.Value
	for len(values) > 0 {
		n := min(len(values), atATime)
		rows, err := p.load(db, selection{schema: s, where: []clause.Expression{in(fields, values[:n])}, unscoped: true, lock: lock})
		if err != nil {
			return nil, err
		}
		all = append(all, rows...)
		values = values[n:]
	}
	return all, nil
}

// in is the condition that fields have one of values.
func in(fields []*schema.Field, values [][]any) clause.Expression {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.DBName
	}
	column, list := schema.ToQueryValues(clause.CurrentTable, names, values)
	return clause.IN{Column: column, Values: list}
}

// tuples returns what rows have in fields, each tuple once. If zero is false it leaves
// out tuples of zero values, such as a primary key that has yet to be generated.
func tuples(ctx context.Context, fields []*schema.Field, rows []reflect.Value, zero bool) [][]any {
	var all [][]any
	if len(fields) == 0 {
		return nil
	}
	type pair struct{ a, b any } // most keys; longer ones may come twice
	seen := map[pair]bool{}
	for _, row := range rows {
		tuple := make([]any, len(fields))
		given := zero
		for i, f := range fields {
			v, isZero := f.ValueOf(ctx, row.Elem())
			tuple[i] = v
			given = given || !isZero
		}
		if !given {
			continue
		}
		if len(tuple) <= 2 && hashable(tuple) {
			k := pair{a: tuple[0]}
			if len(tuple) == 2 {
				k.b = tuple[1]
			}
			if seen[k] {
				continue
			}
			seen[k] = true
		}
		all = append(all, tuple)
	}
	return all
}

func hashable(tuple []any) bool {
	for _, v := range tuple {
		if !reflect.ValueOf(v).Comparable() {
			return false
		}
	}
	return true
}

// elements returns pointers to the models in v: a struct, or a slice or array of
// structs or pointers. Maps have none.
func elements(v reflect.Value) []reflect.Value {
	switch v.Kind() {
	case reflect.Struct:
		if v.CanAddr() {
			return []reflect.Value{v.Addr()}
		}
		ptr := reflect.New(v.Type())
		ptr.Elem().Set(v)
		return []reflect.Value{ptr}
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return elements(v.Elem())
	case reflect.Slice, reflect.Array:
		var all []reflect.Value
		for i := range v.Len() {
			all = append(all, elements(v.Index(i))...)
		}
		return all
	}
	return nil
}
