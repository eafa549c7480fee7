package pagecache_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/backend/tiered"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
)

type raced struct {
	store *coherent.Cache
	pages *pagecache.Cache
}

// racePages has visitors of several nodes over one store, and savers who purge. It fails
// if a visitor is given what was purged before they came, or a page of another URL or
// variant. If stale is set, soft purges count for nothing; a purge counts after maxStale.
// Some pages contain a value that they share, and that alone names its group.
func racePages(t *testing.T, d time.Duration, nodes []raced, stale bool, maxStale time.Duration) (hits, fills int64) {
	t.Helper()
	const urls, shared = 8, 6
	var version, saved [urls]atomic.Int64
	var nHits, nFills atomic.Int64
	url := func(i int) string { return fmt.Sprintf("/p/%d", i) }
	handler := func(store *coherent.Cache, w http.ResponseWriter, r *http.Request) {
		nFills.Add(1)
		i, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/p/"))
		group := "g" + strconv.Itoa(i)
		load := func(name func(groups ...string)) int64 {
			v := version[i].Load()
			time.Sleep(rand.N(2 * time.Millisecond))
			name(group) // after the data was read
			return v
		}
		var v int64
		if i >= shared {
			v, _ = coherent.Fetch(r.Context(), store, group, time.Hour, func(_ context.Context, deps *coherent.Deps) (int64, error) {
				return load(deps.AddGroups), nil
			})
		} else {
			v = load(func(groups ...string) { pagecache.AddGroups(r.Context(), groups...) })
		}
		h := w.Header()
		h.Set("Cache-Control", "max-age=1")
		lang := "-"
		if i%2 == 1 {
			h.Set("Vary", "Accept-Language")
			lang = r.Header.Get("Accept-Language")
		}
		if i%3 == 0 {
			h.Set("Etag", fmt.Sprintf(`"%d-%s-%d"`, i, lang, v))
			if strings.Contains(r.Header.Get("If-None-Match"), h.Get("Etag")) {
				w.WriteHeader(http.StatusNotModified)
				return
			}
		}
		_, _ = fmt.Fprintf(w, "%d %s %d", i, lang, v)
	}
	end := time.Now().Add(d)
	var all sync.WaitGroup
	for n, node := range nodes {
		pages := node.pages
		h := pages.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler(node.store, w, r) }))
		for range 3 {
			all.Go(func() {
				for time.Now().Before(end) {
					i, lang := rand.IntN(urls), "-"
					r := httptest.NewRequest("GET", url(i), nil)
					if i >= shared {
						r.URL.RawQuery = strconv.Itoa(rand.IntN(4))
					}
					if i%2 == 1 {
						lang = []string{"de", "en"}[rand.IntN(2)]
						r.Header.Set("Accept-Language", lang)
					}
					least := saved[i].Load()
					w := httptest.NewRecorder()
					h.ServeHTTP(w, r)
					if strings.Contains(w.Header().Get("Cache-Status"), "hit") {
						nHits.Add(1)
					}
					var gotI, gotV int64
					var gotLang string
					b, _ := io.ReadAll(w.Body)
					if _, err := fmt.Sscan(string(b), &gotI, &gotLang, &gotV); err != nil || gotI != int64(i) || gotLang != lang || gotV < least {
						t.Errorf("%s in %s at node %d: got %q (%s), want version %d or later", url(i), lang, n, b, w.Header().Get("Cache-Status"), least)
						return
					}
				}
			})
		}
		all.Go(func() {
			for time.Now().Before(end) {
				i := rand.IntN(urls/len(nodes))*len(nodes) + n // each URL has one saver
				v := version[i].Add(1)
				deps := [][]cache.Dependency{
					{cache.Group("g" + strconv.Itoa(i))}, {cache.Path(url(i))}, {cache.Prefix(url(i))}, {cache.URI(url(i))}, {cache.All},
				}[rand.IntN(5)]
				if i >= shared {
					deps = []cache.Dependency{cache.Group("g" + strconv.Itoa(i))}
				}
				e := cache.Event{Dependencies: deps, Soft: rand.IntN(3) == 0}
				if err := pages.Purge(t.Context(), e); err != nil {
					t.Error(err)
				}
				if !e.Soft || !stale {
					count := func() {
						for old := saved[i].Load(); old < v && !saved[i].CompareAndSwap(old, v); old = saved[i].Load() {
						}
					}
					if maxStale == 0 {
						count()
					} else {
						time.AfterFunc(maxStale, count)
					}
				}
				time.Sleep(rand.N(60 * time.Millisecond))
			}
		})
	}
	all.Wait()
	return nHits.Load(), nFills.Load()
}

// The promise, with everything on that renders in the background, waits for
// others, or finds pages at once.
func TestRacedPages(t *testing.T) {
	for name, tt := range map[string]struct {
		nodes int // 0 for one process, in memory
		opts  pagecache.Options
		lease time.Duration
		stale time.Duration
	}{
		"memory, early and warm":          {0, pagecache.Options{EarlyRefresh: 1000, Warm: 2, Proxy: &pagecache.Proxy{AllETags: true}}, 0, 0},
		"memory, stale-while-revalidate":  {0, pagecache.Options{EarlyRefresh: 1000, Warm: 2, StaleWhileRevalidate: time.Second, StaleIfError: time.Second}, 0, 0},
		"near tiers, leases, early, warm": {2, pagecache.Options{EarlyRefresh: 1000, Warm: 2, Proxy: &pagecache.Proxy{AllETags: true}}, 50 * time.Millisecond, 0},
		"near tiers, leases, stale":       {2, pagecache.Options{StaleWhileRevalidate: time.Second, Warm: 1}, 50 * time.Millisecond, 0},
		"far, leases":                     {-2, pagecache.Options{EarlyRefresh: 1000}, 50 * time.Millisecond, 0},
		"near tiers, 10 ms stale":         {2, pagecache.Options{EarlyRefresh: 1000, Warm: 1}, 50 * time.Millisecond, 10 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := memory.New(nil)
			t.Cleanup(func() { _ = m.Close() })
			shared := sharing{Backend: far{m}, leases: &leases{}}
			var nodes []raced
			for range max(tt.nodes, -tt.nodes, 1) {
				b := cache.Backend(m)
				if tt.nodes > 0 {
					near := memory.New(nil)
					t.Cleanup(func() { _ = near.Close() })
					var err error
					if b, err = tiered.New(near, shared); err != nil {
						t.Fatal(err)
					}
				} else if tt.nodes < 0 {
					b = shared
				}
				store, err := coherent.New(b, &coherent.Options{Lease: tt.lease, MaxStale: tt.stale, Timeout: 10 * time.Second})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = store.Close() })
				pages, err := pagecache.New(store, &tt.opts)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = pages.Close() })
				nodes = append(nodes, raced{store, pages})
			}
			d := 2 * time.Second
			if testing.Short() {
				d = 200 * time.Millisecond
			}
			hits, fills := racePages(t, d, nodes, tt.opts.StaleWhileRevalidate > 0, tt.stale)
			if hits == 0 || fills == 0 {
				t.Errorf("%d hits and %d fills say nothing", hits, fills)
			}
			t.Logf("%d hits, %d fills", hits, fills)
		})
	}
}
