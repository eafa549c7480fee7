package pagecache

import (
	"bytes"
	"net/http"
	"reflect"
	"slices"
	"testing"
	"time"
)

func TestDirectives(t *testing.T) {
	age := func(n int64) seconds { return seconds{true, n} }
	tests := []struct {
		rule   string
		fields []string
		want   directives
	}{
		{"none", nil, directives{}},
		{"empty", []string{""}, directives{present: true}},
		{"§5.2: names in any case", []string{"No-Store, PRIVATE"}, directives{present: true, noStore: true, private: true}},
		{"empty members", []string{",, ,max-age=1,"}, directives{present: true, maxAge: age(1)}},
		{"space around", []string{" max-age = 1 ,\tpublic "}, directives{present: true, public: true, maxAge: age(1)}},
		{"§5.2: quoted arguments", []string{`max-age="1"`}, directives{present: true, maxAge: age(1)}},
		{"escapes", []string{`max-age="\1\0"`}, directives{present: true, maxAge: age(10)}},
		{"a comma in quotes", []string{`no-cache="a, no-store"`}, directives{present: true, noCache: true}},
		{"an escaped quote in quotes", []string{`x="\", no-store", public`}, directives{present: true, public: true}},
		{"a quote that never ends", []string{`x="no-store, public`}, directives{present: true}},
		{"junk behind quotes", []string{`max-age="1"junk, public`}, directives{present: true, public: true, maxAge: age(1)}},
		{"§4.2.1: of two the smaller", []string{"max-age=5, max-age=3", "max-age=4"}, directives{present: true, maxAge: age(3)}},
		{"§4.2.1: nonsense is 0", []string{"max-age=5s"}, directives{present: true, maxAge: age(0)}},
		{"negative is 0", []string{"max-age=-1"}, directives{present: true, maxAge: age(0)}},
		{"without an argument 0", []string{"max-age"}, directives{present: true, maxAge: age(0)}},
		{"§1.2.2: overflow", []string{"s-maxage=18446744073709551617"}, directives{present: true, sMaxAge: age(1 << 31)}},
		{"names that only begin so", []string{"no-storeage, privately, max-age2=1"}, directives{present: true}},
		{"all of them", []string{"must-revalidate, must-understand, public"}, directives{present: true, mustRevalidate: true, mustUnderstand: true, public: true}},
	}
	for _, tt := range tests {
		if got := parseDirectives(tt.fields); got != tt.want {
			t.Errorf("%s: %q:\n got  %+v\n want %+v", tt.rule, tt.fields, got, tt.want)
		}
	}
}

func TestResponseGroups(t *testing.T) {
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
		if got := responseGroups(http.Header{"Cache-Groups": tt.fields}); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q: got %q, want %q", tt.rule, tt.fields, got, tt.want)
		}
	}
}

func sample() *response {
	p := &response{
		key: "page:x/:0", vary: []string{"Accept", "Cookie"}, shared: true, status: 200, route: "GET /",
		date: time.Unix(1_800_000_000, 5).UnixNano(), age: 3, life: int64(time.Minute),
		header: []field{{"Etag", []string{`"v1"`}}, {"Link", []string{"a", "b"}}, {"X-Gone", nil}, {"X-Empty", []string{""}}},
		body:   []byte("page"),
	}
	p.finish()
	return p
}

func TestCodecRoundTrip(t *testing.T) {
	for _, p := range []*response{sample(), {key: "k", note: true, vary: []string{"Accept"}}} {
		p.finish()
		b, err := codec{}.Encode(p)
		if err != nil {
			t.Fatal(err)
		}
		got, err := codec{}.Decode(b)
		if err != nil {
			t.Fatalf("Decode: %v", err)
		}
		if len(p.header) == 0 {
			p.header = []field{}
		}
		if len(p.body) == 0 {
			p.body = []byte{}
		}
		if !reflect.DeepEqual(got, p) {
			t.Errorf("got  %+v\nwant %+v", got, p)
		}
	}
}

// Whatever bytes stand in the store, decoding them does not panic; what it
// accepts is served without panicking too.
func FuzzDecode(f *testing.F) {
	for _, p := range []*response{sample(), {key: "k", note: true, vary: []string{"Accept"}}} {
		b, _ := codec{}.Encode(p)
		f.Add(b)
		for i := 0; i < len(b); i += 7 {
			f.Add(b[:i])
		}
	}
	f.Add([]byte{formatVersion, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := codec{}.Decode(b)
		if err != nil {
			return
		}
		_ = p.size()
		_ = p.hit(p.ageAt(time.Now()), "x")
		again, err := codec{}.Encode(p)
		if err != nil {
			t.Fatal(err)
		}
		if q, err := (codec{}).Decode(again); err != nil || !bytes.Equal(q.body, p.body) || q.key != p.key {
			t.Errorf("decoded, encoded and decoded: %v, %+v; want %+v", err, q, p)
		}
	})
}

func FuzzDirectives(f *testing.F) {
	for _, s := range []string{"max-age=1, no-store", `x="\", no-store", public`, `"`, `a="b`, "=,=", "a==b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d := parseDirectives([]string{s})
		// Whatever stands before it, what is said in a line of its own counts.
		e := parseDirectives([]string{s, "no-store"})
		if !e.noStore || e.maxAge != d.maxAge {
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
		if got && !bytes.Contains([]byte(list), []byte(opaque(etag))) && !bytes.ContainsRune([]byte(list), '*') {
			t.Errorf("%q matches %q", list, etag)
		}
	})
}
