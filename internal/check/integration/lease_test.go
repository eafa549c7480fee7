package integration_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/backend/rediscache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/keys"
)

// leased returns n processes' worth of sites over one Redis, each with a client
// of its own. One of them renders a page for all.
func leased(t testing.TB, n int, c connect, opts coherent.Options, h http.HandlerFunc) []http.Handler {
	t.Helper()
	sites := make([]http.Handler, n)
	for i := range sites {
		b, err := rediscache.New(use(t, c), nil)
		if err != nil {
			t.Fatal(err)
		}
		store, err := coherent.New(b, &opts)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { store.Close() })
		pages, err := pagecache.New(store, &pagecache.Options{TTL: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { pages.Close() })
		sites[i] = pages.Handler(h)
	}
	return sites
}

// visitAll sends 25 visitors to each site at once.
func visitAll(ctx context.Context, sites []http.Handler, target string) (answers []*httptest.ResponseRecorder) {
	var mu sync.Mutex
	var visitors sync.WaitGroup
	for _, site := range sites {
		for range 25 {
			visitors.Go(func() {
				w := httptest.NewRecorder()
				site.ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", target, nil))
				mu.Lock()
				defer mu.Unlock()
				answers = append(answers, w)
			})
		}
	}
	visitors.Wait()
	return answers
}

// patient options never lose a lookup, on whatever machine.
var patient = coherent.Options{Timeout: 10 * time.Second, Lease: time.Minute}

// 200 visitors of 8 processes for a page that nobody has: it is rendered once,
// whether it varies or not.
func TestLeaseRendersOnce(t *testing.T) {
	const rounds = 30
	for _, vary := range []string{"", "Accept-Language"} {
		t.Run("Vary: "+vary, func(t *testing.T) {
			c, _ := server(t)
			var fills atomic.Int64
			sites := leased(t, 8, c, patient, func(w http.ResponseWriter, r *http.Request) {
				fills.Add(1)
				time.Sleep(20 * time.Millisecond)
				if vary != "" {
					w.Header().Set("Vary", vary)
				}
				fmt.Fprint(w, r.URL.Path)
			})
			for i := range rounds {
				target := fmt.Sprint("/page", i)
				fills.Store(0)
				for _, w := range visitAll(t.Context(), sites, target) {
					if w.Body.String() != target {
						t.Errorf("GET %s: got %q (%s)", target, w.Body, w.Header()["Cache-Status"])
					}
				}
				if got := fills.Load(); got != 1 {
					t.Errorf("round %d: %d fills for 200 visitors of 8 processes, want 1", i, got)
				}
			}
		})
	}
}

// What may not be stored is rendered for each of its visitors, and they wait for
// it at most twice: for the first of all, and for their own.
func TestLeaseForWhatIsNotStored(t *testing.T) {
	const rendering = 100 * time.Millisecond
	c, _ := server(t)
	var fills atomic.Int64
	sites := leased(t, 8, c, patient, func(w http.ResponseWriter, _ *http.Request) {
		fills.Add(1)
		time.Sleep(rendering)
		w.Header().Set("Cache-Control", "private")
		fmt.Fprint(w, "yours")
	})
	began := time.Now()
	visitAll(t.Context(), sites, "/")
	if took := time.Since(began); took > 20*time.Second { // the lease is for a minute, and 8 in turns
		t.Errorf("the last visitor waited %v", took)
	}
	if got := fills.Load(); got != 200 {
		t.Errorf("%d renderings for 200 visitors, want one each", got)
	}
}

// A holder that died holds the others up until its lease ends, and no longer; one
// of them, whose visitors have gone, no longer than they are there.
func TestLeaseOfTheDead(t *testing.T) {
	const ttl = 500 * time.Millisecond
	c, _ := server(t)
	var fills atomic.Int64
	opts := coherent.Options{Timeout: 10 * time.Second, Lease: ttl}
	sites := leased(t, 8, c, opts, func(w http.ResponseWriter, _ *http.Request) {
		fills.Add(1)
		fmt.Fprint(w, "page")
	})
	dead, err := rediscache.New(use(t, c), nil)
	if err != nil {
		t.Fatal(err)
	}
	builder, err := keys.New("page", nil)
	if err != nil {
		t.Fatal(err)
	}
	key, err := builder.URL("http://example.com/")
	if err != nil {
		t.Fatal(err)
	}
	if has, err := dead.Lease(t.Context(), key.String(), "the dead", ttl); has != "the dead" || err != nil {
		t.Fatalf("Lease: got %q, %v", has, err)
	}
	began := time.Now()
	gone, cancel := context.WithTimeout(t.Context(), ttl/10)
	defer cancel()
	for _, w := range visitAll(gone, sites[:1], "/") {
		if w.Code != http.StatusServiceUnavailable {
			t.Errorf("a visitor who gave up got %d (%s)", w.Code, w.Header()["Cache-Status"])
		}
	}
	if got := fills.Load(); got != 0 {
		t.Fatalf("%d fills %v after a lease for %v began, want none", got, time.Since(began), ttl)
	}
	for _, w := range visitAll(t.Context(), sites, "/") {
		if w.Body.String() != "page" {
			t.Errorf("got %d %q", w.Code, w.Body)
		}
	}
	if took := time.Since(began); took < ttl*9/10 {
		t.Errorf("the lease was over after %v, want %v: did anybody wait for it?", took, ttl)
	}
	if got := fills.Load(); got < 1 || got > 8 {
		t.Errorf("%d fills by 8 processes, want at most one each", got)
	}
}

