package keys_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/uncache/uncache/keys"
)

func hitRequest() *http.Request {
	r := httptest.NewRequest("GET", "/blog/hello-world/?page=2&sort=new", nil)
	r.Header.Set("Accept-Language", "en-GB,en;q=0.9")
	r.Header.Set("Cookie", "session=0123456789abcdef")
	for _, name := range eightFields[2:] {
		r.Header.Set(name, "a value")
	}
	return r
}

var eightFields = []string{"Accept-Language", "Cookie", "X-A", "X-B", "X-C", "X-D", "X-E", "X-F"}

// A hit looks its key up without allocating, or package pagecache can't keep
// what it promises.
func TestHitDoesNotAllocate(t *testing.T) {
	r := hitRequest()
	unsorted := httptest.NewRequest("GET", "/blog/caf%c3%a9/?sort=new&page=2&&a=%7e", nil)
	for _, tt := range []struct {
		name string
		opts *keys.Options
		r    *http.Request
	}{
		{"plain", nil, r},
		{"eight fields", &keys.Options{Headers: eightFields}, r},
		{"hosts and parameters", &keys.Options{Hosts: []string{"www.example.com", "example.com"}, Query: []string{"page"}}, r},
		{"cookies that count", &keys.Options{Headers: eightFields, Cookies: []string{"session", "theme"}}, r},
		{"no cookies that count", &keys.Options{Headers: eightFields, Cookies: []string{}}, r},
		{"not canonical", nil, unsorted},
	} {
		b, err := keys.New("site", tt.opts)
		if err != nil {
			t.Fatal(err)
		}
		dst := make([]byte, 0, 512)
		if n := testing.AllocsPerRun(100, func() { b.AppendRequest(dst, tt.r) }); n != 0 {
			t.Errorf("%s: AppendRequest allocates %v times, want 0", tt.name, n)
		}
		key := []byte(b.Request(tt.r).String())
		if n := testing.AllocsPerRun(100, func() { b.AppendVariant(dst, key, eightFields, tt.r.Header) }); n != 0 {
			t.Errorf("%s: AppendVariant allocates %v times, want 0", tt.name, n)
		}
	}
}

func TestQueryThatCountsDoesNotAllocate(t *testing.T) {
	b, err := keys.New("site", &keys.Options{Query: []string{"page", "sort"}})
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { b.Query("sort=new&page=2") }); n != 0 {
		t.Errorf("Query allocates %v times, want 0", n)
	}
}

func BenchmarkAppendRequest(b *testing.B) {
	r := hitRequest()
	for _, bm := range []struct {
		name string
		opts *keys.Options
	}{
		{"plain", nil},
		{"eight fields", &keys.Options{Headers: eightFields}},
	} {
		b.Run(bm.name, func(b *testing.B) {
			builder, err := keys.New("site", bm.opts)
			if err != nil {
				b.Fatal(err)
			}
			dst := make([]byte, 0, 512)
			b.ReportAllocs()
			for b.Loop() {
				builder.AppendRequest(dst, r)
			}
		})
	}
}

func BenchmarkAppendVariant(b *testing.B) {
	r := hitRequest()
	builder, err := keys.New("site", nil)
	if err != nil {
		b.Fatal(err)
	}
	key := []byte(builder.Request(r).String())
	dst := make([]byte, 0, 512)
	b.ReportAllocs()
	for b.Loop() {
		builder.AppendVariant(dst, key, eightFields, r.Header)
	}
}
