package invalidate

import (
	"errors"
	"fmt"
	"reflect"
)

// ErrNoRule is what naming a model returns, wrapped, when no rule was
// registered for its type.
var ErrNoRule = errors.New("no rule")

var (
	errNil        = errors.New("the model is nil")
	errNilPointer = errors.New("the model is a nil pointer")
)

// Register tells inv what a model of type M stands on: rule names, in to, the
// targets that a change of m makes stale.
//
// A rule is found by the model's exact type. *Post and Post are two types;
// register the one that the application passes around. M cannot be an
// interface, since no value is of an interface's type. Two rules for one type,
// or a rule that could never run, panic: they are mistakes of the program,
// found when it starts.
//
// A rule names what is in m and nothing that depends on the hour or the caller:
// equal models are asked once in a call of Invalidate. It may be called from many
// goroutines at once, must not keep to, and calls Model rather than Invalidate
// for what else has changed. If it panics, so does Invalidate.
//
// A rule must not read the database. In [Invalidator.InTx] and in a batch it runs
// before COMMIT: on a connection of its own it would see the rows as they were,
// and miss the page of a tag that was added; where the pool has one connection,
// which the transaction holds, it would wait for ever. What it needs belongs in
// the model, such as a field Tags; pass the model as it was ([Was]) and as it is.
//
// Register is safe for concurrent use with everything else, but belongs where
// the program starts.
func Register[M any](inv *Invalidator, rule func(m M, to *Targets)) {
	typ := reflect.TypeFor[M]()
	if typ.Kind() == reflect.Interface {
		panic(fmt.Sprintf("invalidate: Register[%v]: an interface has no models of its own; register the types that fulfil it", typ))
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

// rule returns the rule for m, or an error that says how to come by one.
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

// Registered reports whether there is a rule for models of exactly the type typ:
// *Post and Post are two. It is for code that sees every model which is saved,
// as a plugin of an ORM does, and leaves alone those that nothing stands on.
func (inv *Invalidator) Registered(typ reflect.Type) bool {
	inv.mu.RLock()
	defer inv.mu.RUnlock()
	return inv.rules[typ] != nil
}

// subjects returns what m stands for: the elements of a slice whose type has no rule,
// so that a []*Post can be passed as it is, or else m alone.
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

// resolve asks the rules for all of models. What could not be resolved is among
// the errors, what could is among the targets.
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
