package isnil_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/uncache/uncache/internal/isnil"
)

func Example() {
	open := func() (fmt.Stringer, error) {
		var b *strings.Builder
		return b, errors.New("it could not be opened")
	}
	s, _ := open() // nobody looks at the error
	fmt.Println(s == nil, isnil.Value(s))
	// Output: false true
}

func TestValue(t *testing.T) {
	for name, tt := range map[string]struct {
		v    any
		want bool
	}{
		"nothing":       {nil, true},
		"a nil pointer": {(*strings.Builder)(nil), true},
		"a nil func":    {http.HandlerFunc(nil), true},
		"a pointer":     {new(strings.Builder), false},
		"a func":        {http.HandlerFunc(http.NotFound), false},
		"a nil slice":   {[]int(nil), false},
		"a nil map":     {http.Header(nil), false},
		"a struct":      {struct{}{}, false},
	} {
		if got := isnil.Value(tt.v); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}
