package cache_test

import (
	"slices"
	"testing"

	"github.com/uncache/uncache/cache"
)

func TestDecodedSlashes(t *testing.T) {
	for _, tt := range []struct{ d, want cache.Dependency }{
		{cache.Path("/docs/a%2Fb"), cache.Path("/docs/a/b")},
		{cache.Path("/docs/a%2fb%2F"), cache.Path("/docs/a/b/")},
		{cache.Path("/docs/a%252Fb"), ""}, // once
		{cache.Path("/docs/a%5Cb"), ""},   // no slash
		{cache.Path("/docs/a/b"), ""},
		{cache.Prefix("/docs/a%2F"), cache.Prefix("/docs/a")},
		{cache.Prefix("/docs%2Fa/"), cache.Prefix("/docs/a/")},
		{cache.URI("h/a%2Fb?q=%2F"), cache.URI("h/a/b?q=%2F")},
		{cache.URI("/a?q=%2F"), ""},
		{cache.Path("/%2Fa"), ""}, // no page
		{cache.Path("/x%2F..%2Faccount/"), ""},
		{cache.Path("/a/.%2Fb"), ""},
		{cache.Path("/a%2F.."), ""},
		{cache.URI("h/a%2F%2Fb"), ""},
		{cache.Path("/a%2F.b%2F...%2F"), cache.Path("/a/.b/.../")},
		{cache.Group("a%2Fb"), ""},
		{cache.Route("/a%2Fb"), ""},
		{"product:a%2Fb", ""},
	} {
		got, ok := tt.d.Decoded()
		if ok != (tt.want != "") || ok && got != tt.want {
			t.Errorf("%q.Decoded() = %q, %v; want %q", tt.d, got, ok, tt.want)
		}
	}
}

func TestWithDecoded(t *testing.T) {
	plain := []cache.Dependency{cache.All, cache.Path("/a")}
	if got := cache.WithDecoded(plain); &got[0] != &plain[0] || len(got) != 2 {
		t.Errorf("WithDecoded(%q) = %q, want the slice itself", plain, got)
	}
	room := make([]cache.Dependency, 3, 8)
	copy(room, []cache.Dependency{cache.Path("/a%2Fb"), cache.Path("/a/b"), cache.Path("/c%2Fd")})
	got := cache.WithDecoded(room)
	if want := append(slices.Clone(room), cache.Path("/c/d")); !slices.Equal(got, want) {
		t.Errorf("WithDecoded(%q) = %q, want %q", room, got, want)
	}
	if room[:4][3] != "" {
		t.Errorf("WithDecoded wrote %q behind the caller's slice", room[:4][3])
	}
	if again := cache.WithDecoded(got); len(again) != len(got) {
		t.Errorf("WithDecoded(%q) = %q, want nothing added", got, again)
	}
}
