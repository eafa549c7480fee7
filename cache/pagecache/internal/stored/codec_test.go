package stored

import (
	"bytes"
	"net/http"
	"reflect"
	"testing"
	"time"
	"unsafe"
)

func sample() *Response {
	p := &Response{
		Key: "page:x/:0", Rare: &Rare{Vary: []string{"Accept", "Cookie"}}, Flags: IsShared | OwnETag, Status: 200, Route: "GET /",
		Date: time.Unix(1_800_000_000, 5).UnixNano(), Age: 3, Life: time.Minute, Grace: 4, IfError: 5, Took: 6,
		Body: []byte("page"),
	}
	Codec{}.SetHeader(p, []Field{{"Etag", []string{`"v1"`}, false}, {"Link", []string{"a", "b"}, true}, {"X-Gone", nil, false}, {"X-Empty", []string{""}, false}})
	return p
}

func samples() []*Response {
	note := &Response{Key: "k", Flags: IsNote, Rare: &Rare{Vary: []string{"Accept"}, Named: []int64{1 << 60}, End: 1 << 61, Variants: []string{"k#1", "k#2"}, Tags: []string{`"a"`, ""}}}
	part := sample()
	part.Flags |= IsPart
	part.Part = Span{10, 14, 20}
	Codec{}.SetHeader(note, nil)
	return []*Response{sample(), note, part}
}

func TestCodecRoundTrip(t *testing.T) {
	for _, p := range samples() {
		b, err := Codec{}.Encode(p)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Codec{}.Decode(b)
		if err != nil {
			t.Fatalf("Decode: %v", err)
		}
		if len(p.Body) == 0 {
			p.Body = []byte{}
		}
		if !reflect.DeepEqual(got, p) {
			t.Errorf("got  %+v\nwant %+v", got, p)
		}
	}
}

// How long a response took to make is stored with it. From when on it may be
// refreshed is a matter of the options of the process that reads it.
func TestEarlyRefreshIsTheReaders(t *testing.T) {
	p := sample()
	p.Took = time.Second
	for beta, want := range map[float64]time.Duration{0: 0, 1: 14 * time.Second, 2: 28 * time.Second, 1000: 30 * time.Second} {
		b, _ := Codec{}.Encode(p)
		got, err := Codec{beta: beta}.Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		part := samples()[2]
		part.Took = p.Took
		b, _ = Codec{}.Encode(part)
		if q, err := (Codec{beta: beta}).Decode(b); err != nil || q.lead != 0 {
			t.Errorf("EarlyRefresh %v of a part: got %+v, %v; want it left alone", beta, q, err)
		}
		if lead := got.lead; lead != want {
			t.Errorf("EarlyRefresh %v of what took 1s and is fresh for 1m: from %v before its expiry, want %v", beta, lead, want)
		}
	}
}

// A pattern may be kept for long, as a label of a metric. It does not keep the page.
func TestRoutesDoNotKeepPages(t *testing.T) {
	c := Codec{shapes: newShapes()}
	p := sample()
	p.Route = "GET /a/{b}"
	encoded, err := c.Encode(p)
	if err != nil {
		t.Fatal(err)
	}
	var routes [2]string
	for i := range routes {
		b := bytes.Clone(encoded)
		got, err := c.Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		routes[i] = got.Route
		clear(b) // the page is gone
	}
	for _, route := range routes {
		if route != p.Route {
			t.Errorf("got route %q, want %q", route, p.Route)
		}
	}
	if unsafe.StringData(routes[0]) != unsafe.StringData(routes[1]) {
		t.Error("two pages of one route have a copy each")
	}
}

// Whatever bytes are in the store, decoding them does not panic. Neither does
// serving a response that was decoded. What responses share does not change them.
func FuzzDecode(f *testing.F) {
	shared := newShapes()
	for _, p := range samples() {
		b, _ := Codec{}.Encode(p)
		f.Add(b)
		for i := 0; i < len(b); i += 7 {
			f.Add(b[:i])
		}
	}
	f.Add([]byte{formatVersion, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Codec{}.Decode(b)
		if err != nil {
			return
		}
		q, err := Codec{shapes: shared}.Decode(b)
		if err != nil || !reflect.DeepEqual(q.Header.List(), p.Header.List()) || !reflect.DeepEqual(q.Rare, p.Rare) || q.Header.ETag() != p.Header.ETag() {
			t.Errorf("with shared shapes: %v, %+v; want %+v", err, q, p)
		}
		_ = p.size()
		_ = p.TTL(p.AgeAt(time.Now()))
		_ = p.AppendStatus("")
		_, _ = p.Header.HasStatus(), p.Header.Length()
		p.Header.Set(make(http.Header))
		again, err := Codec{}.Encode(p)
		if err != nil {
			t.Fatal(err)
		}
		if q, err := (Codec{}).Decode(again); err != nil || !bytes.Equal(q.Body, p.Body) || q.Key != p.Key {
			t.Errorf("decoded, encoded and decoded: %v, %+v; want %+v", err, q, p)
		}
	})
}

func TestTTLIsRoundedDown(t *testing.T) {
	p := &Response{Life: time.Minute}
	for left, want := range map[time.Duration]int64{
		time.Minute: 60, 1500 * time.Millisecond: 1, time.Second: 1, time.Millisecond: 0, 0: 0,
		-time.Nanosecond: -1, -300 * time.Millisecond: -1, -time.Second: -1, -1001 * time.Millisecond: -2,
	} {
		if got := p.TTL(time.Minute - left); got != want {
			t.Errorf("fresh for %v: ttl %d, want %d", left, got, want)
		}
	}
}
