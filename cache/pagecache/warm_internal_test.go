package pagecache

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache/internal/find"
)

// What is remembered of pages is bounded; those stored last are.
func TestWarmRemembersTheLast(t *testing.T) {
	b := memory.New(nil)
	defer b.Close()
	store, err := coherent.New(b, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	c, err := New(store, &Options{TTL: time.Hour, Warm: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	h := c.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "page") }))
	visit := func(i int) {
		r := httptest.NewRequestWithContext(t.Context(), "GET", fmt.Sprint("/p", i), nil)
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	for i := range maxWarmPages {
		visit(i)
	}
	id, _ := find.Identify(c.keysFor(storable), httptest.NewRequestWithContext(t.Context(), "GET", "/p0", nil))
	if err := c.values.Delete(context.Background(), id.Primary); err != nil {
		t.Fatal(err)
	}
	visit(0) // stored again, so that /p1 is the oldest now
	visit(maxWarmPages)
	if n, m := len(c.warm.pages), c.warm.recent.Len(); n != maxWarmPages || m != n {
		t.Errorf("%d pages are remembered, in a list of %d; want %d", n, m, maxWarmPages)
	}
	for i, want := range map[int]bool{0: true, 1: false, 2: true, maxWarmPages: true} {
		id, _ := find.Identify(c.keysFor(storable), httptest.NewRequestWithContext(t.Context(), "GET", fmt.Sprint("/p", i), nil))
		if _, ok := c.warm.pages[id.Primary]; ok != want {
			t.Errorf("/p%d is remembered: %v, want %v", i, ok, want)
		}
	}
}
