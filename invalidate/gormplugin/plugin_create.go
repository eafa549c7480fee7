package gormplugin

import (
	"reflect"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"
)

// beforeCreate loads the rows that an upsert may change.
func (p *Plugin) beforeCreate(db *gorm.DB, w *write) error {
	stmt := db.Statement
	conflict, ok := upsert(stmt)
	if !ok || conflict.DoNothing || !w.ruled {
		return nil
	}
	if stmt.ReflectValue.Kind() == reflect.Map || isMaps(stmt.ReflectValue) {
		w.unknown = true
		return nil
	}
	w.unknown = !p.findsByKeys(db, conflict)
	var err error
	if db.Name() != "mysql" {
		w.old, err = p.loadConflicting(db, conflict, nil, clause.LockingStrengthUpdate)
		return err
	}
	// On MySQL a lock on rows that do not exist locks the gap, and two transactions
	// that insert into it would wait for each other. So only existing rows are locked.
	// They are read again: an open transaction reads old rows, and a lock reads the
	// present ones.
	there, err := p.loadConflicting(db, conflict, nil, "")
	if err != nil {
		return err
	}
	s := db.Statement.Schema
	keys := tuples(db.Statement.Context, s.PrimaryFields, there, true)
	if len(keys) == 0 {
		return nil
	}
	w.old, err = p.load(db, selection{schema: s, where: []clause.Expression{in(s.PrimaryFields, keys)}, unscoped: true, lock: clause.LockingStrengthUpdate})
	return err
}

// upsert returns what an insert does with existing rows. INSERT OR REPLACE, of SQLite,
// replaces every row that has one of its keys.
func upsert(stmt *gorm.Statement) (clause.OnConflict, bool) {
	if insert, ok := stmt.Clauses["INSERT"].Expression.(clause.Insert); ok && strings.Contains(strings.ToUpper(insert.Modifier), "REPLACE") {
		return clause.OnConflict{UpdateAll: true}, true
	}
	conflict, ok := stmt.Clauses["ON CONFLICT"].Expression.(clause.OnConflict)
	return conflict, ok
}

// afterCreate collects the rows that were inserted, and updated.
func (p *Plugin) afterCreate(db *gorm.DB, w *write) error {
	stmt := db.Statement
	if !w.ran || w.affected == 0 {
		return nil // all of them existed, and DO NOTHING did nothing
	}
	if stmt.ReflectValue.Kind() == reflect.Map || isMaps(stmt.ReflectValue) {
		return p.collectMaps(db, w)
	}
	models := elements(stmt.ReflectValue)
	if !w.ruled {
		return p.collectParents(db, w, models)
	}
	conflict, ok := upsert(stmt)
	switch {
	case ok && !conflict.DoNothing:
		// MySQL counts an existing row twice: it was found by a key that the model does
		// not declare, or was inserted in between. With RETURNING MariaDB does not.
		w.unknown = w.unknown || db.Name() == "mysql" && w.affected > int64(len(models)+len(w.old))
		rows, err := p.loadConflicting(db, conflict, w.old, "")
		p.add(db, w, stmt.Schema, rows, now)
		return err
	case ok && (w.affected < int64(len(models)) || db.Name() == "mysql"), !insertsAll(db),
		len(p.opts.Preload[stmt.Schema.Table]) > 0:
		// The row may have more columns than the model knows.
		return p.reload(db, w, models)
	}
	p.add(db, w, stmt.Schema, models, given)
	return nil
}

// loadConflicting loads the rows that have a key in common with the models of db's
// statement, or the primary key with old.
func (p *Plugin) loadConflicting(db *gorm.DB, conflict clause.OnConflict, old []reflect.Value, lock string) ([]reflect.Value, error) {
	stmt := db.Statement
	models := elements(stmt.ReflectValue)
	var keys []clause.Expression
	primary := stmt.Schema.PrimaryFields
	values := append(tuples(stmt.Context, primary, old, true), tuples(stmt.Context, primary, models, !generated(stmt.Schema))...)
	if len(values) > 0 {
		keys = append(keys, in(stmt.Schema.PrimaryFields, values))
	}
	for _, fields := range p.conflictKeys(db, conflict) {
		if values := tuples(stmt.Context, fields, models, true); len(values) > 0 {
			keys = append(keys, in(fields, withDefaults(fields, values)))
		}
	}
	if len(keys) == 0 {
		return nil, nil
	}
	return p.load(db, selection{
		schema: stmt.Schema, where: []clause.Expression{clause.Or(keys...)}, unscoped: true, lock: lock,
	})
}

// insertsAll reports whether an insert has written all columns of its models, or read
// them back, so that the models are the rows.
func insertsAll(db *gorm.DB) bool {
	s := db.Statement.Schema
	columns, restricted := db.Statement.SelectAndOmitColumns(true, false)
	for _, name := range s.DBNames {
		selected, said := columns[name]
		if said && !selected || !said && restricted {
			return false
		}
	}
	returning := false
	for _, c := range db.Callback().Create().Clauses {
		returning = returning || c == "RETURNING"
	}
	for _, f := range s.FieldsWithDefaultDBValue {
		if !returning && !f.PrimaryKey {
			return false
		}
	}
	return true
}

func isMaps(v reflect.Value) bool {
	return v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Map
}

// collectMaps collects the rows that were created from maps, if GORM has put their keys
// there.
func (p *Plugin) collectMaps(db *gorm.DB, w *write) error {
	s := db.Statement.Schema
	maps := []reflect.Value{db.Statement.ReflectValue}
	if isMaps(db.Statement.ReflectValue) {
		maps = maps[:0]
		for i := range db.Statement.ReflectValue.Len() {
			maps = append(maps, db.Statement.ReflectValue.Index(i))
		}
	}
	var rows []reflect.Value
	for _, m := range maps {
		row := reflect.New(s.ModelType)
		for _, f := range s.PrimaryFields {
			v := key(m, f, f == s.PrioritizedPrimaryField)
			if !v.IsValid() || f.Set(db.Statement.Context, row.Elem(), v.Interface()) != nil {
				w.unknown = true
				return nil
			}
		}
		rows = append(rows, row)
	}
	if !w.ruled {
		w.unknown = true
		return nil
	}
	return p.reload(db, w, rows)
}

func key(m reflect.Value, f *schema.Field, prioritized bool) reflect.Value {
	names := []string{f.DBName, f.Name}
	if prioritized {
		names = append(names, "@id")
	}
	for _, name := range names {
		if v := m.MapIndex(reflect.ValueOf(name)); v.IsValid() {
			return v
		}
	}
	return reflect.Value{}
}
