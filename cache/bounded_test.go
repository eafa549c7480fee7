package cache_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/uncache/uncache/cache"
)

func TestLongDependencyIsBounded(t *testing.T) {
	for _, n := range []int{0, 1, 500, 506, 507, 508, 509, 512, 1 << 10, 1 << 20} {
		d := cache.Path("/" + strings.Repeat("x", n))
		b := d.Bounded()
		if len(b) > cache.MaxDependency {
			t.Errorf("%d bytes: the bounded form has %d", len(d), len(b))
		}
		if len(d) <= cache.MaxDependency && b != d {
			t.Errorf("%d bytes: got %q, want it as it was", len(d), b)
		}
		if !strings.HasPrefix(string(b), string(d[:min(len(d), 400)])) {
			t.Errorf("%d bytes: %q does not show what it is", len(d), b)
		}
		if b.Bounded() != b {
			t.Errorf("%d bytes: bounded twice it is another", len(d))
		}
		if d.Hash() != b.Hash() {
			t.Errorf("%d bytes: what names it is not found by its bounded form", len(d))
		}
	}
}

// Names that differ only behind what the bounded form shows stay apart.
func TestLongDependenciesStayApart(t *testing.T) {
	long := "h/" + strings.Repeat("x", 1000)
	seen := make(map[cache.Dependency]bool)
	for _, d := range []cache.Dependency{
		cache.URI(long), cache.URI(long + "a"), cache.URI(long + "b"), cache.Path(long), cache.Group(long),
	} {
		if seen[d.Bounded()] {
			t.Errorf("%s... has the bounded form of another", d[:10])
		}
		seen[d.Bounded()] = true
	}
}

// The bounded form stands in logs that processes of other versions read.
func TestBoundedFormIsFixed(t *testing.T) {
	d := cache.Path("/" + strings.Repeat("x", 600))
	want := cache.Dependency("path:/" + strings.Repeat("x", 473) + "|" + "f6cd5a9895b1a484a1c586cff5c372ad")
	if got := d.Bounded(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestBoundedFormCutsNoCharacter(t *testing.T) {
	for _, long := range []string{strings.Repeat("é", 400), "x" + strings.Repeat("é", 400), strings.Repeat("語", 300), "x" + strings.Repeat("🐈", 300), "xy" + strings.Repeat("🐈", 300)} {
		if b := cache.Group(long).Bounded(); !utf8.ValidString(string(b)) || len(b) > cache.MaxDependency || len(b) < cache.MaxDependency-3 {
			t.Errorf("%d bytes of a long name: %q", len(b), b)
		}
		e := cache.Event{Reason: long, Origin: long}.Bounded()
		for _, s := range []string{e.Reason, e.Origin} {
			if !utf8.ValidString(s) || len(s) > cache.MaxNote || len(s) < cache.MaxNote-3 || !strings.HasPrefix(long, s) {
				t.Errorf("%d bytes of a long note: %q", len(s), s)
			}
		}
	}
	// What is no text is cut as well.
	if e := (cache.Event{Reason: strings.Repeat("\x80", 1000)}).Bounded(); len(e.Reason) != cache.MaxNote {
		t.Errorf("%d bytes of a reason that is no text", len(e.Reason))
	}
}

func TestBoundedEventLeavesTheCallersAlone(t *testing.T) {
	long := cache.Group(strings.Repeat("x", 1000))
	deps := []cache.Dependency{"group:a", long, "group:b"}
	e := cache.Event{Dependencies: deps, Reason: "why", Origin: "who", Soft: true}.Bounded()
	if deps[1] != long {
		t.Error("the caller's slice was changed")
	}
	if want := []cache.Dependency{"group:a", long.Bounded(), "group:b"}; !slices.Equal(e.Dependencies, want) {
		t.Errorf("got %q, want %q", e.Dependencies, want)
	}
	if e.Reason != "why" || e.Origin != "who" || !e.Soft {
		t.Errorf("what is short was changed: %+v", e)
	}
}

// A long path depends on what a short one does: on each of its prefixes.
func TestPathDependenciesOfLongPaths(t *testing.T) {
	segment := strings.Repeat("s", 200)
	for _, path := range []string{
		"/", "", "/a", "/a/", "/a//b/", "//", "/" + segment, "/" + segment + "/" + segment + "/" + segment + "/", "/" + strings.Repeat("é/", 400),
		strings.Repeat("/"+segment, 10) + "//" + segment + "/",
	} {
		got := cache.AppendPathDependencies(nil, path)
		want := []cache.Dependency{cache.Path(path).Bounded()}
		trimmed := strings.TrimRight(path, "/")
		for i := range len(trimmed) {
			if trimmed[i] == '/' && (i == 0 || trimmed[i-1] != '/') {
				want = append(want, cache.Prefix(trimmed[:i]).Bounded())
			}
		}
		want = append(want, cache.Prefix(trimmed).Bounded())
		if !slices.Equal(got, want) {
			t.Errorf("%.40q (%d bytes): got %q, want %q", path, len(path), got, want)
		}
	}
}

// 64 segments of 16 KiB are a path of 1 MiB, and 32 MiB of prefixes.
func TestPathDependenciesTakeLittleMemory(t *testing.T) {
	path := strings.Repeat("/"+strings.Repeat("x", 16<<10), 64)
	var deps []cache.Dependency
	r := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			deps = cache.AppendPathDependencies(nil, path)
		}
	})
	held := 0
	for _, d := range deps {
		held += len(d)
	}
	if len(deps) != 66 || held > 66*cache.MaxDependency || r.AllocedBytesPerOp() > 4<<20 {
		t.Errorf("%d names of %d bytes, %d allocated for a path of %d", len(deps), held, r.AllocedBytesPerOp(), len(path))
	}
}
