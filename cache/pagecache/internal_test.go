package pagecache

import (
	"bytes"
	"net/http"
	"reflect"
	"slices"
	"testing"
	"time"
	"unsafe"
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

func sample() *response {
	p := &response{
		key: "page:x/:0", rare: &rare{vary: []string{"Accept", "Cookie"}}, flags: isShared | ownETag, status: 200, route: "GET /",
		date: time.Unix(1_800_000_000, 5).UnixNano(), age: 3, life: int64(time.Minute), grace: 4, ifError: 5, took: 6,
		body: []byte("page"),
	}
	codec{}.setHeader(p, []field{{"Etag", []string{`"v1"`}, false}, {"Link", []string{"a", "b"}, true}, {"X-Gone", nil, false}, {"X-Empty", []string{""}, false}})
	return p
}

func samples() []*response {
	note := &response{key: "k", flags: isNote, rare: &rare{vary: []string{"Accept"}, named: []int64{1 << 60}, end: 1 << 61, variants: []string{"k#1", "k#2"}, tags: []string{`"a"`, ""}}}
	part := sample()
	part.flags |= isPart
	part.part = span{10, 14, 20}
	codec{}.setHeader(note, nil)
	return []*response{sample(), note, part}
}

func TestCodecRoundTrip(t *testing.T) {
	for _, p := range samples() {
		b, err := codec{}.Encode(p)
		if err != nil {
			t.Fatal(err)
		}
		got, err := codec{}.Decode(b)
		if err != nil {
			t.Fatalf("Decode: %v", err)
		}
		if len(p.body) == 0 {
			p.body = []byte{}
		}
		if !reflect.DeepEqual(got, p) {
			t.Errorf("got  %+v\nwant %+v", got, p)
		}
	}
}

// How long a response took to make is stored with it; from when on it may be
// refreshed is reckoned by whoever reads it, who may not want that.
func TestLeadIsTheReaders(t *testing.T) {
	p := sample()
	p.took = int64(time.Second)
	for beta, want := range map[float64]time.Duration{0: 0, 1: 14 * time.Second, 2: 28 * time.Second, 1000: 30 * time.Second} {
		b, _ := codec{}.Encode(p)
		got, err := codec{beta: beta}.Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		part := samples()[2]
		part.took = p.took
		b, _ = codec{}.Encode(part)
		if q, err := (codec{beta: beta}).Decode(b); err != nil || q.lead != 0 {
			t.Errorf("EarlyRefresh %v of a part: got %+v, %v; want it left alone", beta, q, err)
		}
		if lead := time.Duration(got.lead); lead != want {
			t.Errorf("EarlyRefresh %v of what took 1s and is fresh for 1m: from %v before its expiry, want %v", beta, lead, want)
		}
	}
}

// Who keeps the pattern of a request, as a label of a metric, does not keep the page
// with it.
func TestRoutesDoNotKeepPages(t *testing.T) {
	c := codec{shapes: newShapes()}
	p := sample()
	p.route = "GET /a/{b}"
	stored, err := c.Encode(p)
	if err != nil {
		t.Fatal(err)
	}
	var routes [2]string
	for i := range routes {
		b := bytes.Clone(stored)
		got, err := c.Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		routes[i] = got.route
		clear(b) // the page is gone
	}
	for _, route := range routes {
		if route != p.route {
			t.Errorf("got route %q, want %q", route, p.route)
		}
	}
	if unsafe.StringData(routes[0]) != unsafe.StringData(routes[1]) {
		t.Error("two pages of one route have a copy each")
	}
}

// Whatever bytes stand in the store, decoding them does not panic; what it
// accepts is served without panicking too. What responses share is what they would
// have had each for itself.
func FuzzDecode(f *testing.F) {
	shared := newShapes()
	for _, p := range samples() {
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
		q, err := codec{shapes: shared}.Decode(b)
		if err != nil || !reflect.DeepEqual(q.header.list(), p.header.list()) || !reflect.DeepEqual(q.rare, p.rare) || q.header.etag() != p.header.etag() {
			t.Errorf("with shared shapes: %v, %+v; want %+v", err, q, p)
		}
		_ = p.size()
		_ = (&Cache{ages: new(phrases), statuses: new(phrases)}).hit(p, p.ageAt(time.Now()))
		again, err := codec{}.Encode(p)
		if err != nil {
			t.Fatal(err)
		}
		if q, err := (codec{}).Decode(again); err != nil || !bytes.Equal(q.body, p.body) || q.key != p.key {
			t.Errorf("decoded, encoded and decoded: %v, %+v; want %+v", err, q, p)
		}
	})
}

func TestTTLIsRoundedDown(t *testing.T) {
	p := &response{life: int64(time.Minute)}
	for left, want := range map[time.Duration]int64{
		time.Minute: 60, 1500 * time.Millisecond: 1, time.Second: 1, time.Millisecond: 0, 0: 0,
		-time.Nanosecond: -1, -300 * time.Millisecond: -1, -time.Second: -1, -1001 * time.Millisecond: -2,
	} {
		if got := p.ttl(time.Minute - left); got != want {
			t.Errorf("fresh for %v: ttl %d, want %d", left, got, want)
		}
	}
}
