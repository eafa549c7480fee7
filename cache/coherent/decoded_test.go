package coherent_test

import (
	"context"
	"testing"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
)

// A value and a purge may spell the slashes of a path in two ways.
func TestPurgeInAnotherSpelling(t *testing.T) {
	encoded, decoded, half := cache.Path("/a%2Fb%2Fc"), cache.Path("/a/b/c"), cache.Path("/a%2Fb/c")
	for _, tt := range []struct {
		of, purged cache.Dependency
		want       int
	}{
		{encoded, encoded, 2}, {encoded, decoded, 2}, {decoded, encoded, 2}, {encoded, half, 2}, {half, encoded, 2},
		{decoded, cache.Path("/a%252Fb%252Fc"), 1}, {cache.Group("a%2Fb"), cache.Group("a/b"), 1},
	} {
		c := newCache(t, newMemory(t), nil)
		loads := 0
		for range 2 {
			_, err := coherent.Fetch(t.Context(), c, "k", 0, func(_ context.Context, deps *coherent.Deps) (int, error) {
				loads++
				deps.Add(tt.of)
				return loads, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if loads == 1 {
				purge(t, c, tt.purged)
			}
		}
		if loads != tt.want {
			t.Errorf("a value that depends on %q, after a purge of %q: loaded %d times, want %d", tt.of, tt.purged, loads, tt.want)
		}
	}
}
