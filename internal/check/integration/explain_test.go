package integration_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/backend/rediscache"
	"github.com/uncache/uncache/backend/tiered"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/internal/redistest"
)

// explained is a process with a near tier over a Redis that it shares.
type explained struct {
	t     *testing.T
	pages *pagecache.Cache
	near  *memory.Backend
	site  http.Handler
}

func newExplained(t *testing.T, srv *redistest.Server, origin string) *explained {
	t.Helper()
	opts := srv.Options()
	opts.ContextTimeoutEnabled = true
	rdb := redis.NewClient(opts)
	t.Cleanup(func() { _ = rdb.Close() })
	far, err := rediscache.New(rdb, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := &explained{t: t, near: memory.New(nil)}
	backend, err := tiered.New(p.near, far)
	if err != nil {
		t.Fatal(err)
	}
	store, err := coherent.New(backend, &coherent.Options{Origin: origin, Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if p.pages, err = pagecache.New(store, &pagecache.Options{TTL: time.Minute}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _, _ = p.pages.Close(), store.Close(), p.near.Close() })
	p.site = p.pages.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pagecache.AddGroups(r.Context(), "posts")
	}))
	return p
}

func (p *explained) get() string {
	w := httptest.NewRecorder()
	p.site.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/a", nil))
	return w.Header().Get("Cache-Status")
}

func (p *explained) explain() pagecache.Explanation {
	p.t.Helper()
	x, err := p.pages.Explain(p.t.Context(), httptest.NewRequest(http.MethodGet, "/a", nil))
	if err != nil {
		p.t.Fatal(err)
	}
	return x
}

// Each process explains what another has stored and purged, and brings nothing nearer by
// asking. What the log has lost is said to be lost.
func TestExplainOverRedis(t *testing.T) {
	srv := redistest.New(t, redistest.Config{})
	one, two := newExplained(t, srv, "one"), newExplained(t, srv, "two")
	one.get()
	if x := one.explain(); !x.Hit || len(x.Stored) != 2 || x.Stored[0].Tier != 0 || x.Stored[1].Tier != 1 {
		t.Errorf("where it was rendered: %s", x)
	}
	x := two.explain()
	if !x.Hit || len(x.Stored) != 1 || x.Stored[0].Tier != 1 || x.Rendering != nil {
		t.Errorf("elsewhere: %s", x)
	}
	if n := two.near.Stats().Entries; n != 0 {
		t.Errorf("the question has brought %d values nearer", n)
	}
	if s := two.get(); !strings.HasPrefix(s, "uncache; hit") {
		t.Errorf("the request after it: %s", s)
	}

	e := cache.Event{Dependencies: []cache.Dependency{"group:posts"}, Reason: "post 1 saved"}
	if err := two.pages.Purge(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]*explained{"one": one, "two": two} {
		x := p.explain()
		if x.Hit || x.Purge == nil || x.Purge.Origin != "two" || x.Purge.Reason != e.Reason {
			t.Errorf("%s, of a purge by two: %s", name, x)
		}
	}

	one.get()
	rdb := redis.NewClient(srv.Options())
	defer rdb.Close()
	if err := rdb.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	x = one.explain()
	if x.Hit || x.Purge != nil || !strings.Contains(x.Because, "forgotten") {
		t.Errorf("after FLUSHALL: %s", x)
	}
	if s := one.get(); !strings.HasPrefix(s, "uncache; fwd=miss") {
		t.Errorf("the request after it: %s", s)
	}
}
