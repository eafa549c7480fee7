package pagecache_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
)

// A proxy whose origin breaks off in the middle shows it by http.ErrAbortHandler, and
// only where it sees that a server has called it. What is warmed up is not half a page
// because no server did.
func TestWarmingUpBehindAProxyWhoseOriginBreaksOff(t *testing.T) {
	var breaks atomic.Bool
	broken := make(chan struct{}, 10)
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "first half, ")
		w.(http.Flusher).Flush()
		if breaks.Load() {
			broken <- struct{}{}
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, "second half")
	}))
	defer origin.Close()
	to, err := url.Parse(origin.URL)
	if err != nil {
		t.Fatal(err)
	}
	mem := memory.New(nil)
	defer mem.Close()
	store, err := coherent.New(mem, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	pages, err := pagecache.New(store, &pagecache.Options{TTL: time.Hour, Warm: 1})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{}, 10)
	proxy := httputil.NewSingleHostReverseProxy(to)
	front := httptest.NewServer(pages.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { ended <- struct{}{} }()
		proxy.ServeHTTP(w, r)
	})))
	defer front.Close()
	get := func() string {
		resp, err := http.Get(front.URL)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		return string(b)
	}
	const whole = "first half, second half"
	if got := get(); got != whole {
		t.Fatalf("got %q", got)
	}
	<-ended
	breaks.Store(true)
	if err := pages.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{cache.All}}); err != nil {
		t.Fatal(err)
	}
	<-broken
	<-ended
	breaks.Store(false)
	_ = pages.Close() // the warm-up is over
	if got := get(); got != whole {
		t.Errorf("after a warm-up that broke off: got %q, want %q", got, whole)
	}
}
