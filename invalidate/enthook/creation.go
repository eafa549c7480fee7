package enthook

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"sync"

	"entgo.io/ent"
	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
)

type creationKey struct{}

// A creation is a mutation that creates a row, or changes an existing one: only its
// statement shows that it is an upsert. When that passes, the rows that it is going to
// change are looked up by the keys of its conflict, and loaded.
type creation struct {
	d *Driver
	l loader
	m ent.Mutation

	mu      sync.Mutex
	models  []any // the rows as they were
	unknown bool  // there may be others
}

// before returns the rows as they were, and whether there may be others.
func (c *creation) before() (models []any, unknown bool) {
	if c == nil {
		return nil, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.models, c.unknown
}

// creationOf returns the creation that ctx is of, or nil.
func creationOf(ctx context.Context) *creation {
	c, _ := ctx.Value(creationKey{}).(*creation)
	return c
}

// passes is told of each statement of the creation before it runs in t.
func (c *creation) passes(ctx context.Context, t *tx, query string, args any) error {
	if c == nil {
		return nil
	}
	u, ok := parseUpsert(query)
	if u == nil && ok {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	values, isList := args.([]any)
	if !ok || !isList {
		c.unknown = true
		return nil
	}
	if err := c.lookUp(context.WithValue(ctx, creationKey{}, (*creation)(nil)), t, u, values); err != nil {
		return fmt.Errorf("enthook: look up the rows of %s before an upsert: %w", c.m.Type(), err)
	}
	return nil
}

// lookUp loads the rows that an upsert finds.
func (c *creation) lookUp(ctx context.Context, t *tx, u *upsert, args []any) error {
	name := c.d.Dialect()
	if name == dialect.MySQL {
		keys, err := c.d.uniqueKeys(ctx, t, u)
		if err != nil {
			return err
		}
		if u.keys = keys; len(keys) == 0 {
			c.unknown = true
			return nil
		}
	}
	given := c.l.id(c.m)
	ids, generated := given.(reflect.Value)
	if !generated {
		ids = reflect.ValueOf(given)
	}
	if !ids.IsValid() || u.returning == "" || !ids.Type().Elem().Comparable() {
		u.returning = "1" // any existing row meets it
	} else {
		ids = reflect.MakeSlice(ids.Type(), 0, 0)
	}
	found := map[any]bool{}
	for _, key := range u.keys {
		for some := range slices.Chunk(u.tuples, 500) {
			query, values, ok := u.query(name, key, some, args)
			switch {
			case !ok:
				c.unknown = true
				continue
			case len(values) == 0:
				continue
			}
			rows := new(entsql.Rows)
			if err := t.Tx.Query(ctx, query, values, rows); err != nil {
				return err
			}
			for rows.Next() {
				if u.returning == "1" {
					c.unknown = true
					break
				}
				id := reflect.New(ids.Type().Elem())
				if err := rows.Scan(id.Interface()); err != nil {
					c.unknown = true // a key that only ent can read
					break
				}
				if v := id.Elem().Interface(); !found[v] {
					found[v] = true
					ids = reflect.Append(ids, id.Elem())
				}
			}
			if err := rows.Err(); err != nil {
				return err
			}
			if err := rows.Close(); err != nil {
				return err
			}
		}
	}
	if len(found) == 0 || c.unknown {
		return nil
	}
	if len(found) > c.d.opts.MaxRows && c.d.hasRule(c.m) {
		c.unknown = true
		return nil
	}
	var list any = ids
	if !generated {
		list = ids.Interface()
	}
	models, err := c.l.load(withLock(ctx), c.m, list)
	c.models = append(c.models, models...)
	c.unknown = c.unknown || len(models) == 0
	return err
}
