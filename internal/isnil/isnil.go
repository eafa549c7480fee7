// Package isnil finds the nil pointers that hide in interfaces: a *T that New
// returned beside an error nobody looked at is not == nil in a variable of an
// interface type, and panics at the first request.
package isnil

import "reflect"

// Value reports whether v is nil, or holds a nil pointer or function. A nil slice
// or map may be of use.
func Value(v any) bool {
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Pointer, reflect.Func:
		return r.IsNil()
	}
	return false
}
