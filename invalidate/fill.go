package invalidate

import (
	"database/sql/driver"
	"reflect"
	"strings"
)

// filled returns a copy of m, a struct or a pointer to one, in which relations have
// made-up values. It returns false if m has no such fields.
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

// ownField returns the field of v with this name, which may be set. Structs on the way
// that v only points to are copied, for m has them too: embedded ones, for instance.
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

// fill sets v, and what is in it, to values that are not zero.
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
		_, nullable := v.Interface().(driver.Valuer) // true for sql.NullString, false for gorm.DeletedAt
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
