package invalidate_test

import (
	"reflect"
	"testing"
)

func TestRegistered(t *testing.T) {
	inv := newBlog(newPurger(), nil)
	if !inv.Registered(reflect.TypeFor[*Post]()) {
		t.Error("*Post has a rule, and Registered is false")
	}
	for _, typ := range []reflect.Type{reflect.TypeFor[Post](), reflect.TypeFor[*Author](), nil} {
		if inv.Registered(typ) {
			t.Errorf("%v has no rule, and Registered is true", typ)
		}
	}
}
