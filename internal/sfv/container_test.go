package sfv_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/uncache/uncache/internal/sfv"
)

// RFC 9651 §4.2.1 and §4.2.1.2.
func TestLists(t *testing.T) {
	for _, tt := range []struct {
		clause string
		in     []string
		want   sfv.List
	}{
		{"§4.2.1, absent", nil, nil},
		{"§4.2.1, empty", []string{""}, nil},
		{"§4.2.1, empty", []string{"  "}, nil},
		{"§4.2.1", []string{"sugar, tea, rum"}, sfv.List{member(token("sugar")), member(token("tea")), member(token("rum"))}},
		{"§4.2.1, the same twice", []string{"a,a"}, sfv.List{member(token("a")), member(token("a"))}},
		{"§4.2.1, space and tabs", []string{"  1 \t , \t 2\t "}, sfv.List{member(integer(1)), member(integer(2))}},
		{"§4.2 step 3, lines", []string{"1", "42"}, sfv.List{member(integer(1)), member(integer(42))}},
		{"§4.2.1", []string{"a;b=1, c"}, sfv.List{member(token("a"), sfv.Param{Key: "b", Value: integer(1)}), member(token("c"))}},
		{"§4.2.1.2", []string{"()"}, sfv.List{inner(nil)}},
		{"§4.2.1.2", []string{"(  )"}, sfv.List{inner(nil)}},
		{"§4.2.1.2", []string{`("foo" "bar"), ("baz"), ()`}, sfv.List{
			inner(nil, item(text("foo")), item(text("bar"))), inner(nil, item(text("baz"))), inner(nil)}},
		{"§4.2.1.2", []string{`(  1   2 );x`}, sfv.List{
			inner(sfv.Params{{Key: "x", Value: yes}}, item(integer(1)), item(integer(2)))}},
		{"§4.2.1.2, parameters inside and outside", []string{`("foo"; a=1;b=2);lvl=5, x`}, sfv.List{
			inner(sfv.Params{{Key: "lvl", Value: integer(5)}},
				item(text("foo"), sfv.Param{Key: "a", Value: integer(1)}, sfv.Param{Key: "b", Value: integer(2)})),
			member(token("x"))}},
	} {
		got, err := sfv.ParseList(tt.in)
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: ParseList(%q) = %+v, %v, want %+v", tt.clause, tt.in, got, err, tt.want)
		}
	}
	for _, tt := range []struct {
		clause string
		in     []string
	}{
		{"§4.2.1", []string{","}},
		{"§4.2.1", []string{"1,"}},
		{"§4.2.1", []string{"1, \t"}},
		{"§4.2.1", []string{",1"}},
		{"§4.2.1", []string{"1,,2"}},
		{"§4.2.1", []string{"1 2"}},
		{"§4.2.1", []string{"1;"}},
		{"§4.2 step 4, spaces only", []string{"\t1"}},
		{"§4.2 step 3, an empty line", []string{"1", ""}},
		{"§4.2 step 3, an empty line", []string{"", "1"}},
		{"§4.2 step 3, an empty line", []string{"", ""}},
		{"§4.2.1.2", []string{"("}},
		{"§4.2.1.2", []string{"( "}},
		{"§4.2.1.2", []string{"(1"}},
		{"§4.2.1.2", []string{"(1 "}},
		{"§4.2.1.2", []string{")"}},
		{"§4.2.1.2", []string{"(1,2)"}},
		{"§4.2.1.2", []string{"(1\t2)"}},
		{"§4.2.1.2", []string{"(a\"b\")"}},
		{"§4.2.1.2", []string{"(1 (2))"}},
		{"§4.2.1.2", []string{"((1) 2)"}},
		{"§4.2.1.2", []string{"(1) (2)"}},
		{"§4.2.1.2", []string{"(1);"}},
		{"§4.2.1.2, over two lines", []string{"(1", "2)"}},
	} {
		if got, err := sfv.ParseList(tt.in); !errors.Is(err, sfv.ErrSyntax) {
			t.Errorf("%s: ParseList(%q) = %+v, %v, want ErrSyntax", tt.clause, tt.in, got, err)
		}
	}
}

