package enthook

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"entgo.io/ent"

	"github.com/uncache/uncache/cache"
)

// Hook is a hook of ent for all types: client.Use(drv.Hook). It loads the rows
// that a mutation is about to change, and again when they have changed, and tells
// the Invalidator of both, in the transaction that the mutation runs in. One that
// runs in none is given one of its own, so that the rows, what they were before,
// and the event in the outbox are of one transaction.
//
// By itself it loads each row with Get, as the generated client has it, and of
// each edge that the mutation adds to, removes from or clears, the entities at the
// other end, before and after; [Load] knows better. Loading is left out for types
// of which none has a rule.
//
// What goes wrong before COMMIT (a rule's error, the outbox) is the error of the
// save, which then has not happened. What goes wrong later is told to
// Options.Failed.
func (d *Driver) Hook(next ent.Mutator) ent.Mutator {
	return ent.MutateFunc(func(ctx context.Context, m ent.Mutation) (_ ent.Value, err error) {
		l := d.loader(m)
		if !d.matters(l.models()) {
			return next.Mutate(ctx, m)
		}
		outer := saveOf(ctx, d)
		if outer != nil && outer.live() { // a hook of the application saves in ours
			return d.mutate(ctx, outer, l, next, m)
		}
		s := &save{d: d}
		ctx = context.WithValue(cache.WithBypass(ctx), saveKey{d}, s)
		well := false
		defer func() {
			if !well { // also if there is a panic
				if failed := s.rollback(); failed != nil {
					err = errors.Join(err, failed)
				}
			}
		}()
		v, err := d.mutate(ctx, s, l, next, m)
		if err != nil {
			return nil, err
		}
		well = true
		if err := s.commit(); err != nil {
			return nil, err
		}
		return v, nil
	})
}

func (d *Driver) mutate(ctx context.Context, s *save, l loader, next ent.Mutator, m ent.Mutation) (ent.Value, error) {
	changes := m.Op().Is(ent.OpUpdate | ent.OpUpdateOne | ent.OpDelete | ent.OpDeleteOne)
	var before, after []any
	var ids any
	many := false
	if changes {
		var n int
		var err error
		if ids, n, err = l.ids(ctx, m); err != nil {
			return nil, err
		}
		many = n > d.opts.MaxRows && d.inv.Registered(reflect.TypeFor[Rows]())
		if many {
			before = []any{Rows{m.Type()}}
		} else if before, err = l.load(ctx, m, ids); err != nil {
			return nil, fmt.Errorf("enthook: load the %s before it changes: %w", m.Type(), err)
		}
	}
	v, err := next.Mutate(ctx, m)
	if err != nil {
		return nil, err
	}
	if s.isUndone() {
		return nil, fmt.Errorf("enthook: a transaction was rolled back in a hook of %s, and it is that of the save", m.Type())
	}
	if !changes {
		ids = l.id(m)
	}
	if !many && !m.Op().Is(ent.OpDelete|ent.OpDeleteOne) {
		if after, err = l.load(ctx, m, ids); err != nil {
			return nil, fmt.Errorf("enthook: load the %s after it has changed: %w", m.Type(), err)
		}
		if !changes && len(after) == 0 && !reflect.ValueOf(v).IsZero() {
			after = []any{v} // an ID that is not one column, or a policy that hides the row
		}
	}
	txs := s.transactions()
	if len(txs) == 0 {
		return nil, fmt.Errorf("enthook: %s was saved by a client that was not made with this Driver: nothing is purged", m.Type())
	}
	for _, t := range txs {
		if err := d.inv.Invalidate(t.in(ctx), d.withRule(append(before, after...))...); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// withRule returns those among models that have a rule, or all if that is an
// error.
func (d *Driver) withRule(models []any) []any {
	if d.opts.Strict {
		return models
	}
	var some []any
	for _, m := range models {
		if d.inv.Registered(reflect.TypeOf(m)) {
			some = append(some, m)
		}
	}
	return some
}

// matters reports whether models of some of these types may have a rule.
func (d *Driver) matters(types []reflect.Type) bool {
	if d.opts.Strict {
		return true
	}
	for _, typ := range types {
		if typ.Kind() == reflect.Interface || d.inv.Registered(typ) {
			return true
		}
	}
	return false
}
