package pagecache_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
)

// begins notes when renderings begin.
type begins struct {
	mu    sync.Mutex
	start time.Time
	at    []time.Duration
}

func (b *begins) reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.start, b.at = time.Now(), nil
}

// note notes that a rendering begins, and returns how many did before.
func (b *begins) note() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.at = append(b.at, time.Since(b.start))
	return len(b.at) - 1
}

func (b *begins) list() []time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.at)
}

const ms = time.Millisecond

// While a rendering takes too long, one more begins per interval, and the intervals
// double. What ends first is for all.
func TestOneMoreRenderingPerInterval(t *testing.T) {
	for _, tt := range []struct {
		name string
		took time.Duration // the last time; 0 if there was none
		gone bool          // what was stored then was purged
		want []time.Duration
	}{
		{"of a page of which nothing is known", 0, false, []time.Duration{0, 200 * ms, 600 * ms, 1400 * ms}},
		{"of a page that took a second", time.Second, false, []time.Duration{0, 2 * time.Second, 6 * time.Second}},
		{"of a page that took a second, and was purged", time.Second, true, []time.Duration{0, 2 * time.Second, 6 * time.Second}},
		{"of a page that took no time to speak of", 2 * ms, false, []time.Duration{0, 25 * ms, 75 * ms, 175 * ms}},
	} {
		for how, answer := range map[string]func(w http.ResponseWriter, page string){"": answers["written"], ", flushed": answers["flushed at first"]} {
			t.Run(tt.name+how, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var b begins
					hang := make(chan struct{})
					var last atomic.Int64 // this rendering ends, the others hang
					last.Store(-1)
					s := newSite(t, nil, &pagecache.Options{TTL: time.Minute, KeepStale: time.Hour}, func(w http.ResponseWriter, _ *http.Request) {
						n := b.note()
						if how != "" {
							w.(http.Flusher).Flush()
						}
						switch {
						case last.Load() < 0:
							time.Sleep(tt.took)
						case int64(n) < last.Load():
							<-hang
						}
						answer(w, fmt.Sprint("rendering ", n))
					})
					if tt.took > 0 {
						s.get("/")
						if tt.gone {
							s.purge(cache.All)
						} else {
							time.Sleep(2 * time.Minute)
						}
					}
					last.Store(int64(len(tt.want) - 1))
					b.reset()
					var wg sync.WaitGroup
					var hanging atomic.Int64
					hanging.Store(20)
					for range 20 {
						wg.Go(func() {
							resp := s.get("/")
							hanging.Add(-1)
							if want := fmt.Sprint("rendering ", len(tt.want)-1); b.list() != nil && body(t, resp) != want && !strings.Contains(resp.Header.Get("Cache-Status"), "fwd") {
								t.Errorf("got no %q", want)
							}
						})
					}
					time.Sleep(9 * time.Second)
					if got := b.list(); !slices.Equal(got, tt.want) {
						t.Errorf("renderings began after %v, want %v", got, tt.want)
					}
					if got, want := hanging.Load(), int64(len(tt.want)-1); got != want {
						t.Errorf("%d visitors wait when one rendering has ended, want the %d whose own hang", got, want)
					}
					close(hang)
					wg.Wait()
				})
			})
		}
	}
}

// One rendering that hangs holds up nobody who comes later, and nobody for long who
// waits.
func TestHungRendering(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		defer close(hang)
		var n atomic.Int64
		s := newSite(t, nil, nil, func(w http.ResponseWriter, _ *http.Request) {
			if n.Add(1) == 1 {
				<-hang // whatever its context says
			}
			_, _ = io.WriteString(w, "page")
		})
		gone, leave := context.WithCancel(t.Context())
		go s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(gone, "GET", "/", nil))
		synctest.Wait()
		leave()
		time.Sleep(time.Hour)
		start := time.Now()
		for range 3 {
			if got := body(t, s.get("/")); got != "page" {
				t.Errorf("got %q", got)
			}
		}
		if d := time.Since(start); d > 0 {
			t.Errorf("visitors who came an hour later waited for %v", d)
		}
		if got := n.Load(); got != 2 {
			t.Errorf("%d renderings, want 2", got)
		}
	})
}

