package sfv_test

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/uncache/uncache/internal/sfv"
)

// roundTrip parses the lines and, if they are a field, checks that its
// serialization parses to the same, is its own serialization, and that nothing
// but ASCII was let through (RFC 9651 §4.2 step 2).
func roundTrip[T any](t *testing.T, lines []string, parse func([]string) (T, error), serialize func(T) string) {
	t.Helper()
	first, err := parse(lines)
	if err != nil {
		return
	}
	for i, c := range strings.Join(lines, "") {
		if c >= 0x80 {
			t.Errorf("%q parses with byte %d outside ASCII", lines, i)
		}
	}
	canonical := serialize(first)
	second, err := parse([]string{canonical})
	if err != nil || !reflect.DeepEqual(first, second) {
		t.Errorf("%q is %+v, its serialization %q is %+v, %v", lines, first, canonical, second, err)
	}
	if again := serialize(second); again != canonical {
		t.Errorf("%q is serialized as %q, which is serialized as %q", lines, canonical, again)
	}
}

func roundTrips(t *testing.T, field string) {
	t.Helper()
	lines := strings.Split(field, "\n")
	roundTrip(t, lines, sfv.ParseList, serializeList)
	roundTrip(t, lines, sfv.ParseDictionary, serializeDictionary)
	roundTrip(t, lines, sfv.ParseItem, serializeItem)
}

// A newline parts the lines of the field.
func FuzzParse(f *testing.F) {
	for _, field := range []string{
		"",
		"1, 42",
		"a=1\nb=2",
		`"foo` + "\n" + `bar"`,
		`("foo"; a=1;b=2);lvl=5, ("bar" "baz");lvl`,
		`a=(1 2), b=3, c=4;aa=bb, d=(5 6);valid`,
		`a=1;x, b=2, a=(3);y`,
		`en="Apple\"pie\\", da=:w4ZibGV0w6ZydGU=:`,
		`a=?0, b, c; foo=bar`,
		`-1.50, 999999999999.999, -0, 007, -0.0, 100.0`,
		`@1659578233, %"%c3%bcsers \ %22%25%0a", :iZ==:, :iZ:, ::`,
		`foo123/456;*a0_-.*="x", *:a!#$%&'*+-.^_|~`,
		"max-age=60, s-maxage=600;x=y, no-cache=\"a, b\"",
		"(  ), (a ), ( b);c",
		`%"%c0%80"`, "1,", ":=:", "a;b;", "\xff",
	} {
		f.Add(field)
	}
	f.Fuzz(roundTrips)
}

// FuzzAppend checks that what the append functions write parses as what they
// were given, and is refused where it would not.
func FuzzAppend(f *testing.F) {
	f.Add("scripts", int64(0))
	f.Add(`a"b\c`, int64(-999_999_999_999_999))
	f.Add("a\r\nSet-Cookie: b", int64(1_000_000_000_000_000))
	f.Add("", int64(-1)<<63)
	f.Fuzz(func(t *testing.T, s string, n int64) {
		check := func(field []byte, ok bool, want sfv.Value) {
			t.Helper()
			got, err := sfv.ParseItem([]string{string(field)})
			switch {
			case ok && (err != nil || !reflect.DeepEqual(got, item(want))):
				t.Errorf("%+v is written as %q, which is %+v, %v", want, field, got, err)
			case !ok && len(field) > 0:
				t.Errorf("%+v cannot be written, but %q was", want, field)
			}
		}
		field, ok := sfv.AppendString(nil, s)
		check(field, ok, text(s))
		field, ok = sfv.AppendInteger(nil, n)
		check(field, ok, integer(n))
		field, ok = sfv.AppendToken(nil, s)
		check(field, ok, token(s))
		if got, err := sfv.ParseItem([]string{s}); !ok && err == nil && reflect.DeepEqual(got, item(token(s))) {
			t.Errorf("%q is a token, but AppendToken refuses it", s)
		}
	})
}

// Random pieces of the syntax fit together now and then. So the fuzzer gets deeper
// into lists than by mutating bytes.
func TestRandomFields(t *testing.T) {
	pieces := []string{
		"a", "b", "*c", "1", "-1.5", "0.10", `"x"`, `"\""`, `tok/en`, ":YQ==:", ":YQ:", "?0", "?1", "@7", `%"%c3%bc"`,
		"(", ")", " ", ",", ", ", ";", ";a", ";a=", ";b=2", "=", "a=", "b=", "c=(", "\n", "\t", "  ",
	}
	const seed = 9651
	random := rand.New(rand.NewPCG(seed, seed))
	parsed := 0
	for range 100_000 {
		var field strings.Builder
		for range 1 + random.IntN(12) {
			field.WriteString(pieces[random.IntN(len(pieces))])
		}
		roundTrips(t, field.String())
		if l, err := sfv.ParseList([]string{field.String()}); err == nil && len(l) > 1 {
			parsed++
		}
	}
	if parsed < 100 {
		t.Errorf("only %d fields were lists of two members or more: the test tests nothing", parsed)
	}
}