// RFC 9651 §4.2.2.
func TestDictionaries(t *testing.T) {
	for _, tt := range []struct {
		clause string
		in     []string
		want   sfv.Dictionary
	}{
		{"absent", nil, nil},
		{"empty", []string{""}, nil},
		{"example", []string{`en="Applepie", da=:w4ZibGV0w6ZydGU=:`}, sfv.Dictionary{
			{"en", member(text("Applepie"))}, {"da", member(byteSequence("Æbletærte"))}}},
		{"example", []string{"a=?0, b, c; foo=bar"}, sfv.Dictionary{
			{"a", member(no)}, {"b", member(yes)}, {"c", member(yes, sfv.Param{Key: "foo", Value: token("bar")})}}},
		{"example", []string{"rating=1.5, feelings=(joy sadness)"}, sfv.Dictionary{
			{"rating", member(decimal(1500))}, {"feelings", inner(nil, item(token("joy")), item(token("sadness")))}}},
		{"lines", []string{"a=1", "b=2"}, sfv.Dictionary{{"a", member(integer(1))}, {"b", member(integer(2))}}},
		{"space and tabs", []string{" a=1\t,\t b=2 "}, sfv.Dictionary{{"a", member(integer(1))}, {"b", member(integer(2))}}},
		{"the last counts, where the first stood", []string{"a=1;x, b=2, a=(3)"}, sfv.Dictionary{
			{"a", inner(nil, item(integer(3)))}, {"b", member(integer(2))}}},
		{"the last counts, where the first stood", []string{"a=(1), b=2, a"}, sfv.Dictionary{
			{"a", member(yes)}, {"b", member(integer(2))}}},
	} {
		got, err := sfv.ParseDictionary(tt.in)
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: ParseDictionary(%q) = %+v, %v, want %+v", tt.clause, tt.in, got, err, tt.want)
		}
	}
	for _, in := range []string{
		"a=", "a= 1", "a =1", "a=,b", "=1", "a=1,", "a=1,,b=2", ",a", "a=1 b=2", "a;b=", "a;",
		"A=1", "aB=1", "1a=1", "é=1", `"a"=1`, "a=(", "a==1", "a=1;;b", "\ta", "a=1;b=(1)", "max-age=60;",
	} {
		if got, err := sfv.ParseDictionary([]string{in}); !errors.Is(err, sfv.ErrSyntax) {
			t.Errorf("ParseDictionary(%q) = %+v, %v, want ErrSyntax", in, got, err)
		}
	}
}

// Of many keys the last of each counts too, and to find them takes linear time:
// tens of milliseconds here, where comparing each with all took half a minute.
func TestManyKeys(t *testing.T) {
	const n = 50_000
	var field strings.Builder
	for round := range 2 {
		for i := range n {
			fmt.Fprintf(&field, "k%d=%d,", i, i+round)
		}
	}
	members := strings.TrimSuffix(field.String(), ",")
	start := time.Now()
	dict, err := sfv.ParseDictionary([]string{members})
	if err != nil || len(dict) != n {
		t.Fatalf("ParseDictionary of %d keys: %d, %v", n, len(dict), err)
	}
	it, err := sfv.ParseItem([]string{"a;" + strings.ReplaceAll(members, ",", ";")})
	if err != nil || len(it.Params) != n {
		t.Fatalf("ParseItem of %d parameters: %d, %v", n, len(it.Params), err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("%d keys, each twice, took %v", n, took)
	}
	for i := range n {
		key, want := fmt.Sprintf("k%d", i), integer(int64(i+1))
		if dict[i].Key != key || dict[i].Value != want {
			t.Fatalf("the dictionary at %d: %+v, want %s=%d", i, dict[i], key, i+1)
		}
		if it.Params[i].Key != key || it.Params[i].Value != want {
			t.Fatalf("the parameters at %d: %+v, want %s=%d", i, it.Params[i], key, i+1)
		}
	}
}

// The sizes that every parser has to take (RFC 9651 §3.1 to §3.3.8).
func TestSizes(t *testing.T) {
	for what, in := range map[string]string{
		"1024 members":      strings.Repeat("a, ", 1023) + "a",
		"256 items inside":  "(" + strings.Repeat("a ", 255) + "a)",
		"1024 characters":   `"` + strings.Repeat("a", 1024) + `"`,
		"512 of a token":    strings.Repeat("a", 512),
		"16384 bytes":       ":" + strings.Repeat("AAAA", 5462) + ":",
		"keys of 64":        "a;" + strings.Repeat("b", 64) + "=1",
		"8192 of a display": `%"` + strings.Repeat("%c3%bc", 4096) + `"`,
	} {
		if _, err := sfv.ParseList([]string{in}); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}
