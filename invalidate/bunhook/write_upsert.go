package bunhook

import (
	"reflect"
	"slices"
	"strings"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"
)

// upsert reports whether an INSERT may change an existing row.
func (w *write) upsert() bool { return w.conflict() != "" }

// conflict returns what an INSERT says of existing rows, in upper case, or "".
func (w *write) conflict() string {
	query := strings.ToUpper(w.code)
	for _, clause := range []string{" ON CONFLICT", " ON DUPLICATE KEY", "REPLACE "} {
		if i := strings.Index(query, clause); i >= 0 {
			return query[i:]
		}
	}
	return ""
}

// conflictKeys returns the keys by which an upsert may find rows, and false if it does
// not say so.
func (w *write) conflictKeys(db *bun.DB) ([][]*schema.Field, bool) {
	conflict := w.conflict()
	if w.typ == nil {
		return nil, false
	}
	table := db.Table(w.typ)
	target, ok := strings.CutPrefix(conflict, " ON CONFLICT")
	if !ok { // by any key
		keys := [][]*schema.Field{table.PKs}
		for name, fields := range table.Unique {
			if name != "" {
				keys = append(keys, fields)
				continue
			}
			for _, f := range fields { // each by itself
				keys = append(keys, []*schema.Field{f})
			}
		}
		return keys, true
	}
	target = strings.TrimLeft(target, " \t\n")
	list, _, ok := strings.Cut(strings.TrimPrefix(target, "("), ")")
	if !ok || !strings.HasPrefix(target, "(") {
		return nil, false
	}
	var key []*schema.Field
	for column := range strings.SplitSeq(list, ",") {
		name := strings.Trim(column, " \t\n\"`")
		i := slices.IndexFunc(table.Fields, func(f *schema.Field) bool { return strings.EqualFold(f.Name, name) })
		if i < 0 {
			return nil, false
		}
		key = append(key, table.Fields[i])
	}
	return [][]*schema.Field{key}, true
}

// replaces reports whether an INSERT may have changed a row that was not loaded.
func (w *write) replaces(db *bun.DB) bool {
	conflict := w.conflict()
	if conflict == "" || strings.HasPrefix(conflict, " ON CONFLICT") && !strings.Contains(conflict, "UPDATE") {
		return false // DO NOTHING
	}
	_, ok := w.conflictKeys(db)
	return !ok || !w.loaded || w.others
}

// inserted returns rows with nothing but the values that an INSERT has for the fields
// of a key, and whether others may meet an existing row: values that the database
// makes.
//
// Bun leaves a zero value out if the field is nullzero, a pointer, or has a default.
// Then it is NULL, which meets no row, or a default, which the model need not know. A
// primary key that the database makes is new. MySQL looks at all keys, not only at
// those for a conflict. There the number of changed rows has to tell, unless the model
// has a default.
func inserted(key []*schema.Field, rows []any, mysql bool) (keys []any, others bool) {
	for _, row := range rows {
		from := reflect.ValueOf(row).Elem()
		to := reflect.New(from.Type())
		left := false
		for _, f := range key {
			if f.HasZeroValue(from) && (f.NullZero || f.IsPtr || f.SQLDefault != "") {
				left = true
				others = others || !f.IsPK && (f.SQLDefault != "" || !mysql)
				continue
			}
			f.Value(to.Elem()).Set(f.Value(from))
		}
		if !left {
			keys = append(keys, to.Interface())
		}
	}
	return keys, others
}
