package enthook

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"entgo.io/ent"
	"entgo.io/ent/dialect"
	"github.com/uncache/uncache/cache"
)

// Hook is a hook of ent for all types: client.Use(drv.Hook). It loads the rows that a
// mutation is about to change, and loads them again when they have changed. It tells
// the Invalidator of both, in the transaction of the mutation. A mutation without one
// gets one, for the rows and the outbox.
//
// It loads each row with Get of the generated client. Of each edge that the mutation
// changes it loads the entities at the other end, before and after. [Load] can do
// better. It loads nothing for types without a rule.
//
// An error before COMMIT, of a rule or the outbox, is the error of the save: nothing is
// saved. Options.Failed is told of later errors.
func (d *Driver) Hook(next ent.Mutator) ent.Mutator {
	return ent.MutateFunc(func(ctx context.Context, m ent.Mutation) (_ ent.Value, err error) {
		l := d.loader(m)
		if !d.matters(l.models()) {
			return next.Mutate(ctx, m)
		}
		outer := saveOf(ctx, d)
		if outer != nil && outer.live() { // a hook of the application saves inside of the save
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

// mutate runs the mutation and tells the Invalidator, in each transaction in which the
// save s runs.
func (d *Driver) mutate(ctx context.Context, s *save, l loader, next ent.Mutator, m ent.Mutation) (ent.Value, error) {
	if err := d.checkIgnore(m); err != nil {
		return nil, err
	}
	ignored := d.ignores(m)
	if ignored != nil && d.anyRule(l.models()) { // or Strict has to see it
		return d.mutateIgnored(ctx, s, ignored, next, m)
	}
	ctx = context.WithValue(ctx, ignoringKey{}, (*ignoring)(nil)) // of the outer save
	b, err := d.before(ctx, l, m)
	if err != nil {
		return nil, err
	}
	var created *creation
	if m.Op().Is(ent.OpCreate) {
		created = &creation{d: d, l: l, m: m}
	}
	v, err := next.Mutate(context.WithValue(ctx, creationKey{}, created), m)
	b.keys.close()
	replaced, others := created.before()
	b.models = append(b.models, replaced...)
	if err == nil && s.isUndone() {
		err = fmt.Errorf("enthook: a transaction was rolled back in a hook of %s, and it is that of the save", m.Type())
	}
	var after []any
	if err == nil {
		after, err = d.after(ctx, l, m, b, v)
	}
	if err != nil {
		d.failed(ctx, s, l, m, b, others || b.uncertain() && !isNotFound(err))
		return nil, err
	}
	models := append(d.were(b.models), d.are(m, b.models, after)...)
	if m.Op().Is(ent.OpCreate) && d.Dialect() == dialect.MySQL {
		// Ent counts the IDs of many from the first. If an upsert has found some of the
		// rows, MySQL has given other IDs, and what was loaded is another row.
		if given := d.are(m, b.models, []any{v}); len(given) > 0 {
			if _, err := d.inv.Resolve(given...); err == nil {
				models = append(models, given...)
			}
		}
	}
	if others || b.fewerThan(v) && !b.many {
		models = append(models, d.unknown(m)) // as a row as it was
	}
	txs := s.transactions()
	if len(txs) == 0 {
		return nil, fmt.Errorf("enthook: %s was saved by a client that was not made with this Driver: nothing is purged", m.Type())
	}
	for _, t := range txs {
		if err := d.inv.Invalidate(t.in(ctx), models...); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// failed tells the Invalidator what m may have changed though it has failed: a hook may
// have failed after the statement. If the transaction is rolled back, nothing is
// purged. That is for the application to do.
func (d *Driver) failed(ctx context.Context, s *save, l loader, m ent.Mutation, b found, others bool) {
	models := d.were(b.models)
	if others && !b.many {
		models = append(models, d.unknown(m))
	}
	if !b.many && !m.Op().Is(ent.OpDelete|ent.OpDeleteOne) {
		if m.Op().Is(ent.OpCreate) {
			b.ids = l.id(m)
		}
		// It fails where the statement failed, in PostgreSQL: then nothing was changed.
		after, err := l.load(ctx, m, b.ids)
		if err == nil {
			models = append(models, d.are(m, b.models, after)...)
		}
	}
	for _, t := range s.transactions() {
		_ = d.inv.Invalidate(t.in(ctx), models...) // the save has an error already
	}
}

func (d *Driver) before(ctx context.Context, l loader, m ent.Mutation) (b found, err error) {
	if m.Op().Is(ent.OpCreate) {
		return found{}, nil
	}
	seen := new(statement)
	if b.ids, b.n, err = l.ids(withLock(context.WithValue(ctx, statementKey{}, seen)), m); err != nil {
		return found{}, err
	}
	if b.n < 0 || b.n > d.opts.MaxRows && d.hasRule(m) {
		b.models, b.many = []any{d.unknown(m)}, !m.Op().Is(ent.OpUpdateOne) // which returns its row
		return b, nil
	}
	if b.models, err = l.load(withLock(ctx), m, b.ids); err != nil {
		return found{}, fmt.Errorf("enthook: load the %s before it changes: %w", m.Type(), err)
	}
	b.read = len(b.models) > 0
	if m.Op().Is(ent.OpUpdate | ent.OpDelete) {
		b.keys = keepTo(m, b.ids, seen)
	}
	return b, nil
}

// unknown returns the model that stands for unknown rows of m's type.
func (d *Driver) unknown(m ent.Mutation) any {
	if d.hasRule(m) {
		return Rows{m.Type()}
	}
	return unknownRows{m.Type()}
}

// hasRule reports whether the rule for Rows names anything for m's type, or fails.
func (d *Driver) hasRule(m ent.Mutation) bool {
	if !d.inv.Registered(reflect.TypeFor[Rows]()) {
		return false
	}
	targets, err := d.inv.Resolve(Rows{m.Type()})
	return err != nil || len(targets.Dependencies()) > 0
}

// after returns the rows as m, which returned v, has left them.
func (d *Driver) after(ctx context.Context, l loader, m ent.Mutation, b found, v ent.Value) (models []any, err error) {
	if b.many || m.Op().Is(ent.OpDelete|ent.OpDeleteOne) {
		return nil, nil
	}
	if m.Op().Is(ent.OpCreate) {
		b.ids = l.id(m)
	}
	models, err = l.load(ctx, m, b.ids)
	row := m.Op().Is(ent.OpCreate|ent.OpUpdateOne) && !reflect.ValueOf(v).IsZero()
	if err == nil && len(models) == 0 && row { // a key of several columns, or a policy that hides the row
		models, err = l.loaded(ctx, v)
	}
	if err != nil {
		return nil, fmt.Errorf("enthook: load the %s after it has changed: %w", m.Type(), err)
	}
	return models, nil
}

// withRule returns those of models that have a rule. If a missing rule is an error, it
// returns all.
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
	return d.opts.Strict || d.anyRule(types)
}

func (d *Driver) anyRule(types []reflect.Type) bool {
	for _, typ := range types {
		if typ.Kind() == reflect.Interface || d.inv.Registered(typ) {
			return true
		}
	}
	return false
}
