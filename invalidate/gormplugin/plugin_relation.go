package gormplugin

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/uncache/uncache/invalidate"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"
)

// A source is where the rows of a write come from.
type source int

const (
	given source = iota // saved by the application
	now                 // read by the plugin, as they are
	old                 // read by the plugin, as they were
)

// add adds rows of s to what w invalidates. Their rules may read only what was loaded.
func (p *Plugin) add(db *gorm.DB, w *write, s *schema.Schema, rows []reflect.Value, from source) {
	ctx := db.Statement.Context
	unloaded := p.unloaded(db, from != given)
	before := map[string]reflect.Value{}
	if from != old && s == db.Statement.Schema {
		for _, row := range w.old {
			before[keyText(ctx, s, row)] = row
		}
	}
	for _, row := range rows {
		// A row that is deleted softly has no page, like one that is gone.
		was := from == old || isDeleted(ctx, s, row)
		then, had := before[keyText(ctx, s, row)]
		for _, form := range p.forms(s) {
			r := invalidate.Row{Model: form(row), Was: was, Unloaded: unloaded}
			if had && then.Pointer() != row.Pointer() {
				r.Before = form(then)
			}
			w.models = append(w.models, r)
		}
	}
}

// forms returns in which forms models of s have rules: a pointer, the value, or both.
func (p *Plugin) forms(s *schema.Schema) []func(reflect.Value) any {
	var all []func(reflect.Value) any
	if p.inv.Registered(reflect.PointerTo(s.ModelType)) {
		all = append(all, func(row reflect.Value) any { return row.Interface() })
	}
	if p.inv.Registered(s.ModelType) {
		all = append(all, func(row reflect.Value) any { return row.Elem().Interface() })
	}
	return all
}

func keyText(ctx context.Context, s *schema.Schema, row reflect.Value) string {
	var key []string
	for _, f := range s.PrimaryFields {
		v, _ := f.ValueOf(ctx, row.Elem())
		key = append(key, fmt.Sprintf("%q", fmt.Sprint(reflect.Indirect(reflect.ValueOf(v)))))
	}
	return strings.Join(key, " ")
}

// isDeleted reports whether row is deleted softly.
func isDeleted(ctx context.Context, s *schema.Schema, row reflect.Value) bool {
	return slices.ContainsFunc(s.Fields, func(f *schema.Field) bool {
		if !marksDeleted(f) {
			return false
		}
		_, zero := f.ValueOf(ctx, row.Elem())
		return !zero
	})
}

// marksDeleted reports whether f says that a row is deleted softly.
func marksDeleted(f *schema.Field) bool {
	_, ok := reflect.New(f.FieldType).Interface().(schema.DeleteClausesInterface)
	return ok
}

// unloaded returns a function that returns the associations of a model which were not
// loaded, see [invalidate.Row]. Of a model that the application has saved these are of
// the kind "belongs to": the foreign key is set. Of a row that the plugin has read they
// are all that Options.Preload does not name: the row may or may not have one.
func (p *Plugin) unloaded(db *gorm.DB, read bool) func(any) []invalidate.Relation {
	return func(m any) []invalidate.Relation {
		v := reflect.Indirect(reflect.ValueOf(m))
		if v.Kind() != reflect.Struct {
			return nil
		}
		stmt := gorm.Statement{DB: db}
		if stmt.Parse(reflect.New(v.Type()).Interface()) != nil {
			return nil // not a model of GORM
		}
		root := stmt.Schema.Table == string(tableOf(db.Statement))
		var all []invalidate.Relation
		for _, rel := range stmt.Schema.Relationships.Relations {
			belongs := rel.Type == schema.BelongsTo
			if rel.Field == nil || rel.Schema != stmt.Schema || !belongs && !(read && root) {
				continue
			}
			field := rel.Field.ReflectValueOf(db.Statement.Context, v)
			if !field.IsZero() || belongs && !isSet(db.Statement.Context, rel, v) || p.preloads(stmt.Schema.Table, rel.Name) {
				continue
			}
			all = append(all, invalidate.Relation{
				Field: strings.Join(rel.Field.BindNames, "."),
				Load:  fmt.Sprintf("Preload it: add %q to gormplugin.Options.Preload[%q]", rel.Name, stmt.Schema.Table),
			})
		}
		slices.SortFunc(all, func(a, b invalidate.Relation) int { return strings.Compare(a.Field, b.Field) })
		return all
	}
}

// isSet reports whether the foreign key of rel is set in v.
func isSet(ctx context.Context, rel *schema.Relationship, v reflect.Value) bool {
	for _, ref := range rel.References {
		if ref.PrimaryValue != "" || ref.OwnPrimaryKey {
			continue
		}
		if _, zero := ref.ForeignKey.ValueOf(ctx, v); zero {
			return false
		}
	}
	return true
}

// preloads reports whether the association with this name is loaded with rows of table,
// by itself or with others.
func (p *Plugin) preloads(table, association string) bool {
	for of, names := range p.opts.Preload {
		for _, name := range names {
			first, deeper, _ := strings.Cut(name, ".")
			if of == table && (first == association || first == clause.Associations) ||
				slices.Contains(strings.Split(deeper, "."), association) {
				return true
			}
		}
	}
	return false
}