// CollapseTimeout ends the whole wait of a visitor, whatever it waits for.
func TestCollapseTimeout(t *testing.T) {
	const bound = 3 * time.Second
	hangs := func(s *site) {}
	for name, tt := range map[string]struct {
		lease time.Duration
		begin func(s *site)
	}{
		"for a rendering":                     {0, hangs},
		"for one that may have a lease":       {time.Minute, hangs},
		"for a lease of another process":      {time.Minute, nil},
		"for renderings that are all purged":  {0, func(s *site) { s.purgeAlways(100 * ms) }},
		"with a lease, and all are purged":    {time.Minute, func(s *site) { s.purgeAlways(100 * ms) }},
		"for a rendering, after a short wait": {0, func(s *site) { s.purgeAlways(2900 * ms) }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := memory.New(nil)
				defer m.Close()
				var b cache.Backend = sharing{Backend: far{m}, leases: &leases{}}
				if tt.begin == nil {
					b = taken{far{m}}
				}
				store, err := coherent.New(b, &coherent.Options{Lease: tt.lease})
				if err != nil {
					t.Fatal(err)
				}
				defer store.Close()
				pages, err := pagecache.New(store, &pagecache.Options{TTL: time.Minute, CollapseTimeout: bound})
				if err != nil {
					t.Fatal(err)
				}
				var begun begins
				end := make(chan struct{})
				s := &site{t: t, pages: pages}
				s.Handler = pages.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					begun.note()
					<-end
				}))
				begun.reset()
				var wg sync.WaitGroup
				if tt.begin != nil {
					wg.Go(func() { s.get("/") })
					synctest.Wait()
					tt.begin(s)
				}
				for range 10 {
					wg.Go(func() { s.get("/") })
				}
				time.Sleep(bound / 2)
				if got := len(begun.list()); tt.begin == nil && got > 0 {
					t.Errorf("%d renderings while another process has the lease", got)
				}
				time.Sleep(bound/2 + ms)
				if got := len(begun.list()); got < 10 {
					t.Errorf("after CollapseTimeout %d of 10 visitors have got to the handler: %v", got, begun.list())
				}
				close(end)
				wg.Wait()
				time.Sleep(6 * time.Second) // the purges end
			})
		})
	}
}

// purgeAlways purges everything again and again, for a while.
func (s *site) purgeAlways(every time.Duration) {
	go func() {
		for range 5 * time.Second / every {
			time.Sleep(every)
			s.purge(cache.All)
		}
	}()
}

// taken is a backend whose leases another process has, and does nothing.
type taken struct{ cache.Backend }

func (taken) Lease(context.Context, string, string, time.Duration) (string, error) {
	return "the dead", nil
}

func (taken) Release(context.Context, string, string) error { return nil }

// A handler that fails does not keep visitors for one failure after another.
func TestFailuresDoNotAddUp(t *testing.T) {
	for name, fail := range map[string]func(w http.ResponseWriter){
		"an error":            func(w http.ResponseWriter) { http.Error(w, "oops", 500) },
		"no answer in time":   func(w http.ResponseWriter) { w.WriteHeader(http.StatusGatewayTimeout) },
		"another error":       func(w http.ResponseWriter) { w.WriteHeader(http.StatusBadRequest) },
		"a broken connection": func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
		"a bug":               func(http.ResponseWriter) { panic("a bug") },
		"half a page":         func(w http.ResponseWriter) { _, _ = io.WriteString(w, "half"); http.Error(w, "oops", 500) },
		"less than declared":  func(w http.ResponseWriter) { w.Header().Set("Content-Length", "10"); _, _ = io.WriteString(w, "half") },
		"a private page":      func(w http.ResponseWriter) { w.Header().Set("Cache-Control", "private") },
		"a page to validate": func(w http.ResponseWriter) {
			w.Header().Set("Cache-Control", "no-cache")
			w.Header().Set("Etag", `"x"`)
		},
		"a time-out inside": func(w http.ResponseWriter) {
			http.TimeoutHandler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(10 * ms) }), ms, "").ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t, nil, nil, func(w http.ResponseWriter, _ *http.Request) {
					time.Sleep(190 * ms)
					fail(w)
				})
				var wg sync.WaitGroup
				start := time.Now()
				for range 20 {
					wg.Go(func() {
						defer func() { _ = recover() }()
						s.get("/")
					})
				}
				wg.Wait()
				if d := time.Since(start); d > 420*ms {
					t.Errorf("the last of 20 visitors was answered after %v, want 380ms", d)
				}
				time.Sleep(time.Second)
			})
		})
	}
}

// Where the visitor for whom a page is rendered leaves, one other renders it.
func TestVisitorsWhoLeaveAreNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int64
		s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) {
			n.Add(1)
			select {
			case <-r.Context().Done():
				panic(http.ErrAbortHandler) // as a proxy does
			case <-time.After(190 * ms):
				_, _ = io.WriteString(w, "page")
			}
		})
		var wg sync.WaitGroup
		ctx, cancel := context.WithTimeout(t.Context(), 100*ms)
		defer cancel()
		wg.Go(func() {
			defer func() { _ = recover() }()
			s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/", nil))
		})
		synctest.Wait()
		start := time.Now()
		for range 20 {
			wg.Go(func() {
				if got := body(t, s.get("/")); got != "page" {
					t.Errorf("got %q", got)
				}
			})
		}
		wg.Wait()
		if d := time.Since(start); d != 290*ms || n.Load() != 2 {
			t.Errorf("%d renderings in %v, want 2 in 290ms", n.Load(), d)
		}
	})
}

