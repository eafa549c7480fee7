package invalidate

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// A resolution asks the rules of models, and of the models that these lead to, for one
// call of Invalidate or Resolve.
type resolution struct {
	inv     *Invalidator
	targets Targets
	errs    []error
	unnamed []Observation // of rows as they were
	were    set           // what rules could not name of rows as they were, without IDs
	before  *set          // the same, of the current root as it was, or nil

	same   map[sameKey]struct{} // models that were asked, if they can be compared
	alike  map[string][]any     // models that were asked, by label
	halted bool                 // the cascade of the current root is too long
}

// A sameKey is a model, and whether it was asked as it was. What is no error then is
// one for the row as it is.
type sameKey struct {
	model any
	was   bool
}

// visit asks the rule of s. The models of chain have led to it.
func (r *resolution) visit(s subject, chain []any) {
	if r.halted {
		return
	}
	chain = append(slices.Clip(chain), s.model)
	// One chain after another is followed to its end. So an endless cascade is found
	// after MaxCascade rules, however many models each of them leads to. What it would
	// have named is not known, so it stops.
	if len(chain)-1 > r.inv.opts.MaxCascade {
		r.halted = true
		r.failed(s, chain[:1], problem{fmt.Errorf("cascade of more than MaxCascade = %d models: %s", r.inv.opts.MaxCascade, abridged(chain)), unnameable})
		return
	}
	rule, err := r.inv.rule(s.model)
	if (len(chain) > 1 || s.was) && err == errNilPointer || s.was && err == errNil {
		return // a relation that this model does not have, or a row that did not exist
	}
	if err != nil {
		r.fail(chain, err)
		return
	}
	if r.asked(s, len(chain) > 1) {
		return
	}
	to := r.ask(rule, s, chain)
	for _, t := range to.found {
		t.soft = to.soft
	}
	r.targets.merge(to)
	for _, p := range to.problems {
		r.failed(s, chain, p)
	}
	for _, next := range to.models {
		for _, next := range r.inv.subjects(next, s) {
			r.visit(next, chain)
		}
	}
}

// ask asks the rule of s. A panic of the rule goes on, unless s is a row as it was, or
// has a relation that the rule reads and that was not loaded.
func (r *resolution) ask(rule func(any, *Targets), s subject, chain []any) *Targets {
	to := &Targets{by: names(chain, label)}
	var relations []Relation
	if s.unloaded != nil {
		relations = s.unloaded(s.model)
	}
	if !s.was && s.before == nil && len(relations) == 0 {
		rule(s.model, to)
		return to
	}
	failed := try(rule, s.model, to)
	err := r.inv.unread(rule, s.model, relations, to, failed)
	switch {
	case err != nil:
		r.fail(chain, err)
	case failed != nil:
		p := problem{failed, unnameable}
		if !s.was && !r.hadBefore(s, chain, p) {
			rule(s.model, new(Targets)) // panics again, with its own stack
		}
		to.problems = append(to.problems, p)
	}
	return to
}

// hadBefore reports whether the root of chain had the problem p before this save.
func (r *resolution) hadBefore(s subject, chain []any, p problem) bool {
	if s.before == nil {
		return false
	}
	if r.before == nil {
		r.before = &r.inv.resolve([]any{Row{Model: s.before, Was: true, Unloaded: s.unloaded}}).were
	}
	_, ok := r.before.has[what(chain, p)]
	return ok
}

// what says what p is for a model in this place, whatever its ID.
func what(chain []any, p problem) string { return names(chain, typeName) + ": " + p.Error() }

// failed notes that the rule of s could not name something. That is no error for a row
// as it was, nor if it was so before, except for a mistake that fails for every row.
func (r *resolution) failed(s subject, chain []any, p problem) {
	if p.kind == mistake || !s.was && !r.hadBefore(s, chain, p) {
		r.fail(chain, p.error)
		return
	}
	becomes := "it names nothing"
	if p.kind == unnameable {
		becomes = "everything is purged"
		all := &Targets{by: names(chain, label)}
		all.All()
		r.targets.merge(all)
	}
	r.were.add(what(chain, p))
	r.unnamed = append(r.unnamed, Observation{
		Models: []string{typeName(s.model)},
		Err:    fmt.Errorf("invalidate: %s: %w, so %s: %w", names(chain, label), ErrUnnamed, becomes, p.error),
	})
}

// asked reports whether the rule of s was asked before, and notes that it is asked now.
//
// A model that a rule makes, such as &Author{p.Author}, is a new value each time: a
// cascade may come back to a model that is equal but not the same. So models that rules
// led to are compared deeply. Models that the caller passed are not: without IDs each
// would be compared with each.
func (r *resolution) asked(s subject, cascaded bool) bool {
	if reflect.ValueOf(s.model).Comparable() {
		key := sameKey{s.model, s.was}
		if _, ok := r.same[key]; ok {
			return true
		}
		r.same[key] = struct{}{}
	}
	name := label(s.model)
	if s.was {
		name += ", as it was"
	}
	if cascaded && slices.ContainsFunc(r.alike[name], func(o any) bool { return reflect.DeepEqual(s.model, o) }) {
		return true
	}
	r.alike[name] = append(r.alike[name], s.model)
	return false
}

func (r *resolution) fail(chain []any, err error) {
	r.errs = append(r.errs, fmt.Errorf("invalidate: %s: %w", names(chain, label), err))
}

// names joins the names of a chain's models.
func names(chain []any, name func(any) string) string {
	all := make([]string, len(chain))
	for i, m := range chain {
		all[i] = name(m)
	}
	return strings.Join(all, " -> ")
}

// abridged names the first models of a chain that is too long.
func abridged(chain []any) string {
	const shown = 6
	if len(chain) <= shown {
		return names(chain, label)
	}
	return names(chain[:shown], label) + " -> ..."
}
