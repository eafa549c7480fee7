package bunhook

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/uncache/uncache/invalidate"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"
)

// were returns rows, which have a rule, as rows as they were.
func (h *Hook) were(db *bun.DB, rows []any) []any {
	var all []any
	for _, row := range rows {
		if m := h.form(row); m != nil {
			all = append(all, invalidate.Row{Model: m, Was: true, Unloaded: h.unloaded(db, true)})
		}
	}
	return all
}

// are returns rows, which have a rule, as rows as they are after w. read says that the
// hook has read them. Otherwise the application has passed them.
func (h *Hook) are(db *bun.DB, w *write, rows []any, read bool) []any {
	then := map[string]any{}
	for _, row := range w.old {
		then[identity(db, row)] = row
	}
	var all []any
	for _, row := range rows {
		m := h.form(row)
		if m == nil {
			continue
		}
		r := invalidate.Row{Model: m, Was: read && isDeleted(db, row), Unloaded: h.unloaded(db, read)}
		if old := then[identity(db, row)]; old != nil && old != row {
			r.Before = h.form(old)
		}
		all = append(all, r)
	}
	return all
}

// form returns row, a pointer, in the form that has a rule, or nil: the pointer, unless
// the rule is for the value.
func (h *Hook) form(row any) any {
	switch typ := reflect.TypeOf(row); {
	case h.inv.Registered(typ):
		return row
	case h.inv.Registered(typ.Elem()):
		return reflect.ValueOf(row).Elem().Interface()
	case h.opts.Strict:
		return row // an error
	}
	return nil
}

// identity returns the primary key of row as text.
func identity(db *bun.DB, row any) string {
	v := reflect.ValueOf(row).Elem()
	var key []string
	for _, pk := range db.Table(v.Type()).PKs {
		key = append(key, string(pk.AppendValue(db.QueryGen(), nil, v)))
	}
	return strings.Join(key, ", ")
}

// isDeleted reports whether row is deleted softly. It has no page then, like a row that
// is gone.
func isDeleted(db *bun.DB, row any) bool {
	v := reflect.ValueOf(row).Elem()
	f := db.Table(v.Type()).SoftDeleteField
	return f != nil && !f.HasZeroValue(v)
}

// unloaded returns a function that returns the relations of a model which were not
// loaded, see [invalidate.Row]. They are of the kind "belongs-to": the foreign key is
// set. Of a row that the hook has read they are all, if there is no Options.Select.
func (h *Hook) unloaded(db *bun.DB, read bool) func(any) []invalidate.Relation {
	return func(m any) []invalidate.Relation {
		v := reflect.Indirect(reflect.ValueOf(m))
		if v.Kind() != reflect.Struct {
			return nil
		}
		var all []invalidate.Relation
		for name, rel := range db.Table(v.Type()).Relations {
			field, err := v.FieldByIndexErr(rel.Field.Index)
			if err != nil || !field.IsZero() {
				continue
			}
			switch {
			case rel.Type == schema.BelongsToRelation:
				if slices.ContainsFunc(rel.BasePKs, func(f *schema.Field) bool { return f.HasZeroValue(v) }) {
					continue
				}
			case !read || h.opts.Select != nil:
				continue
			}
			all = append(all, invalidate.Relation{
				Field: path(v.Type(), rel.Field.Index),
				Load:  fmt.Sprintf("add q.Relation(%q) in bunhook.Options.Select", name),
			})
		}
		slices.SortFunc(all, func(a, b invalidate.Relation) int { return strings.Compare(a.Field, b.Field) })
		return all
	}
}

// path returns the names of the fields that index leads through.
func path(typ reflect.Type, index []int) string {
	var names []string
	for i := range index {
		names = append(names, typ.FieldByIndex(index[:i+1]).Name)
	}
	return strings.Join(names, ".")
}
