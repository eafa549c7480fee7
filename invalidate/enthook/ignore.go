package enthook

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"entgo.io/ent"

	"github.com/uncache/uncache/invalidate/internal/assigned"
)

type ignoringKey struct{}

// An ignoring is an update that sets fields of Options.Ignore, and nothing else as far as
// its mutation says. Hooks may add fields, and a modifier may add to the statement.
type ignoring struct {
	fields []string

	mu   sync.Mutex
	sets bool // it sets others, too
}

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

func changesEdges(m ent.Mutation) bool {
	return len(m.AddedEdges())+len(m.RemovedEdges())+len(m.ClearedEdges()) > 0
}

// checkIgnore returns an error if Options.Ignore names what is no field of m's type.
func (d *Driver) checkIgnore(m ent.Mutation) error {
	fields := d.opts.Ignore[m.Type()]
	if len(fields) == 0 {
		return nil
	}
	if err, ok := d.ignored.Load(m.Type()); ok {
		return err.(checked).error
	}
	var wrong error
	// One of nobody's, that can be asked for any field.
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

// checked is an error, or none.
type checked struct{ error }

// passes is told of each statement of the update before it runs.
func (i *ignoring) passes(query string) {
	if i == nil || len(query) >= 6 && strings.EqualFold(query[:6], "SELECT") || assigned.Only(query, i.fields) {
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.sets = true
}

func ignoringOf(ctx context.Context) *ignoring {
	i, _ := ctx.Value(ignoringKey{}).(*ignoring)
	return i
}

// mutateIgnored runs the mutation, and tells the Invalidator of unknown rows if it has set
// more than ignored fields: none were read.
func (d *Driver) mutateIgnored(ctx context.Context, s *save, i *ignoring, next ent.Mutator, m ent.Mutation) (ent.Value, error) {
	v, err := next.Mutate(context.WithValue(ctx, ignoringKey{}, i), m)
	i.mu.Lock()
	sets := i.sets
	i.mu.Unlock()
	if !sets && d.ignores(m) != nil {
		return v, err
	}
	model := d.unknown(m)
	if changesEdges(m) { // whose other ends are of other types
		model = unknownRows{m.Type()}
	}
	for _, t := range s.transactions() {
		if failed := d.inv.Invalidate(t.in(ctx), model); failed != nil && err == nil {
			return nil, failed
		}
	}
	return v, err
}
