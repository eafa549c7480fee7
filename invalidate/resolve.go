package invalidate

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// A resolution asks the rules of models, and of the models that those lead to,
// for one call of Invalidate or Resolve.
type resolution struct {
	inv     *Invalidator
	targets Targets
	errs    []error

	same   map[any]struct{} // models that were asked, those that can be compared
	alike  map[string][]any // models that were asked, by label
	halted bool             // the cascade of this root went too deep
}

// resolve asks the rules for all of models. What could not be resolved is among
// the errors, what could is among the targets.
func (inv *Invalidator) resolve(models []any) *resolution {
	r := &resolution{
		inv:   inv,
		same:  make(map[any]struct{}),
		alike: make(map[string][]any),
	}
	for _, m := range models {
		for _, m := range inv.elements(m) {
			r.halted = false
			r.visit(m, nil)
		}
	}
	return r
}

// visit asks the rule of m, to which the models of chain have led.
func (r *resolution) visit(m any, chain []any) {
	if r.halted {
		return
	}
	chain = append(slices.Clip(chain), m)
	// Chains are walked to their end one after another, so that a cascade
	// without an end is found after MaxCascade rules, however many models each
	// of them leads to. What it would have named is not known; so it stops.
	if len(chain)-1 > r.inv.opts.MaxCascade {
		r.halted = true
		r.fail(chain[:1], fmt.Errorf("cascade of more than MaxCascade = %d models: %s", r.inv.opts.MaxCascade, abridged(chain)))
		return
	}
	rule, err := r.inv.rule(m)
	if len(chain) > 1 && err == errNilPointer {
		return // what another model may have, and this one has not
	}
	if err != nil {
		r.fail(chain, err)
		return
	}
	if r.asked(m, len(chain) > 1) {
		return
	}
	to := &Targets{by: names(chain, label)}
	rule(m, to)
	for _, t := range to.found {
		t.soft = to.soft
	}
	r.targets.merge(to)
	for _, err := range to.errs {
		r.fail(chain, err)
	}
	for _, next := range to.models {
		for _, next := range r.inv.elements(next) {
			r.visit(next, chain)
		}
	}
}

// asked reports whether the rule of m has been asked before, and notes that it
// is now. A model that a rule makes, &Author{p.Author}, is a new value each time,
// so that a cascade may come round to what is equal and not the same.
// Those that were passed are not compared so: they are as many as they are, and
// without IDs it would be each with each.
func (r *resolution) asked(m any, cascaded bool) bool {
	if reflect.ValueOf(m).Comparable() {
		if _, ok := r.same[m]; ok {
			return true
		}
		r.same[m] = struct{}{}
	}
	name := label(m)
	if cascaded && slices.ContainsFunc(r.alike[name], func(o any) bool { return reflect.DeepEqual(m, o) }) {
		return true
	}
	r.alike[name] = append(r.alike[name], m)
	return false
}

func (r *resolution) fail(chain []any, err error) {
	r.errs = append(r.errs, fmt.Errorf("invalidate: %s: %w", names(chain, label), err))
}

// names joins what the models of a chain are called.
func names(chain []any, name func(any) string) string {
	all := make([]string, len(chain))
	for i, m := range chain {
		all[i] = name(m)
	}
	return strings.Join(all, " -> ")
}

// abridged names the models of a chain that is too long, but not all.
func abridged(chain []any) string {
	const shown = 6
	if len(chain) <= shown {
		return names(chain, label)
	}
	return names(chain[:shown], label) + " -> ..."
}
