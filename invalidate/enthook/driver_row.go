package enthook

import (
	"fmt"
	"reflect"

	"entgo.io/ent"
	"github.com/uncache/uncache/invalidate"
)

// were returns models, which have a rule, as rows as they were.
func (d *Driver) were(models []any) []any {
	var all []any
	for _, m := range d.withRule(models) {
		switch m.(type) {
		case Rows, unknownRows: // it stands for rows, and is none
			all = append(all, m)
		default:
			all = append(all, invalidate.Row{Model: m, Was: true, Unloaded: unloaded})
		}
	}
	return all
}

// are returns models, which have a rule, as rows as they are after m. Those of another
// type are at the other end of an edge. m has not written them, so it is no error if
// one has no page.
func (d *Driver) are(m ent.Mutation, before, models []any) []any {
	then := map[any]any{}
	for _, b := range before {
		if key := identity(b); key != nil {
			then[key] = b
		}
	}
	var all []any
	for _, model := range d.withRule(models) {
		r := invalidate.Row{Model: model, Unloaded: unloaded}
		if typ := reflect.TypeOf(model); typ.Kind() == reflect.Pointer && typ.Elem().Kind() == reflect.Struct {
			r.Was = typ.Elem().Name() != m.Type()
		}
		if key := identity(model); key != nil {
			r.Before = then[key]
		}
		all = append(all, r)
	}
	return all
}

// identity returns the type and ID of an entity, or nil.
func identity(model any) any {
	v := reflect.Indirect(reflect.ValueOf(model))
	if v.Kind() != reflect.Struct {
		return nil
	}
	id := v.FieldByName("ID")
	if !id.IsValid() || !id.Comparable() {
		return nil
	}
	type key struct {
		typ reflect.Type
		id  any
	}
	return key{v.Type(), id.Interface()}
}

// unloaded returns the edges of an entity that were not loaded, by the methods that ent
// has generated for them:
//
//	func (e PostEdges) AuthorOrErr() (*Author, error)
func unloaded(model any) []invalidate.Relation {
	v := reflect.Indirect(reflect.ValueOf(model))
	if v.Kind() != reflect.Struct {
		return nil
	}
	edges := v.FieldByName("Edges")
	if !edges.IsValid() || edges.Kind() != reflect.Struct {
		return nil
	}
	var all []invalidate.Relation
	for i := range edges.NumField() {
		name := edges.Type().Field(i).Name
		get := edges.MethodByName(name + "OrErr")
		if !get.IsValid() || get.Type().NumIn() != 0 || get.Type().NumOut() != 2 || !edges.Field(i).IsZero() {
			continue
		}
		if err := asError(get.Call(nil)[1]); err != nil && isNamed(err, "NotLoadedError") {
			all = append(all, invalidate.Relation{
				Field: "Edges." + name,
				Load:  fmt.Sprintf("query it by With%s in a function for enthook.Load", name),
			})
		}
	}
	return all
}
