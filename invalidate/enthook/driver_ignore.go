package enthook

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"entgo.io/ent"
)

// ignores returns the ignoring that m is, or nil.
func (d *Driver) ignores(m ent.Mutation) *ignoring {
	fields := d.opts.Ignore[m.Type()]
	if len(fields) == 0 || !m.Op().Is(ent.OpUpdate|ent.OpUpdateOne) {
		return nil
	}
	if changesEdges(m) {
		return nil
	}
	set := slices.Concat(m.Fields(), m.AddedFields(), m.ClearedFields())
	if len(set) == 0 || slices.ContainsFunc(set, func(f string) bool { return !slices.Contains(fields, f) }) {
		return nil
	}
	return &ignoring{fields: fields}
}

// checkIgnore returns an error if Options.Ignore names anything but a field of m's
// type.
func (d *Driver) checkIgnore(m ent.Mutation) error {
	fields := d.opts.Ignore[m.Type()]
	if len(fields) == 0 {
		return nil
	}
	if err, ok := d.ignored.Load(m.Type()); ok {
		return err.(checked).error
	}
	var wrong error
	// A mutation of no row, which can be asked for any field.
	if none, ok := reflect.New(reflect.TypeOf(m).Elem()).Interface().(ent.Mutation); ok {
		for _, f := range fields {
			if err := none.ResetField(f); err != nil {
				wrong = fmt.Errorf("enthook: Options.Ignore[%q]: %q is no field that an update sets (fields have the names of their columns): %w", m.Type(), f, err)
				break
			}
		}
	}
	d.ignored.Store(m.Type(), checked{wrong})
	return wrong
}

// mutateIgnored runs the mutation. If it has set more than ignored fields, it tells the
// Invalidator of unknown rows: none were read.
func (d *Driver) mutateIgnored(ctx context.Context, s *save, i *ignoring, next ent.Mutator, m ent.Mutation) (ent.Value, error) {
	v, err := next.Mutate(context.WithValue(ctx, ignoringKey{}, i), m)
	i.mu.Lock()
	sets := i.sets
	i.mu.Unlock()
	if !sets && d.ignores(m) != nil {
		return v, err
	}
	model := d.unknown(m)
	if changesEdges(m) { // the other ends are of other types
		model = unknownRows{m.Type()}
	}
	for _, t := range s.transactions() {
		if failed := d.inv.Invalidate(t.in(ctx), model); failed != nil && err == nil {
			return nil, failed
		}
	}
	return v, err
}
