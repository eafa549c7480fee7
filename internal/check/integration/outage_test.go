package integration_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/backend/rediscache"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/internal/redistest"
)

// outageTimeout is what lookups are given in these tests, more than the default
// for the sake of machines that do much else.
const outageTimeout = 100 * time.Millisecond

// slack is what a visitor may wait on such a machine beyond what is promised.
const slack = 2 * time.Second

// A bed is a site with its cache, a Redis, the network between them, and
// somebody else who uses the same Redis by another road.
type bed struct {
	t     *testing.T
	srv   *redistest.Server
	proxy *redistest.Proxy
	rdb   redis.UniversalClient
	ctl   *redis.Client // of the test, for the server
	other *coherent.Cache
	pages *pagecache.Cache
	h     http.Handler

	after func() // what the end of an outage begins with

	version atomic.Int64 // of the record that every page shows
	fills   atomic.Int64
	asked   commands
	seen    *observed
}

type bedOptions struct {
	args    []string
	cluster bool
	direct  bool          // without the proxy
	timeout time.Duration // default outageTimeout
}

func newBed(t *testing.T, o bedOptions) *bed {
	b := &bed{t: t, seen: new(observed), srv: redistest.New(t, redistest.Config{Args: o.args})}
	b.proxy = redistest.NewProxy(t, b.srv.Addr)
	b.ctl = redis.NewClient(b.srv.Options())
	t.Cleanup(func() { b.ctl.Close() })
	opts := b.srv.Options()
	opts.Addr = b.proxy.Addr
	if o.direct {
		opts.Addr = b.srv.Addr
	}
	if o.cluster {
		b.proxy.Intercept(b.asCluster)
		b.rdb = redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{b.proxy.Addr}, ContextTimeoutEnabled: true})
	} else {
		b.rdb = redis.NewClient(opts)
	}
	t.Cleanup(func() { b.rdb.Close() })
	b.rdb.AddHook(&b.asked)
	if o.timeout == 0 {
		o.timeout = outageTimeout
	}
	b.pages = b.cacheOn(b.rdb, &coherent.Options{Timeout: o.timeout, Observe: b.seen.note})
	b.h = b.pages.Handler(http.HandlerFunc(b.render))
	b.other = b.otherOn(b.srv)
	b.version.Store(1)
	return b
}

func (b *bed) cacheOn(rdb redis.UniversalClient, opts *coherent.Options) *pagecache.Cache {
	b.t.Helper()
	backend, err := rediscache.New(rdb, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.cacheOver(backend, opts)
}

func (b *bed) cacheOver(backend cache.Backend, opts *coherent.Options) *pagecache.Cache {
	b.t.Helper()
	store, err := coherent.New(backend, opts)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { store.Close() })
	pages, err := pagecache.New(store, &pagecache.Options{TTL: time.Hour})
	if err != nil {
		b.t.Fatal(err)
	}
	return pages
}

// otherOn returns the cache of another process, which reaches a server without
// the network in between.
func (b *bed) otherOn(srv *redistest.Server) *coherent.Cache {
	b.t.Helper()
	return b.otherBy(redis.NewClient(srv.Options()))
}

func (b *bed) otherBy(rdb *redis.Client) *coherent.Cache {
	b.t.Helper()
	b.t.Cleanup(func() { rdb.Close() })
	backend, err := rediscache.New(rdb, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	store, err := coherent.New(backend, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { store.Close() })
	return store
}

func (b *bed) render(w http.ResponseWriter, _ *http.Request) {
	b.fills.Add(1)
	fmt.Fprintf(w, "version %d", b.version.Load())
}

// visit asks for a page as a visitor does, who must be answered with what is no
// older than a version, in time.
func (b *bed) visit(path string, oldest int64, within time.Duration) (hit bool, took time.Duration) {
	b.t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "http://example.com"+path, nil)
	r = r.WithContext(context.WithValue(b.t.Context(), visitor{}, true))
	began := time.Now()
	b.h.ServeHTTP(w, r)
	took = time.Since(began)
	status := w.Header().Get("Cache-Status")
	shown, err := strconv.ParseInt(strings.TrimPrefix(w.Body.String(), "version "), 10, 64)
	if w.Code != http.StatusOK || err != nil {
		b.t.Fatalf("GET %s: got %d %q (%s), want a page", path, w.Code, w.Body, status)
	}
	if shown < oldest {
		b.t.Fatalf("GET %s: got version %d (%s), purged before; want %d", path, shown, status, oldest)
	}
	if took > within+slack {
		b.t.Errorf("GET %s took %v (%s), want %v at most", path, took, status, within)
	}
	return strings.Contains(status, "; hit"), took
}

// wantHit asks for a page until it is a hit, which must not take more than a few
// tries: a machine that does much else may let a lookup run out of time.
func (b *bed) wantHit(path string, oldest int64) {
	b.t.Helper()
	eventually(b.t, "GET "+path+" is a hit", func() bool {
		hit, _ := b.visit(path, oldest, outageTimeout)
		return hit
	})
}

// save saves a new version, and has somebody purge the pages.
func (b *bed) save(p interface {
	Purge(ctx context.Context, e cache.Event) error
}) error {
	v := b.version.Add(1)
	ctx, cancel := context.WithTimeout(b.t.Context(), time.Second)
	defer cancel()
	return p.Purge(ctx, cache.Event{
		Dependencies: []cache.Dependency{cache.Path("/blog/"), cache.Prefix("/more/")},
		Reason:       fmt.Sprintf("version %d", v),
	})
}

// visitor marks the contexts of requests.
type visitor struct{}

// commands counts what is sent to Redis: for visitors, and by probes that ask
// whether it is back.
type commands struct{ byVisitor, probes atomic.Int64 }

func (c *commands) count(ctx context.Context, cmds ...redis.Cmder) {
	for _, cmd := range cmds {
		if ctx.Value(visitor{}) != nil {
			c.byVisitor.Add(1)
		}
		if args := cmd.Args(); len(args) > 1 && strings.Contains(fmt.Sprint(args[1]), "probe:") {
			c.probes.Add(1)
		}
	}
}

func (c *commands) DialHook(next redis.DialHook) redis.DialHook { return next }

func (c *commands) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		c.count(ctx, cmd)
		return next(ctx, cmd)
	}
}

func (c *commands) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		c.count(ctx, cmds...)
		return next(ctx, cmds)
	}
}

// observed counts what a coherent cache tells.
type observed struct {
	mu   sync.Mutex
	seen map[coherent.Op]int
	errs []error
}

func (o *observed) note(obs coherent.Observation) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.seen == nil {
		o.seen = make(map[coherent.Op]int)
	}
	o.seen[obs.Op]++
	if obs.Op == coherent.OpUnavailable {
		o.errs = append(o.errs, obs.Err)
	}
}

func (o *observed) count(op coherent.Op) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.seen[op]
}

// away reports whether the last that was told is that the backend is away.
func (o *observed) away() bool {
	return o.count(coherent.OpUnavailable) > o.count(coherent.OpAvailable)
}

// eventually calls ok until it is true.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not so after 30s", what)
		}
	}
}
