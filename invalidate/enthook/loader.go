package enthook

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"entgo.io/ent"
)

// A loader loads what a mutation changes.
type loader interface {
	// models returns the types of what it may load.
	models() []reflect.Type
	// ids returns the IDs of the rows that m is going to change, and how many: -1 if
	// that is not known.
	ids(ctx context.Context, m ent.Mutation) (ids any, n int, err error)
	// id returns the same for a row that m has created.
	id(m ent.Mutation) any
	load(ctx context.Context, m ent.Mutation, ids any) ([]any, error)
	// loaded returns what load would return for row, if no query is needed.
	loaded(ctx context.Context, row any) ([]any, error)
}

// typedLoader is the function that Load was given.
type typedLoader[M Mutation[ID], ID, T any] func(ctx context.Context, m M, ids []ID) ([]T, error)

func (typedLoader[M, ID, T]) models() []reflect.Type { return []reflect.Type{reflect.TypeFor[T]()} }

func (typedLoader[M, ID, T]) ids(ctx context.Context, m ent.Mutation) (any, int, error) {
	ids, err := m.(M).IDs(ctx)
	return ids, len(ids), err
}

func (typedLoader[M, ID, T]) id(m ent.Mutation) any {
	if id, ok := m.(M).ID(); ok {
		return []ID{id}
	}
	return []ID(nil)
}

func (load typedLoader[M, ID, T]) load(ctx context.Context, m ent.Mutation, ids any) ([]any, error) {
	if len(ids.([]ID)) == 0 {
		return nil, nil
	}
	rows, err := load(withoutLock(ctx), m.(M), ids.([]ID))
	all := make([]any, len(rows))
	for i, row := range rows {
		all[i] = row
	}
	return all, err
}

func (typedLoader[M, ID, T]) loaded(_ context.Context, row any) ([]any, error) {
	return []any{row}, nil
}

// generated loads with the code that ent has generated for every type. This package
// cannot import that, and calls it by name:
//
//	func (m *PostMutation) Client() *Client
//	func (m *PostMutation) ID() (int, bool)
//	func (m *PostMutation) IDs(ctx context.Context) ([]int, error)
//	func (c *PostClient) Get(ctx context.Context, id int) (*Post, error)
//	func (c *PostClient) Query() *PostQuery
//	func (c *PostClient) QueryTags(p *Post) *TagQuery
//	func (q *TagQuery) All(ctx context.Context) ([]*Tag, error)
type generated struct {
	m      ent.Mutation
	v      reflect.Value // of m
	client reflect.Value // the *PostClient, or invalid
}

func (g generated) models() []reflect.Type {
	c := g.client
	if !c.IsValid() {
		return []reflect.Type{reflect.TypeFor[any]()}
	}
	var types []reflect.Type
	if get := c.MethodByName("Get"); get.IsValid() {
		types = append(types, get.Type().Out(0))
	} else if query := c.MethodByName("Query"); query.IsValid() {
		types = append(types, far(query))
	}
	for _, e := range g.edges() {
		types = append(types, far(edge(c, e)))
	}
	return types
}

func (g generated) ids(ctx context.Context, _ ent.Mutation) (any, int, error) {
	method := g.v.MethodByName("IDs")
	if !method.IsValid() { // the key is of several columns
		return reflect.Value{}, -1, nil
	}
	out := method.Call([]reflect.Value{reflect.ValueOf(ctx)})
	return out[0], out[0].Len(), asError(out[1])
}

func (g generated) id(ent.Mutation) any {
	method := g.v.MethodByName("ID")
	if !method.IsValid() {
		return reflect.Value{}
	}
	out := method.Call(nil)
	ids := reflect.MakeSlice(reflect.SliceOf(out[0].Type()), 0, 1)
	if out[1].Bool() {
		ids = reflect.Append(ids, out[0])
	}
	return ids
}

func (g generated) load(ctx context.Context, _ ent.Mutation, ids any) ([]any, error) {
	c, in := g.client, ids.(reflect.Value)
	if !c.IsValid() || !in.IsValid() {
		return nil, nil
	}
	var all []any
	for i := range in.Len() {
		out := c.MethodByName("Get").Call([]reflect.Value{reflect.ValueOf(ctx), in.Index(i)})
		if err := asError(out[1]); err != nil {
			if isNotFound(err) {
				continue
			}
			return nil, err
		}
		row, err := g.loaded(withoutLock(ctx), out[0].Interface())
		if err != nil {
			return nil, err
		}
		all = append(all, row...)
	}
	return all, nil
}

// loaded returns row and the entities at the other ends of its changed edges.
func (g generated) loaded(ctx context.Context, row any) ([]any, error) {
	all := []any{row}
	for _, e := range g.edges() {
		query := edge(g.client, e).Call([]reflect.Value{reflect.ValueOf(row)})[0]
		out := query.MethodByName("All").Call([]reflect.Value{reflect.ValueOf(ctx)})
		if err := asError(out[1]); err != nil {
			return nil, fmt.Errorf("edge %s: %w", e, err)
		}
		for i := range out[0].Len() {
			all = append(all, out[0].Index(i).Interface())
		}
	}
	return all, nil
}

// edges returns those that the mutation changes, and that can be followed.
func (g generated) edges() []string {
	var names []string
	seen := make(map[string]bool)
	for _, list := range [][]string{g.m.AddedEdges(), g.m.RemovedEdges(), g.m.ClearedEdges()} {
		for _, name := range list {
			if !seen[name] && edge(g.client, name).IsValid() {
				names = append(names, name)
			}
			seen[name] = true
		}
	}
	return names
}

// edge returns the method of a *PostClient that follows the edge with this name, or the
// zero Value. How ent spells "api_keys" in Go depends on a list of acronyms, so case
// does not count.
func edge(client reflect.Value, name string) reflect.Value {
	want := "Query" + strings.ReplaceAll(name, "_", "")
	for i := range client.NumMethod() {
		if strings.EqualFold(client.Type().Method(i).Name, want) {
			return client.Method(i)
		}
	}
	return reflect.Value{}
}

// far returns the type that a Query method finds: for an edge, the one at its other
// end.
func far(query reflect.Value) reflect.Type {
	all, _ := query.Type().Out(0).MethodByName("All")
	return all.Type.Out(0).Elem()
}

func asError(v reflect.Value) error {
	err, _ := v.Interface().(error)
	return err
}

// isNotFound reports whether err is a *gen.NotFoundError, of any package gen.
func isNotFound(err error) bool { return isNamed(err, "NotFoundError") }

func isNamed(err error, name string) bool {
	typ := reflect.TypeOf(err)
	return typ.Kind() == reflect.Pointer && typ.Elem().Name() == name
}