// The second of two long polls gets to its handler soon, though the first has said
// nothing yet; at once if it has.
func TestLongPolls(t *testing.T) {
	for name, tt := range map[string]struct {
		opts  pagecache.Options
		early bool // it sends its header before it waits
		soon  time.Duration
	}{
		"say no-store at the end":   {pagecache.Options{}, false, 200 * ms},
		"say no-store at once":      {pagecache.Options{}, true, 0},
		"are skipped":               {pagecache.Options{Skip: func(r *http.Request) bool { return r.URL.Path == "/poll" }}, false, 0},
		"are the visitor's own":     {pagecache.Options{SessionCookies: []string{"session"}}, false, 0},
		"are asked for by no-store": {pagecache.Options{}, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				event := make(chan struct{})
				var polls atomic.Int64
				o := tt.opts
				o.TTL = time.Minute
				s := newSite(t, nil, &o, func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Cache-Control", "no-store")
					if tt.early {
						w.WriteHeader(200)
					}
					polls.Add(1)
					<-event
					_, _ = io.WriteString(w, "event")
				})
				fields := []string{"Cookie: session=1"}
				if name == "are asked for by no-store" {
					fields = append(fields, "Cache-Control: no-store")
				}
				var wg sync.WaitGroup
				for range 2 {
					wg.Go(func() {
						if got := body(t, s.get("/poll", fields...)); got != "event" {
							t.Errorf("got %q", got)
						}
					})
					synctest.Wait()
				}
				time.Sleep(tt.soon)
				synctest.Wait()
				if got := polls.Load(); got != 2 {
					t.Errorf("%d handlers listen after %v, want 2", got, tt.soon)
				}
				close(event)
				wg.Wait()
			})
		})
	}
}

// Nobody waits who asks for server-sent events, nor is waited for.
func TestAskingForServerSentEvents(t *testing.T) {
	for accept, waits := range map[string]bool{
		"text/event-stream":                             false,
		"Text/Event-Stream; q=0.9":                      false,
		"application/json, text/event-stream;charset=x": false,
		"text/event-streams":                            true,
		"*/*":                                           true,
		"":                                              true,
	} {
		t.Run(accept, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				end := make(chan struct{})
				var begun atomic.Int64
				s := newSite(t, nil, nil, func(http.ResponseWriter, *http.Request) {
					begun.Add(1)
					<-end
				})
				var wg sync.WaitGroup
				for range 5 {
					wg.Go(func() { s.get("/", "Accept: "+accept) })
				}
				synctest.Wait()
				if got, want := begun.Load(), map[bool]int64{true: 1, false: 5}[waits]; got != want {
					t.Errorf("%d handlers run, want %d", got, want)
				}
				close(end)
				wg.Wait()
			})
		})
	}
}

// A proxy flushes what has no Content-Length; its visitors still share it.
func TestFlushedResponsesAreShared(t *testing.T) {
	var asked atomic.Int64
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		w.Header().Set("Cache-Control", "max-age=60")
		for range 10 {
			_, _ = io.WriteString(w, strings.Repeat("hello ", 100))
			w.(http.Flusher).Flush()
			time.Sleep(15 * ms)
		}
	}))
	defer origin.Close()
	u, err := url.Parse(origin.URL)
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, nil, &pagecache.Options{Proxy: &pagecache.Proxy{Transparent: true, ClientDirectives: true}}, httputil.NewSingleHostReverseProxy(u).ServeHTTP)
	base, client := serve(t, s)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			resp, err := client.Get(base)
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			b, err := io.ReadAll(resp.Body)
			if err != nil || len(b) != 6000 {
				t.Errorf("got %d bytes, %v", len(b), err)
			}
		})
	}
	wg.Wait()
	if n := asked.Load(); n > 2 { // one more, if this took more than 200 ms
		t.Errorf("20 visitors at once: the origin was asked %d times", n)
	}
}

// What was made before a purge is for nobody who came after it, however many
// renderings are under way.
func TestOneMoreRenderingNeverCrossesAPurge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var row atomic.Value
		row.Store("old")
		var n atomic.Int64
		s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) {
			n.Add(1)
			read := row.Load()
			time.Sleep(time.Second)
			pagecache.AddGroups(r.Context(), "g") // late
			_, _ = fmt.Fprint(w, read)
		})
		var wg sync.WaitGroup
		visit := func() {
			saved := row.Load() == "new"
			wg.Go(func() {
				if got := body(t, s.get("/")); saved && got != "new" {
					t.Errorf("a visitor who came after the purge got the %s page", got)
				}
			})
		}
		for i := range 40 { // renderings begin after 0, 200 and 600 ms
			visit()
			time.Sleep(50 * ms)
			if i == 12 {
				row.Store("new")
				s.purge(cache.Group("g"))
			}
		}
		wg.Wait()
		if got := n.Load(); got > 12 {
			t.Errorf("%d renderings for 40 visitors", got)
		}
	})
}

// Options that make no sense are refused.
func TestCollapseTimeoutIsChecked(t *testing.T) {
	m := memory.New(nil)
	defer m.Close()
	store, err := coherent.New(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for _, d := range []time.Duration{-1, 10} {
		if _, err := pagecache.New(store, &pagecache.Options{CollapseTimeout: d}); !errors.Is(err, pagecache.ErrOptions) || !strings.Contains(err.Error(), "CollapseTimeout") {
			t.Errorf("CollapseTimeout %v: got %v", d, err)
		}
	}
}
