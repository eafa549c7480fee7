package invalidate

import (
	"errors"
	"fmt"
	"reflect"
)

// ErrNoRule is what Invalidate returns, wrapped, for a model whose type has no rule.
var ErrNoRule = errors.New("no rule")

var (
	errNil        = errors.New("the model is nil")
	errNilPointer = errors.New("the model is a nil pointer")
)

// Register gives models of type M a rule. The rule names, in to, the targets that a
// change of m makes stale.
//
// A rule is found by the model's exact type: *Post and Post are two. M cannot be an
// interface. A second rule for one type panics.
//
// A rule must not read the database: it runs before COMMIT, when another connection
// sees the old rows, or waits forever for the only one. What it needs belongs in the
// model.
//
// A rule names what is in m, whatever the time or the caller. Goroutines may call it at
// once. It must not keep to. For other models that have changed it calls
// [Targets.Model]. If it panics, so does Invalidate.
func Register[M any](inv *Invalidator, rule func(m M, to *Targets)) {
	typ := reflect.TypeFor[M]()
	if typ.Kind() == reflect.Interface {
		panic(fmt.Sprintf("invalidate: Register[%v]: an interface has no models; register the types that implement it", typ))
	}
	if rule == nil {
		panic(fmt.Sprintf("invalidate: Register[%v]: the rule is nil", typ))
	}
	inv.mu.Lock()
	defer inv.mu.Unlock()
	if _, ok := inv.rules[typ]; ok {
		panic(fmt.Sprintf("invalidate: Register[%v]: the type has a rule already", typ))
	}
	inv.rules[typ] = func(m any, to *Targets) { rule(m.(M), to) }
}

// rule returns the rule for m, or an error that says how to get one.
func (inv *Invalidator) rule(m any) (func(any, *Targets), error) {
	v := reflect.ValueOf(m)
	if !v.IsValid() {
		return nil, errNil
	}
	inv.mu.RLock()
	defer inv.mu.RUnlock()
	typ := v.Type()
	if rule, ok := inv.rules[typ]; ok {
		if v.Kind() == reflect.Pointer && v.IsNil() {
			return nil, errNilPointer
		}
		return rule, nil
	}
	if typ.Kind() == reflect.Pointer && inv.rules[typ.Elem()] != nil {
		return nil, fmt.Errorf("%w for %v, but for %v: pass the value, or register the pointer", ErrNoRule, typ, typ.Elem())
	}
	if ptr := reflect.PointerTo(typ); inv.rules[ptr] != nil {
		return nil, fmt.Errorf("%w for %v, but for %v: pass a pointer, or register the value", ErrNoRule, typ, ptr)
	}
	return nil, fmt.Errorf("%w for %v: Register one", ErrNoRule, typ)
}

// Registered reports whether models of exactly the type typ have a rule: *Post and Post
// are two. It is for adapters, which see every model that is saved.
func (inv *Invalidator) Registered(typ reflect.Type) bool {
	inv.mu.RLock()
	defer inv.mu.RUnlock()
	return inv.rules[typ] != nil
}

// subjects returns what m stands for: the elements of a slice whose type has no rule,
// such as a []*Post, or else m alone.
func (inv *Invalidator) subjects(m any, from subject) []subject {
	from = from.with(m)
	v := reflect.ValueOf(from.model)
	if v.Kind() != reflect.Slice {
		return []subject{from}
	}
	inv.mu.RLock()
	own := inv.rules[v.Type()] != nil
	inv.mu.RUnlock()
	if own {
		return []subject{from}
	}
	var all []subject
	for i := range v.Len() {
		element := v.Index(i).Interface()
		if row, ok := element.(Row); ok {
			all = append(all, inv.subjects(row, from)...)
			continue
		}
		all = append(all, from.with(element))
	}
	return all
}

// resolve asks the rules for all of models. The resolution has targets and errors.
func (inv *Invalidator) resolve(models []any) *resolution {
	r := &resolution{
		inv:   inv,
		same:  make(map[sameKey]struct{}),
		alike: make(map[string][]any),
	}
	for _, m := range models {
		for _, s := range inv.subjects(m, subject{}) {
			r.halted, r.before = false, nil
			r.visit(s, nil)
		}
	}
	return r
}
