package stored

import (
	"fmt"
	"net/http"
	"reflect"
	"testing"
	"unsafe"
)

// Pages share the values that they have in common, and each has its own.
func TestHeadersShareValues(t *testing.T) {
	c := NewCodec(0)
	header := func(i int) Header {
		p := &Response{Body: []byte("page")}
		c.SetHeader(p, []Field{
			{Name: "Cache-Control", Values: []string{"max-age=60"}},
			{Name: "Date", Values: []string{"Sun, 06 Nov 1994 08:49:37 GMT"}},
			{Name: "Etag", Values: []string{fmt.Sprintf("%q", fmt.Sprint(i))}},
			{Name: "Link", Values: []string{"a", fmt.Sprint(i)}},
			{Name: "Vary", Values: []string{"Accept"}, Adds: true},
			{Name: "X-Gone"},
		})
		return p.Header
	}
	a, b := header(1), header(2)
	if a.shape != b.shape || len(a.values) != 5 {
		t.Errorf("shapes %p and %p, %d own values; want one shape and the five values that differ or may", a.shape, b.shape, len(a.values))
	}
	for i, f := range []Header{a, b} {
		h := http.Header{"X-Gone": {"x"}, "Vary": {"Cookie"}}
		f.Set(h)
		want := http.Header{
			"Cache-Control": {"max-age=60"}, "Date": {"Sun, 06 Nov 1994 08:49:37 GMT"}, "Etag": {fmt.Sprintf("%q", fmt.Sprint(i+1))},
			"Link": {"a", fmt.Sprint(i + 1)}, "Vary": {"Cookie", "Accept"}, "X-Gone": nil,
		}
		if !reflect.DeepEqual(h, want) || f.Length()[0] != "4" || f.ETag() != want["Etag"][0] {
			t.Errorf("got %v, length %v, tag %s; want %v", h, f.Length(), f.ETag(), want)
		}
		// Who appends to what a page gave makes a copy.
		_ = append(h["Cache-Control"], "x")
		_ = append(h["Link"], "x")
		if again := make(http.Header); true {
			f.Set(again)
			if again["Cache-Control"][0] != "max-age=60" || cap(again["Cache-Control"]) != 1 || cap(again["Link"]) != 2 {
				t.Errorf("capacities %d and %d", cap(again["Cache-Control"]), cap(again["Link"]))
			}
		}
	}
	third := header(3)
	if unsafe.StringData(a.Get("Date")[0]) != unsafe.StringData(third.Get("Date")[0]) {
		t.Error("responses of one second have a Date each")
	}
}

// A handler that numbers its responses fills no table with them.
func TestShapesOfNumberedResponses(t *testing.T) {
	s := newShapes()
	list := func(i int) []Field {
		return []Field{{Name: "X-Id", Values: []string{fmt.Sprint(i)}}, {Name: "Content-Type", Values: []string{"text/html"}}}
	}
	for i := range 10 * maxShapes {
		f := s.pack(list(i), "0")
		if f.Get("X-Id")[0] != fmt.Sprint(i) {
			t.Fatalf("response %d has the number %v", i, f.Get("X-Id"))
		}
	}
	if len(s.known) > maxKinds+1 {
		t.Errorf("%d shapes, want %d", len(s.known), maxKinds+1)
	}
	// Others still share theirs, and there is an end to that as well.
	for i := range 10 * maxShapes {
		s.pack([]Field{{Name: fmt.Sprint("X-", i), Values: []string{"v"}}}, "0")
	}
	if len(s.known) != maxShapes || len(s.kinds) > maxShapes/2 {
		t.Errorf("%d shapes of %d kinds, want %d of half as many", len(s.known), len(s.kinds), maxShapes)
	}
}