// When Redis dies nobody waits for a lease any longer, and while it is away
// nobody asks for one.
func TestLeaseWithoutRedis(t *testing.T) {
	c, srv := server(t)
	var asked atomic.Int64
	count := func() redis.UniversalClient {
		rdb := c()
		rdb.AddHook(onLease{&asked})
		return rdb
	}
	rendering := make(chan struct{}, 1000)
	var slow atomic.Bool
	slow.Store(true)
	sites := leased(t, 8, count, coherent.Options{Lease: time.Minute}, func(w http.ResponseWriter, _ *http.Request) {
		rendering <- struct{}{}
		if slow.CompareAndSwap(true, false) {
			time.Sleep(time.Second)
		}
		fmt.Fprint(w, "page")
	})
	began := time.Now()
	done := make(chan []*httptest.ResponseRecorder)
	go func() { done <- visitAll(t.Context(), sites, "/") }()
	<-rendering
	if err := srv.Kill(); err != nil {
		t.Fatal(err)
	}
	for _, w := range <-done {
		if w.Body.String() != "page" {
			t.Errorf("got %d %q (%s)", w.Code, w.Body, w.Header()["Cache-Status"])
		}
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("the last visitor waited %v for a lease of a Redis that is gone", took)
	}
	visitAll(t.Context(), sites, "/") // every process knows by now
	asked.Store(0)
	visitAll(t.Context(), sites, "/other")
	if got := asked.Load(); got != 0 {
		t.Errorf("%d calls for a lease during an outage, want none", got)
	}
}

// onLease counts the commands about leases that a client is given.
type onLease struct{ n *atomic.Int64 }

func (o onLease) DialHook(next redis.DialHook) redis.DialHook { return next }

func (o onLease) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		o.count(cmd)
		return next(ctx, cmd)
	}
}

func (o onLease) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		for _, cmd := range cmds {
			o.count(cmd)
		}
		return next(ctx, cmds)
	}
}

func (o onLease) count(cmd redis.Cmder) {
	if strings.Contains(fmt.Sprint(cmd.Args()), ":lease:") {
		o.n.Add(1)
	}
}

// A cold page costs two round trips more with a lease, a hit none.
func TestLeaseRoundTrips(t *testing.T) {
	c, _ := server(t)
	var asked atomic.Int64
	count := func() redis.UniversalClient {
		rdb := c()
		rdb.AddHook(onLease{&asked})
		return rdb
	}
	sites := leased(t, 1, count, patient, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "page") })
	get := func() {
		sites[0].ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "GET", "/", nil))
	}
	get()
	if got := asked.Load(); got < 2 || got > 3 { // SET and GET in one pipeline; the release, by then or not
		t.Errorf("a fill sent %d commands about leases, want 2 and a release", got)
	}
	for range 100 {
		get()
	}
	if got := asked.Load(); got > 3 {
		t.Errorf("%d commands about leases after 100 hits, want none by hits", got)
	}
}

// What a lease costs who gets it at once: ns of a cold page.
func BenchmarkColdPage(b *testing.B) {
	for _, lease := range []time.Duration{0, time.Minute} {
		b.Run(fmt.Sprint("lease ", lease), func(b *testing.B) {
			c, _ := server(b)
			sites := leased(b, 1, c, coherent.Options{Timeout: 10 * time.Second, Lease: lease}, func(w http.ResponseWriter, _ *http.Request) {
				fmt.Fprint(w, "page")
			})
			n := 0
			for b.Loop() {
				n++
				sites[0].ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(b.Context(), "GET", fmt.Sprint("/", n), nil))
			}
		})
	}
}
