package gormplugin

import (
	"reflect"
	"slices"
	"sync"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"
)

// findsByKeys reports whether the rows that an upsert finds can be looked up by the
// models of db's statement. They cannot if it finds them by an expression, by a
// constraint that the model does not declare, or by a value that the database makes.
func (p *Plugin) findsByKeys(db *gorm.DB, conflict clause.OnConflict) bool {
	s := db.Statement.Schema
	if conflict.OnConstraint != "" && db.Name() == "postgres" && !p.unique.of(s).constraints[conflict.OnConstraint] {
		return false
	}
	for _, c := range conflict.Columns {
		if f := s.LookUpField(c.Name); conflict.OnConstraint == "" && (c.Raw || f == nil || f.DBName == "") {
			return false
		}
	}
	for _, fields := range p.conflictKeys(db, conflict) {
		for _, f := range fields {
			if f.PrimaryKey || !f.HasDefaultValue || f.DefaultValueInterface != nil {
				continue
			}
			for _, m := range elements(db.Statement.ReflectValue) {
				if _, zero := f.ValueOf(db.Statement.Context, m.Elem()); zero {
					return false
				}
			}
		}
	}
	return true
}

// conflictKeys returns the fields of the unique keys, beside the primary one, by which
// an upsert may find a row: those that it names, or all. MySQL finds it by any.
func (p *Plugin) conflictKeys(db *gorm.DB, conflict clause.OnConflict) [][]*schema.Field {
	s := db.Statement.Schema
	var named []*schema.Field
	for _, c := range conflict.Columns {
		if f := s.LookUpField(c.Name); f != nil && f.DBName != "" {
			named = append(named, f)
		}
	}
	if len(named) > 0 && conflict.OnConstraint == "" && db.Name() != "mysql" {
		return [][]*schema.Field{named}
	}
	all := slices.Clone(p.unique.of(s).keys)
	if len(named) > 0 { // which the model may not declare
		all = append(all, named)
	}
	return all
}

// withDefaults replaces zero values by the defaults of fields, as GORM does when it
// inserts.
func withDefaults(fields []*schema.Field, tuples [][]any) [][]any {
	for _, tuple := range tuples {
		for i, f := range fields {
			if v := reflect.ValueOf(tuple[i]); f.DefaultValueInterface != nil && (!v.IsValid() || v.IsZero()) {
				tuple[i] = f.DefaultValueInterface
			}
		}
	}
	return tuples
}

// A declaration is what a schema says of its unique keys, beside the primary one.
type declaration struct {
	keys [][]*schema.Field
	// constraints are their names, as GORM and PostgreSQL give them.
	constraints map[string]bool
}

// uniqueKeys remembers the unique keys of schemas. To ask a schema for them writes to
// it, while others read it.
type uniqueKeys struct {
	mu    sync.Mutex
	known map[*schema.Schema]declaration
}

func (u *uniqueKeys) of(s *schema.Schema) declaration {
	u.mu.Lock()
	defer u.mu.Unlock()
	d, ok := u.known[s]
	if ok {
		return d
	}
	d.constraints = map[string]bool{s.Table + "_pkey": true}
	for name := range s.ParseUniqueConstraints() {
		d.constraints[name] = true
	}
	for _, f := range s.Fields {
		if f.Unique && f.DBName != "" {
			d.keys = append(d.keys, []*schema.Field{f})
			d.constraints[s.Table+"_"+f.DBName+"_key"] = true
		}
	}
	for _, index := range s.ParseIndexes() {
		if index.Class == "UNIQUE" {
			var fields []*schema.Field
			for _, f := range index.Fields {
				fields = append(fields, f.Field)
			}
			d.keys = append(d.keys, fields)
			d.constraints[index.Name] = true
		}
	}
	if u.known == nil {
		u.known = make(map[*schema.Schema]declaration)
	}
	u.known[s] = d
	return d
}
