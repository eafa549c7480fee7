package sfv_test

import (
	"slices"
	"testing"

	"github.com/uncache/uncache/internal/sfv"
)

// RFC 9875 §2: a list of strings, parameters ignored.
func TestStrings(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want []string
		ok   bool
	}{
		{``, nil, true},
		{`"a"`, []string{"a"}, true},
		{`"a";x=1, "b", "a"`, []string{"a", "b", "a"}, true},
		{`""`, []string{""}, true},
		{`a`, nil, false},
		{`"a", b`, nil, false},
		{`"a", ("b")`, nil, false},
		{`"a", 1`, nil, false},
		{`%"a"`, nil, false},
		{`:YQ==:`, nil, false},
	} {
		list, err := sfv.ParseList([]string{tt.in})
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := list.Strings(); ok != tt.ok || !slices.Equal(got, tt.want) {
			t.Errorf("Strings of %q: %q, %v, want %q, %v", tt.in, got, ok, tt.want, tt.ok)
		}
	}
}

// RFC 9213 §2.1: a directive whose value is of the wrong type says nothing.
func TestDirectives(t *testing.T) {
	for _, tt := range []struct {
		in      string
		natural int64
		ok      bool
		flag    bool
	}{
		{"d=0", 0, true, false},
		{"d=60", 60, true, false},
		{"d=60;x=y", 60, true, false},
		{"d=999999999999999", 999999999999999, true, false},
		{"d=1, d=2", 2, true, false},
		{"d=1, d", 0, false, true},
		{"d=-1", 0, false, false},
		{"d=1.0", 0, false, false},
		{`d="60"`, 0, false, false},
		{"d=@60", 0, false, false},
		{"d=(60)", 0, false, false},
		{"d", 0, false, true},
		{"d;x=1", 0, false, true},
		{"d=?1", 0, false, true},
		{"d=?0", 0, false, false},
		{"d=true", 0, false, false},
		{"e=1", 0, false, false},
		{"", 0, false, false},
	} {
		dict, err := sfv.ParseDictionary([]string{tt.in})
		if err != nil {
			t.Fatal(err)
		}
		if n, ok := dict.Natural("d"); n != tt.natural || ok != tt.ok {
			t.Errorf("Natural of %q: %d, %v, want %d, %v", tt.in, n, ok, tt.natural, tt.ok)
		}
		if got := dict.Flag("d"); got != tt.flag {
			t.Errorf("Flag of %q: %v, want %v", tt.in, got, tt.flag)
		}
	}
}

func TestGet(t *testing.T) {
	dict, err := sfv.ParseDictionary([]string{`no-cache="Set-Cookie";x=1;y, b`})
	if err != nil {
		t.Fatal(err)
	}
	m, ok := dict.Get("no-cache")
	if !ok || m.Value != text("Set-Cookie") {
		t.Errorf("Get(no-cache) = %+v, %v, want Set-Cookie", m, ok)
	}
	if v, ok := m.Params.Get("y"); !ok || v != yes {
		t.Errorf("Params.Get(y) = %+v, %v, want true", v, ok)
	}
	if v, ok := m.Params.Get("z"); ok {
		t.Errorf("Params.Get(z) = %+v, want none", v)
	}
	if m, ok := dict.Get("x"); ok {
		t.Errorf("Get(x) = %+v, want none", m)
	}
}

// One line of strings without escapes costs the lists that it makes.
func TestAllocations(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want float64
	}{
		{`"scripts"`, 1},
		{`max-age=60`, 1},
		{`no-store`, 1},
		{``, 0},
	} {
		fields := []string{tt.in}
		if got := testing.AllocsPerRun(100, func() {
			if tt.in != "" && tt.in[0] == '"' {
				sfv.ParseList(fields)
			} else {
				sfv.ParseDictionary(fields)
			}
		}); got > tt.want {
			t.Errorf("%q allocates %v times, want %v", tt.in, got, tt.want)
		}
	}
}
