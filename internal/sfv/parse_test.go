package sfv_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/uncache/uncache/internal/sfv"
)

func integer(n int64) sfv.Value       { return sfv.Value{Kind: sfv.Integer, Number: n} }
func decimal(n int64) sfv.Value       { return sfv.Value{Kind: sfv.Decimal, Number: n} }
func text(s string) sfv.Value         { return sfv.Value{Kind: sfv.String, Text: s} }
func token(s string) sfv.Value        { return sfv.Value{Kind: sfv.Token, Text: s} }
func byteSequence(s string) sfv.Value { return sfv.Value{Kind: sfv.ByteSequence, Text: s} }
func date(n int64) sfv.Value          { return sfv.Value{Kind: sfv.Date, Number: n} }
func display(s string) sfv.Value      { return sfv.Value{Kind: sfv.DisplayString, Text: s} }

var yes, no = sfv.Value{Kind: sfv.Boolean, Number: 1}, sfv.Value{Kind: sfv.Boolean}

func item(v sfv.Value, params ...sfv.Param) sfv.Item {
	return sfv.Item{Value: v, Params: params}
}

func member(v sfv.Value, params ...sfv.Param) sfv.Member {
	return sfv.Member{Item: item(v, params...)}
}

func inner(params sfv.Params, items ...sfv.Item) sfv.Member {
	return sfv.Member{Item: sfv.Item{Value: sfv.Value{Kind: sfv.InnerList}, Params: params}, Items: items}
}

