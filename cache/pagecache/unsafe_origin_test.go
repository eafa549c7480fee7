package pagecache_test

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
)

// What unsafe requests purge says who, alone and where several share an append.
func TestUnsafeRequestsSayWho(t *testing.T) {
	b := memory.New(nil)
	store, err := coherent.New(b, &coherent.Options{Origin: "web-1"})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	pages, err := pagecache.New(store, nil)
	if err != nil {
		t.Fatal(err)
	}
	h := pages.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/save", nil)) })
	}
	wg.Wait()
	events, err := b.Since(t.Context(), 0)
	if err != nil || len(events.List) == 0 {
		t.Fatalf("the log has %+v, %v; want events", events, err)
	}
	for _, e := range events.List {
		if e.Origin != "web-1" {
			t.Errorf("%q: got origin %q, want web-1", e.Reason, e.Origin)
		}
	}
}
