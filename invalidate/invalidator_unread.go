package invalidate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/uncache/uncache/internal/panics"
)

// try asks a rule. A panic of the rule is an error.
func try(rule func(any, *Targets), m any, to *Targets) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = panics.RecoveredFrom("the rule panicked", p)
		}
	}()
	rule(m, to)
	return nil
}

// unread looks for relations of m that its rule reads and that were not loaded. The
// rule, asked of m, has filled to and returned failed.
//
// unread asks the rule again, of copies of m in which the relations have made-up
// values. If the rule can do for a copy what it could not do for m, the relation is at
// fault. Such problems are taken out of to, and are in the error.
func (inv *Invalidator) unread(rule func(any, *Targets), m any, relations []Relation, to *Targets, failed error) error {
	if len(relations) == 0 {
		return nil // and other models are asked as often as without this
	}
	problems := inv.problems(to, failed)
	if len(problems) == 0 {
		return nil
	}
	with := func(relations []Relation) []string {
		copied, ok := filled(m, relations)
		if !ok {
			return problems
		}
		again := new(Targets)
		return inv.problems(again, try(rule, copied, again))
	}
	left := with(relations)
	gone := without(problems, left)
	if len(gone) == 0 {
		return nil
	}
	guilty := slices.DeleteFunc(slices.Clone(relations), func(r Relation) bool {
		others := slices.DeleteFunc(slices.Clone(relations), func(o Relation) bool { return o == r })
		return len(without(with(others), left)) == 0
	})
	if len(guilty) == 0 { // each of them alone would do
		guilty = relations
	}
	to.problems = slices.DeleteFunc(to.problems, func(p problem) bool { return slices.Contains(gone, p.Error()) })
	var all []error
	for _, r := range guilty {
		all = append(all, fmt.Errorf("%s.%s %w, and the rule reads it: %s (%s)", typeName(m), r.Field, ErrNotLoaded, r.Load, strings.Join(gone, "; ")))
	}
	return errors.Join(all...)
}

// without returns all but some. What is in some once is left out once.
func without(all, some []string) []string {
	some = slices.Clone(some)
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool {
		i := slices.Index(some, s)
		if i >= 0 {
			some = slices.Delete(some, i, i+1)
		}
		return i >= 0
	})
}

// problems returns what a rule could not do, in words: what it, and the models that it
// led to, could not name; relations that it passed to Model and that were nil; its
// panic.
func (inv *Invalidator) problems(to *Targets, failed error) []string {
	var all []string
	for _, p := range to.problems {
		all = append(all, p.Error())
	}
	for _, m := range to.models {
		if _, err := inv.rule(m); err == errNilPointer {
			all = append(all, fmt.Sprintf("the rule passed a nil %T to Model", m))
			continue
		}
		// A relation that is a value, not a pointer, is empty instead of nil.
		all = append(all, inv.resolve([]any{Was(m)}).were.list...)
	}
	if failed != nil {
		all = append(all, failed.Error())
	}
	return all
}
