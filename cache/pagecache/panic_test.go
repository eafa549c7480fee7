package pagecache_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/pagecache"
)

// panicking is a backend elsewhere. Each of its methods panics while it is armed.
type panicking struct {
	cache.Backend
	armed atomic.Bool
}

func (b *panicking) step() {
	if b.armed.Load() {
		panic("a broken backend")
	}
}

func (b *panicking) Get(ctx context.Context, key string) ([]byte, bool, error) {
	b.step()
	return b.Backend.Get(ctx, key)
}

func (b *panicking) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	b.step()
	return b.Backend.Set(ctx, key, value, ttl)
}

func (b *panicking) Append(ctx context.Context, e cache.Event) (cache.Position, error) {
	b.step()
	return b.Backend.Append(ctx, e)
}

func (b *panicking) Since(ctx context.Context, after cache.Position) (cache.Events, error) {
	b.step()
	return b.Backend.Since(ctx, after)
}

// A backend that panics costs a visitor nothing but the cache. The purge of an
// unsafe request, which fails, is told to Observe.
func TestPageOfABackendThatPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &panicking{Backend: newMemory(t)}
		var unpurged atomic.Int64
		opts := &pagecache.Options{TTL: time.Hour, Observe: func(_ *http.Request, o pagecache.Observation) {
			if o.Forward == "method" && errors.Is(o.Err, cache.ErrPanic) {
				unpurged.Add(1)
			}
		}}
		s := newSite(t, b, opts, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "page") })
		b.armed.Store(true)
		for range 3 {
			if got := body(t, s.get("/")); got != "page" {
				t.Errorf("GET: got %q, want the page", got)
			}
			if got := body(t, s.do(http.MethodPost, "/")); got != "page" {
				t.Errorf("POST: got %q, want the handler's answer", got)
			}
			time.Sleep(time.Second)
		}
		if unpurged.Load() != 3 {
			t.Errorf("Observe was told of %d purges that panicked, want 3", unpurged.Load())
		}
		b.armed.Store(false)
		time.Sleep(5 * time.Second)
		s.get("/")
		wantStatus(t, s.get("/"), "afterwards", "uncache; hit")
	})
}

// Observe that panics ends no page and no process: neither where a visitor is
// answered nor in the background. It is told so.
func TestPanicOfObserve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told atomic.Int64
		opts := &pagecache.Options{
			TTL: 10 * time.Second, StaleWhileRevalidate: time.Hour, Warm: 1,
			Observe: func(_ *http.Request, o pagecache.Observation) {
				if o.Detail == "Observe panicked" && errors.Is(o.Err, cache.ErrPanic) {
					told.Add(1)
				}
				panic("always")
			},
		}
		fails := false
		s := newSite(t, nil, opts, func(w http.ResponseWriter, _ *http.Request) {
			if fails {
				panic("the handler, too")
			}
			_, _ = io.WriteString(w, "page")
		})
		defer s.pages.Close()
		for range 2 {
			if got := body(t, s.get("/")); got != "page" {
				t.Errorf("got %q, want the page", got)
			}
		}
		if told.Load() != 2 {
			t.Errorf("Observe was told of %d of its panics, want 2", told.Load())
		}
		fails = true
		time.Sleep(11 * time.Second)
		s.get("/") // refreshed
		synctest.Wait()
		s.purge(cache.All) // warmed
		synctest.Wait()
		fails = false
		if got := body(t, s.get("/")); got != "page" {
			t.Errorf("afterwards: got %q, want the page", got)
		}
	})
}

// A handler that ends its goroutine (runtime.Goexit) does not end the warming of
// the pages that are queued behind it.
func TestGoexitWhileWarming(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, nil, &pagecache.Options{TTL: time.Hour, Warm: 1}, func(w http.ResponseWriter, r *http.Request) {
			if pagecache.Warming(r.Context()) && r.URL.Path == "/b" {
				runtime.Goexit()
			}
			_, _ = io.WriteString(w, "page")
		})
		defer s.pages.Close()
		for _, path := range []string{"/a", "/b", "/c"} {
			s.get(path)
		}
		s.purge(cache.All)
		synctest.Wait()
		for _, path := range []string{"/a", "/c"} {
			wantStatus(t, s.get(path), path, "uncache; hit")
		}
	})
}
