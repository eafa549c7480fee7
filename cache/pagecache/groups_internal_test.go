package pagecache

import (
	"net/http"
	"slices"
	"testing"
)

func TestGroupList(t *testing.T) {
	tests := []struct {
		rule   string
		fields []string
		want   []string
	}{
		{"none", nil, nil},
		{"one", []string{`"a"`}, []string{"a"}},
		{"several, in several lines", []string{`"a", "b"`, `"c"`}, []string{"a", "b", "c"}},
		{"RFC 9651 §3.3.3: escapes", []string{`"a\"b\\c"`}, []string{`a"b\c`}},
		{"parameters are ignored", []string{`"a";x;y="1, 2", "b"`}, []string{"a", "b"}},
		{"a comma in a name", []string{`"a, b"`}, []string{"a, b"}},
		{"tokens are no strings", []string{`a, "b"`}, nil},
		{"a comma at the end", []string{`"a",`}, nil},
		{"a quote that never ends", []string{`"a`}, nil},
		{"an escape of something else", []string{`"\a"`}, nil},
		{"bytes beyond ASCII", []string{`"é"`}, nil},
		{"no comma between", []string{`"a" "b"`}, nil},
	}
	for _, tt := range tests {
		if got := groupList(http.Header{"Cache-Groups": tt.fields}, "Cache-Groups"); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q: got %q, want %q", tt.rule, tt.fields, got, tt.want)
		}
	}
}
