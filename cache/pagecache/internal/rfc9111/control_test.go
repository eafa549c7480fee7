package rfc9111

import (
	"bytes"
	"reflect"
	"testing"
)

func TestControl(t *testing.T) {
	age := func(n int64) Seconds { return Seconds{true, n} }
	tests := []struct {
		rule   string
		fields []string
		want   Control
	}{
		{"none", nil, Control{}},
		{"empty", []string{""}, Control{Present: true}},
		{"§5.2: names in any case", []string{"No-Store, PRIVATE"}, Control{Present: true, NoStore: true, Private: true}},
		{"empty members", []string{",, ,max-age=1,"}, Control{Present: true, MaxAge: age(1)}},
		{"space around", []string{" max-age=1 ,\tpublic "}, Control{Present: true, Public: true, MaxAge: age(1)}},
		{"§4.2.1: space before =", []string{"max-age =1, public"}, Control{Present: true, Public: true, MaxAge: age(0)}},
		{"§4.2.1: space behind =", []string{"max-age= 1, public"}, Control{Present: true, Public: true, MaxAge: age(0)}},
		{"§4.2.1: space before a quote", []string{`max-age= "1", private= "x"`}, Control{Present: true, Private: true, MaxAge: age(0)}},
		{"a semicolon for a comma", []string{"max-age=5, no-store; x", "private;x=1"}, Control{Present: true, NoStore: true, Private: true, MaxAge: age(5)}},
		{"a flag with space before =", []string{"private =x, no-store =1"}, Control{Present: true, Private: true, NoStore: true}},
		{"§5.2: quoted arguments", []string{`max-age="1"`}, Control{Present: true, MaxAge: age(1)}},
		{"escapes", []string{`max-age="\1\0"`}, Control{Present: true, MaxAge: age(10)}},
		{"§5.2.2.4: a list of fields in quotes", []string{`no-cache="a, no-store"`}, Control{Present: true, Fields: []string{"A", "No-Store"}}},
		{"§5.2.2.7: a field", []string{`private=x-user`}, Control{Present: true, Fields: []string{"X-User"}}},
		{"an empty list of fields", []string{`no-cache=" ,"`}, Control{Present: true, NoCache: true}},
		{"of a request", []string{"max-stale, min-fresh=3, only-if-cached"}, Control{Present: true, MaxStale: age(1 << 31), MinFresh: age(3), OnlyIfCached: true}},
		{"RFC 5861", []string{"stale-while-revalidate=3, stale-if-error=4"}, Control{Present: true, WhileRevalidate: age(3), IfError: age(4)}},
		{"an escaped quote in quotes", []string{`x="\", no-store", public`}, Control{Present: true, Public: true}},
		{"a quote that never ends", []string{`x="private, public`}, Control{Present: true, NoStore: true}},
		{"junk behind quotes", []string{`max-age="1"junk, public`}, Control{Present: true, Public: true, MaxAge: age(0)}},
		{"§4.2.1: of two the smaller", []string{"max-age=5, max-age=3", "max-age=4"}, Control{Present: true, MaxAge: age(3)}},
		{"§4.2.1: nonsense is 0", []string{"max-age=5s"}, Control{Present: true, MaxAge: age(0)}},
		{"negative is 0", []string{"max-age=-1"}, Control{Present: true, MaxAge: age(0)}},
		{"without an argument 0", []string{"max-age"}, Control{Present: true, MaxAge: age(0)}},
		{"§1.2.2: overflow", []string{"s-maxage=18446744073709551617"}, Control{Present: true, SMaxAge: age(1 << 31)}},
		{"names that only begin so", []string{"no-storeage, privately, max-age2=1"}, Control{Present: true}},
		{"all of them", []string{"must-revalidate, must-understand, public"}, Control{Present: true, MustRevalidate: true, MustUnderstand: true, Public: true}},
	}
	for _, tt := range tests {
		if got := ParseControl(tt.fields); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %q:\n got  %+v\n want %+v", tt.rule, tt.fields, got, tt.want)
		}
	}
}

func FuzzControl(f *testing.F) {
	for _, s := range []string{"max-age=1, no-store", `x="\", no-store", public`, `"`, `a="b`, "=,=", "a==b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d := ParseControl([]string{s})
		// Whatever stands before it, what is said in a line of its own counts.
		e := ParseControl([]string{s, "no-store"})
		if !e.NoStore || e.MaxAge != d.MaxAge || e.Private != d.Private {
			t.Errorf("%q hides a no-store in another line", s)
		}
	})
}

func FuzzETagList(f *testing.F) {
	f.Add(`"a", W/"b"`, `"b"`)
	f.Add(`*`, `"b"`)
	f.Add(`"a`, `"a"`)
	f.Fuzz(func(t *testing.T, list, etag string) {
		got := matches([]string{list}, etag)
		if got && !bytes.Contains([]byte(list), []byte(Opaque(etag))) && !bytes.ContainsRune([]byte(list), '*') {
			t.Errorf("%q matches %q", list, etag)
		}
	})
}

// RFC 9211 §2.4: a response that has been stale for less than a second is stale.
