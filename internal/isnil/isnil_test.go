package isnil_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/uncache/uncache/internal/isnil"
)

func Example() {
	var w *strings.Builder
	var s fmt.Stringer = w
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