// What a bare item may be, RFC 9651 §4.2.3.1 to §4.2.10.
func TestBareItems(t *testing.T) {
	for _, tt := range []struct {
		clause, in string
		want       sfv.Value
	}{
		{"§4.2.4", "0", integer(0)},
		{"§4.2.4", "42", integer(42)},
		{"§4.2.4", "-42", integer(-42)},
		{"§4.2.4", "-0", integer(0)},
		{"§4.2.4", "007", integer(7)},
		{"§4.2.4, 15 digits", "999999999999999", integer(999999999999999)},
		{"§4.2.4, 15 digits", "-999999999999999", integer(-999999999999999)},
		{"§4.2.4, 15 digits", "000000000000001", integer(1)},
		{"§4.2.4", "4.5", decimal(4500)},
		{"§4.2.4", "-1.25", decimal(-1250)},
		{"§4.2.4", "0.001", decimal(1)},
		{"§4.2.4", "1.0", decimal(1000)},
		{"§4.2.4, 12 digits before the point", "999999999999.999", decimal(999999999999999)},
		{"§4.2.5", `""`, text("")},
		{"§4.2.5", `"hello world"`, text("hello world")},
		{"§4.2.5", `"a, b;c=(d)"`, text("a, b;c=(d)")},
		{"§4.2.5", `"\""`, text(`"`)},
		{"§4.2.5", `"\\"`, text(`\`)},
		{"§4.2.5", `"a\"b\\c"`, text(`a"b\c`)},
		{"§4.2.5", `"\"\"\\\\"`, text(`""\\`)},
		{"§4.2.5", `" !~"`, text(" !~")},
		{"§4.2.6", "foo123/456", token("foo123/456")},
		{"§4.2.6", "*", token("*")},
		{"§4.2.6", "A", token("A")},
		{"§4.2.6", "*a:/!#$%&'*+-.^_`|~09azAZ", token("*a:/!#$%&'*+-.^_`|~09azAZ")},
		{"§4.2.7", "::", byteSequence("")},
		{"§4.2.7", ":aGVsbG8=:", byteSequence("hello")},
		{"§4.2.7", ":+/Ah:", byteSequence("\xfb\xf0\x21")},
		{"§4.2.7, no padding", ":aGVsbG8:", byteSequence("hello")},
		{"§4.2.7, pad bits that are not zero", ":iZ==:", byteSequence("\x89")},
		{"§4.2.7, pad bits that are not zero", ":iZ:", byteSequence("\x89")},
		{"§4.2.8", "?1", yes},
		{"§4.2.8", "?0", no},
		{"§4.2.9", "@1659578233", date(1659578233)},
		{"§4.2.9", "@-62135596800", date(-62135596800)},
		{"§4.2.9", "@253402214400", date(253402214400)},
		{"§4.2.10", `%""`, display("")},
		{"§4.2.10", `%"This is intended for display to %c3%bcsers."`, display("This is intended for display to üsers.")},
		{"§4.2.10, a backslash is nothing special", `%"a\%22b"`, display(`a\"b`)},
		{"§4.2.10", `%"%00%0a%25%e2%82%ac"`, display("\x00\n%€")},
	} {
		got, err := sfv.ParseItem([]string{tt.in})
		if want := item(tt.want); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: ParseItem(%q) = %+v, %v, want %+v", tt.clause, tt.in, got, err, want)
		}
	}
}

func TestRefusedItems(t *testing.T) {
	for _, tt := range []struct{ clause, in string }{
		{"§4.2.3.1", ""},
		{"§4.2.3.1", "()"},
		{"§4.2.3.1", "=1"},
		{"§4.2.3.1", "_a"},
		{"§4.2.3.1", "\x00"},
		{"§4.2.3.1", "é"},
		{"§4.2 step 10", "1 2"},
		{"§4.2 step 10", "1,"},
		{"§4.2 step 10", "a, b"},
		{"§4.2 step 10", "a\x00"},
		{"§4.2 step 4, spaces only", "\t1"},
		{"§4.2 step 9, spaces only", "1\t"},
		{"§4.2.4", "-"},
		{"§4.2.4", "--1"},
		{"§4.2.4", "- 1"},
		{"§4.2.4", "-a"},
		{"§4.2.4", "+1"},
		{"§4.2.4", "1e3"},
		{"§4.2.4", ".5"},
		{"§4.2.4", "1."},
		{"§4.2.4", "1.a"},
		{"§4.2.4", "1.2.3"},
		{"§4.2.4", "1.-2"},
		{"§4.2.4, 3 digits behind the point", "1.2345"},
		{"§4.2.4, 12 digits before the point", "1234567890123.0"},
		{"§4.2.4, 15 digits", "1000000000000000"},
		{"§4.2.4, 15 digits", "-1000000000000000"},
		{"§4.2.4, 15 digits", "0000000000000001"},
		{"§4.2.4, 15 digits", strings.Repeat("9", 1000)},
		{"§4.2.5", `"`},
		{"§4.2.5", `"a`},
		{"§4.2.5", `"a\`},
		{"§4.2.5", `"a\"`},
		{"§4.2.5", `"a\b"`},
		{"§4.2.5", "\"a\tb\""},
		{"§4.2.5", "\"a\nb\""},
		{"§4.2.5", "\"a\x00b\""},
		{"§4.2.5", "\"a\\\x00\""},
		{"§4.2.5", "\"a\x7fb\""},
		{"§4.2.5", `"é"`},
		{"§4.2.5", `'a'`},
		{"§4.2.5", `"a"b`},
		{"§4.2.6", "a(b"},
		{"§4.2.6", `a"b"`},
		{"§4.2.6", "aé"},
		{"§4.2.7", ":"},
		{"§4.2.7", ":aGVsbG8="},
		{"§4.2.7", ":aGVsb G8=:"},
		{"§4.2.7", ":aGVs\nbG8=:"},
		{"§4.2.7", ":aGVs\r\nbG8:"},
		{"§4.2.7", ":_-Ah:"},
		{"§4.2.7", ":aGVsbG8!:"},
		{"§4.2.7", ":a:"},
		{"§4.2.7", ":=:"},
		{"§4.2.7", ":iZ=:"},
		{"§4.2.7", ":aGVsbG8==:"},
		{"§4.2.7", ":aGVs=bG8:"},
		{"§4.2.8", "?"},
		{"§4.2.8", "?2"},
		{"§4.2.8", "?10"},
		{"§4.2.8", "?T"},
		{"§4.2.8", "? 1"},
		{"§4.2.9", "@"},
		{"§4.2.9", "@1.0"},
		{"§4.2.9", "@a"},
		{"§4.2.9", "@ 1"},
		{"§4.2.9, 15 digits", "@1000000000000000"},
		{"§4.2.10", `%`},
		{"§4.2.10", `%a`},
		{"§4.2.10", `%"`},
		{"§4.2.10", `%"a`},
		{"§4.2.10", `% "a"`},
		{"§4.2.10", `%"%"`},
		{"§4.2.10", `%"%c"`},
		{"§4.2.10, upper case", `%"%C3%BC"`},
		{"§4.2.10", `%"%g0"`},
		{"§4.2.10", `%"%0g"`},
		{"§4.2.10, half a character", `%"%c3"`},
		{"§4.2.10, overlong", `%"%c0%80"`},
		{"§4.2.10, a surrogate", `%"%ed%a0%80"`},
		{"§4.2.10", `%"ü"`},
		{"§4.2.10", "%\"a\tb\""},
	} {
		if got, err := sfv.ParseItem([]string{tt.in}); !errors.Is(err, sfv.ErrSyntax) {
			t.Errorf("%s: ParseItem(%q) = %+v, %v, want ErrSyntax", tt.clause, tt.in, got, err)
		}
	}
}

func TestItems(t *testing.T) {
	for _, tt := range []struct {
		clause string
		in     []string
		want   sfv.Item
	}{
		{"§4.2 steps 4 and 9", []string{"  1  "}, item(integer(1))},
		{"§4.2.3", []string{"5; foo=bar"}, item(integer(5), sfv.Param{Key: "foo", Value: token("bar")})},
		{"§4.2.3.2", []string{"a;b"}, item(token("a"), sfv.Param{Key: "b", Value: yes})},
		{"§4.2.3.2", []string{`a;b=?0;c=%"d";   e=@1`}, item(token("a"),
			sfv.Param{Key: "b", Value: no}, sfv.Param{Key: "c", Value: display("d")}, sfv.Param{Key: "e", Value: date(1)})},
		{"§4.2.3.2, the last counts, where the first stood", []string{"a;b=1;c=2;b=3"}, item(token("a"),
			sfv.Param{Key: "b", Value: integer(3)}, sfv.Param{Key: "c", Value: integer(2)})},
		{"§4.2.3.2, the last counts", []string{"a;b=1;b"}, item(token("a"), sfv.Param{Key: "b", Value: yes})},
		{"§4.2.3.3", []string{"a;*a0_-.*=1"}, item(token("a"), sfv.Param{Key: "*a0_-.*", Value: integer(1)})},
		{"§4.2 step 3, a string over two lines", []string{`"foo`, `bar"`}, item(text("foo, bar"))},
	} {
		got, err := sfv.ParseItem(tt.in)
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: ParseItem(%q) = %+v, %v, want %+v", tt.clause, tt.in, got, err, tt.want)
		}
	}
	for _, tt := range []struct {
		clause string
		in     []string
	}{
		{"§4.2, absent", nil},
		{"§4.2, empty", []string{""}},
		{"§4.2, empty", []string{"   "}},
		{"§4.2 step 3", []string{"1", "2"}},
		{"§4.2 step 3", []string{"1", ""}},
		{"§4.2.3.2", []string{"a;"}},
		{"§4.2.3.2", []string{"a;b="}},
		{"§4.2.3.2", []string{"a;b= 1"}},
		{"§4.2.3.2", []string{"a;b =1"}},
		{"§4.2.3.2, no space before", []string{"a ;b"}},
		{"§4.2.3.2, no tab behind", []string{"a;\tb"}},
		{"§4.2.3.2, no inner list", []string{"a;b=(1)"}},
		{"§4.2.3.3", []string{"a;B"}},
		{"§4.2.3.3", []string{"a;bC"}},
		{"§4.2.3.3", []string{"a;0"}},
		{"§4.2.3.3", []string{"a;-b"}},
		{"§4.2.3.3", []string{"a;é"}},
	} {
		if got, err := sfv.ParseItem(tt.in); !errors.Is(err, sfv.ErrSyntax) {
			t.Errorf("%s: ParseItem(%q) = %+v, %v, want ErrSyntax", tt.clause, tt.in, got, err)
		}
	}
}
