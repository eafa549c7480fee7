package invalidate

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxLabel is how much one model adds to a reason, in bytes.
const maxLabel = 80

// typeName is the name of m's type, "blog.Post", without the star of a pointer.
func typeName(m any) string {
	if m == nil {
		return "nil"
	}
	return strings.TrimLeft(reflect.TypeOf(m).String(), "*")
}

// label is how errors and reasons tell m from others of its type: "blog.Post 42". After
// the type comes the exported field ID, or what the model's String returns, or a model
// that is a number or a string itself, or nothing.
func label(m any) string {
	id, ok := identity(m)
	if !ok {
		return typeName(m)
	}
	// A reason is one line for people to read, whatever is in the database.
	if len(id) > maxLabel {
		id = strings.ToValidUTF8(id[:maxLabel], "") + "..."
	}
	if !utf8.ValidString(id) || strings.ContainsFunc(id, func(r rune) bool { return !unicode.IsPrint(r) }) {
		id = strconv.Quote(id)
	}
	return typeName(m) + " " + id
}

func identity(m any) (string, bool) {
	v := reflect.Indirect(reflect.ValueOf(m))
	switch v.Kind() {
	case reflect.Struct:
		if f, ok := v.Type().FieldByName("ID"); ok {
			// Not Value.FieldByName: it panics where an embedded pointer is nil.
			id, err := v.FieldByIndexErr(f.Index)
			if id = reflect.Indirect(id); err == nil && id.IsValid() && id.CanInterface() {
				return fmt.Sprint(id.Interface()), true
			}
		}
	case reflect.Invalid:
		return "", false
	}
	if s, ok := m.(fmt.Stringer); ok {
		return fmt.Sprint(s), true // it survives a String that panics
	}
	switch v.Kind() {
	case reflect.String, reflect.Bool,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return fmt.Sprint(v.Interface()), true
	}
	return "", false
}
