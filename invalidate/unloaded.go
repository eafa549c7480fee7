package invalidate

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/uncache/uncache/internal/panics"
)

// try asks a rule. A panic of it is an error.
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
// rule, asked of m, has named to and returned failed. It is asked again of copies in
// which they are filled: what it could not do for m and can do for a copy is their
// fault. That is taken out of to, and is in the error.
func (inv *Invalidator) unread(rule func(any, *Targets), m any, relations []Relation, to *Targets, failed error) error {
	if len(relations) == 0 {
		return nil // and those that it leads to are asked as often as without this
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
	if len(guilty) == 0 { // any of them would do
		guilty = relations
	}
	to.problems = slices.DeleteFunc(to.problems, func(p problem) bool { return slices.Contains(gone, p.Error()) })
	var all []error
	for _, r := range guilty {
		all = append(all, fmt.Errorf("%s.%s %w, and the rule reads it: %s (%s)", typeName(m), r.Field, ErrNotLoaded, r.Load, strings.Join(gone, "; ")))
	}
	return errors.Join(all...)
}

// without returns those of all that are not among some, as often as they are more.
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

// problems returns what a rule could not do, in words: what it could not name, and
// those that it led to; the relations that it passed to Model and were nil; its panic.
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
		// A relation that is a value is there, and empty.
		all = append(all, inv.resolve([]any{Was(m)}).were.list...)
	}
	if failed != nil {
		all = append(all, failed.Error())
	}
	return all
}

// filled returns a copy of m, a struct or a pointer to one, in which relations have
// values that are not zero. It returns false if it has no such fields.
func filled(m any, relations []Relation) (any, bool) {
	v := reflect.ValueOf(m)
	pointer := v.Kind() == reflect.Pointer
	if v = reflect.Indirect(v); v.Kind() != reflect.Struct {
		return nil, false
	}
	copied := reflect.New(v.Type())
	copied.Elem().Set(v)
	for _, r := range relations {
		f := copied.Elem()
		for name := range strings.SplitSeq(r.Field, ".") {
			var ok bool
			if f, ok = ownField(f, name); !ok {
				return nil, false
			}
		}
		fill(f, maxFill)
	}
	if pointer {
		return copied.Interface(), true
	}
	return copied.Elem().Interface(), true
}

// ownField returns the field of v with this name, which may be set: structs that v only
// points to, embedded ones for instance, are copied on the way, for the model has them.
func ownField(v reflect.Value, name string) (reflect.Value, bool) {
	v, ok := ownStruct(v)
	if !ok {
		return v, false
	}
	field, ok := v.Type().FieldByName(name)
	if !ok {
		return v, false
	}
	for _, i := range field.Index {
		if v, ok = ownStruct(v); !ok {
			return v, false
		}
		v = v.Field(i)
	}
	return v, v.CanSet()
}

// ownStruct returns the struct that v is, or a copy of the one that it points to.
func ownStruct(v reflect.Value) (reflect.Value, bool) {
	if v.Kind() == reflect.Pointer && !v.IsNil() && v.CanSet() {
		copied := reflect.New(v.Type().Elem())
		copied.Elem().Set(v.Elem())
		v.Set(copied)
		v = copied.Elem()
	}
	return v, v.Kind() == reflect.Struct
}

// maxFill is how many structs inside one another are filled.
const maxFill = 3

// fill gives v and what is in it values that are not zero.
func fill(v reflect.Value, depth int) {
	if !v.CanSet() || depth < 0 {
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("x")
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(1)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(1)
	case reflect.Pointer:
		if depth > 0 || v.Type().Elem().Kind() != reflect.Struct {
			v.Set(reflect.New(v.Type().Elem()))
			fill(v.Elem(), depth-1)
		}
	case reflect.Slice:
		if elem := v.Type().Elem(); elem.Kind() == reflect.Struct || elem.Kind() == reflect.Pointer {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			fill(v.Index(0), depth-1)
		}
	case reflect.Struct:
		_, nullable := v.Interface().(driver.Valuer) // sql.NullString, but not gorm.DeletedAt
		nullable = nullable && !v.FieldByName("Time").IsValid()
		for i := range v.NumField() {
			if f := v.Field(i); nullable && f.Kind() == reflect.Bool && v.Type().Field(i).Name == "Valid" && f.CanSet() {
				f.SetBool(true)
			} else {
				fill(f, depth-1)
			}
		}
	}
}
