package pagecache_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/keys"
)

func TestFreshenAcrossPurge(t *testing.T) {
	m := memory.New(nil)
	defer m.Close()
	var author atomic.Value
	author.Store("old")
	changed := time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat)
	s := newSite(t, far{m}, &pagecache.Options{}, func(w http.ResponseWriter, r *http.Request) {
		pagecache.AddGroups(r.Context(), "author")
		w.Header().Set("Cache-Control", "max-age=0")
		w.Header().Set("Last-Modified", changed)
		if r.Header.Get("If-Modified-Since") == changed {
			w.WriteHeader(304)
			return
		}
		_, _ = io.WriteString(w, author.Load().(string))
	})
	s.get("/")
	// What runs when values.Get returns stands for other goroutines.
	ctx := &hookCtx{Context: t.Context()}
	ctx.hook = func() {
		author.Store("new")
		if err := s.pages.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{cache.Group("author")}}); err != nil {
			t.Error(err)
		}
		s.get("/other") // this process reads the log
	}
	s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/", nil))
	if ctx.hook != nil {
		t.Fatal("hook not run")
	}
	resp := s.get("/")
	if got := body(t, resp); got != "new" {
		t.Errorf("a request after the purge: %s (%s)", got, resp.Header.Get("Cache-Status"))
	}
}

type hookCtx struct {
	context.Context
	hook func()
}

func (h *hookCtx) Done() <-chan struct{} { return make(chan struct{}) }

func (h *hookCtx) Value(any) any { return nil }

func (h *hookCtx) AfterFunc(func()) func() bool {
	return func() bool {
		if f := h.hook; f != nil {
			h.hook = nil
			f()
		}
		return true
	}
}

func TestGroupsOf304(t *testing.T) {
	for _, method := range []string{"GET", "HEAD"} {
		t.Run(method, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := &origin{body: "old", etag: `"v1"`, fields: []string{"Cache-Control: max-age=10", `Cache-Groups: "a"`}}
				s := newSite(t, nil, &pagecache.Options{}, o.ServeHTTP)
				s.get("/")
				time.Sleep(11 * time.Second)
				o.fields[1] = `Cache-Groups: "a", "b"`
				s.do(method, "/")
				if resp := s.get("/"); resp.Header.Get("Cache-Groups") != `"a", "b"` {
					t.Fatalf("header not freshened: %v", resp.Header)
				}
				o.body, o.etag = "new", `"v2"`
				if err := s.pages.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{cache.Group("b")}}); err != nil {
					t.Fatal(err)
				}
				resp := s.get("/")
				if got := body(t, resp); got != "new" {
					t.Errorf("after a hard purge of group b: %s (%s)", got, resp.Header.Get("Cache-Status"))
				}
			})
		})
	}
}

func TestVaryOf304(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &origin{body: "page", etag: `"v1"`, fields: []string{"Cache-Control: max-age=10"}}
		s := newSite(t, nil, &pagecache.Options{}, o.ServeHTTP)
		s.get("/")
		time.Sleep(11 * time.Second)
		o.fields = append(o.fields, "Vary: Cookie")
		s.get("/", "Cookie: user=alice")
		resp := s.get("/", "Cookie: user=bob")
		if st := resp.Header.Get("Cache-Status"); strings.Contains(st, "hit") {
			t.Errorf("stored for alice, says Vary: %q, given to bob: %s", resp.Header["Vary"], st)
		}
	})
}

func TestRefreshDoesNotSendTheRange(t *testing.T) {
	for _, swr := range []string{"", ", stale-while-revalidate=60"} {
		t.Run(swr, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t, nil, &pagecache.Options{}, func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Cache-Control", "max-age=10"+swr)
					w.Header().Set("ETag", fmt.Sprintf(`"%d"`, time.Now().Unix()))
					if strings.HasPrefix(r.Header.Get("Range"), "bytes=99") {
						w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
						return
					}
					_, _ = io.WriteString(w, "page")
				})
				s.get("/")
				time.Sleep(15 * time.Second)
				s.get("/", "Range: bytes=99-")
				synctest.Wait()
				if resp := s.get("/"); resp.StatusCode != 200 {
					t.Errorf("a visitor without Range is given %d (%s)", resp.StatusCode, resp.Header.Get("Cache-Status"))
				}
			})
		})
	}
}

func TestSoftPurgeAndError(t *testing.T) {
	for _, cc := range []string{"max-age=60", "max-age=60, stale-if-error=0"} {
		t.Run(cc, func(t *testing.T) {
			fail := false
			s := newSite(t, nil, &pagecache.Options{}, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Cache-Control", cc)
				if fail {
					w.WriteHeader(500)
				}
				_, _ = io.WriteString(w, "page")
			})
			s.get("/")
			fail = true
			_ = s.pages.Purge(t.Context(), cache.Event{Soft: true, Dependencies: []cache.Dependency{cache.Path("/")}})
			if resp := s.get("/"); resp.StatusCode != 500 {
				t.Errorf("StaleIfError 0, got %d %s", resp.StatusCode, resp.Header.Get("Cache-Status"))
			}
		})
	}
}

func TestDateOfSlowRendering(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type row struct {
			text  string
			saved time.Time
		}
		var db atomic.Pointer[row]
		db.Store(&row{"v1", time.Now()})
		slow := true
		s := newSite(t, nil, &pagecache.Options{TTL: time.Minute}, func(w http.ResponseWriter, r *http.Request) {
			read := db.Load()
			lm := read.saved.UTC().Format(http.TimeFormat)
			if r.Header.Get("If-Modified-Since") == lm {
				w.WriteHeader(304)
				return
			}
			if slow {
				time.Sleep(2 * time.Second)
			}
			w.Header().Set("Last-Modified", lm)
			_, _ = io.WriteString(w, read.text)
		})
		go func() {
			time.Sleep(500 * time.Millisecond) // the same second
			db.Store(&row{"v2", time.Now()})
			_ = s.pages.Purge(t.Context(), cache.Event{Soft: true, Dependencies: []cache.Dependency{cache.Path("/")}})
		}()
		s.get("/")
		slow = false
		s.get("/")
		resp := s.get("/")
		if got := body(t, resp); got != "v2" {
			t.Errorf("got %s %s", got, resp.Header.Get("Cache-Status"))
		}
	})
}

func TestUnsafeAfterRewrite(t *testing.T) {
	s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path = strings.TrimSuffix(r.URL.Path, "/") // chi's StripSlashes, and many more
		_, _ = io.WriteString(w, time.Now().String())
	})
	old := body(t, s.get("/post/"))
	s.do("POST", "/post/")
	if body(t, s.get("/post/")) == old {
		t.Error("POST /post/ did not purge /post/")
	}
}

func TestUnsafePurgeBeforeSave(t *testing.T) {
	row := "old"
	var s *site
	s = newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			w.WriteHeader(http.StatusAccepted)
			// Anybody comes by.
			s.get("/")
			row = "new" // saved
			_, _ = io.WriteString(w, "saved")
			return
		}
		_, _ = io.WriteString(w, row)
	})
	s.get("/")
	s.do("POST", "/")
	if got := body(t, s.get("/")); got != "new" {
		t.Errorf("after the POST was answered: %s", got)
	}
}

func TestUnsafeWithoutKey(t *testing.T) {
	n := 0
	b, _ := keys.New("page", &keys.Options{Query: []string{"q"}})
	s := newSite(t, nil, &pagecache.Options{TTL: time.Minute, Keys: b}, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			w.Header().Set("Location", "/page")
			w.Header().Set("Cache-Group-Invalidation", `"g"`)
			w.WriteHeader(303)
			return
		}
		w.Header().Set("Cache-Groups", `"g"`)
		n++
		_, _ = fmt.Fprint(w, n)
	})
	for _, target := range []string{"/save?a;b", "/save?x=%zz", "/save"} {
		before := body(t, s.get("/page"))
		s.do("POST", target)
		if body(t, s.get("/page")) == before {
			t.Errorf("POST %s purged nothing", target)
		}
	}
}

type slow struct{ cache.Backend }

func (s slow) Get(ctx context.Context, key string) ([]byte, bool, error) {
	b, ok, err := s.Backend.Get(ctx, key)
	time.Sleep(5 * time.Millisecond)
	return b, ok, err
}

func TestVariantsBound(t *testing.T) {
	const bound, n = 4, 200
	m := memory.New(nil)
	defer m.Close()
	release := make(chan struct{})
	s := newSite(t, slow{m}, &pagecache.Options{TTL: time.Minute, MaxVariants: bound}, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X") != "first" {
			<-release
		}
		w.Header().Set("Vary", "X")
		_, _ = io.WriteString(w, "page")
	})
	s.get("/", "X: first")
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { s.get("/", fmt.Sprintf("X: %d", i)) })
	}
	time.Sleep(300 * time.Millisecond) // most of them are waiting now; it need not be all
	close(release)
	wg.Wait()
	hits := 0
	for i := range n {
		resp := s.get("/", fmt.Sprintf("X: %d", i), "Cache-Control: no-store")
		if strings.Contains(resp.Header.Get("Cache-Status"), "hit") {
			hits++
		}
	}
	if hits > bound {
		t.Errorf("%d variants are stored, MaxVariants is %d", hits, bound)
	}
}

func TestKeptApartByVisitor(t *testing.T) {
	for _, field := range []string{"Authorization: junk", "Cache-Control: no-store", "none"} {
		t.Run(field, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t, nil, &pagecache.Options{TTL: 10 * time.Second}, func(w http.ResponseWriter, r *http.Request) {
					time.Sleep(time.Second)
					_, _ = io.WriteString(w, "page")
				})
				s.get("/")
				time.Sleep(8500 * time.Millisecond)
				if field != "none" {
					s.get("/", field)
				}
				time.Sleep(3 * time.Second)
				before := s.renders.Load()
				var wg sync.WaitGroup
				for range 50 {
					wg.Go(func() { s.get("/") })
				}
				wg.Wait()
				if n := s.renders.Load() - before; n != 1 {
					t.Errorf("50 visitors of an expired page: %d renderings", n)
				}
			})
		})
	}
}

func TestKeptApartByError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fail := true
		s := newSite(t, nil, &pagecache.Options{TTL: 10 * time.Second}, func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(100 * time.Millisecond) // too short for one more to begin
			if fail {
				w.WriteHeader(503)
			}
			_, _ = io.WriteString(w, "page")
		})
		s.get("/")
		fail = false
		before := s.renders.Load()
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() { s.get("/") })
		}
		wg.Wait()
		if n := s.renders.Load() - before; n != 1 {
			t.Errorf("50 visitors after one 503: %d renderings", n)
		}
	})
}

func TestNoStoreForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &origin{body: "page", etag: `"v1"`, fields: []string{"Cache-Control: max-age=10"}}
		s := newSite(t, nil, &pagecache.Options{}, o.ServeHTTP)
		s.get("/")
		time.Sleep(11 * time.Second)
		s.get("/", "Cache-Control: no-store")
		o.saw = nil
		s.get("/")
		if fmt.Sprint(o.saw) != `[GET "v1"]` {
			t.Errorf("after a visitor's no-store the handler is asked %q, want a validation", o.saw)
		}
	})
}

func TestPrivateFieldOf304(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &origin{body: "page", etag: `"v1"`, fields: []string{"Cache-Control: max-age=10", "X-User: alice"}}
		s := newSite(t, nil, &pagecache.Options{}, o.ServeHTTP)
		s.get("/")
		time.Sleep(11 * time.Second)
		o.fields[0] = `Cache-Control: max-age=10, private="X-User"`
		o.fields[1] = "X-User: carol"
		if got := s.get("/").Header.Get("X-User"); got != "carol" {
			t.Errorf("the visitor for whom the handler was asked: X-User %q", got)
		}
		if got := s.get("/").Header.Get("X-User"); got != "" {
			t.Errorf("others: X-User %q, want none", got)
		}
	})
}

func TestUpstreamAgeOf304(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &origin{body: "page", etag: `"v1"`, fields: []string{"Cache-Control: max-age=100"}}
		s := newSite(t, nil, &pagecache.Options{}, o.ServeHTTP)
		s.get("/")
		time.Sleep(101 * time.Second)
		o.fields = append(o.fields, "Age: 50")
		if got := s.get("/").Header.Get("Age"); got != "50" {
			t.Errorf("validated response that is 50 s old: Age %q", got)
		}
	})
}

func TestWaitersAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fail := false
		s := newSite(t, nil, &pagecache.Options{TTL: 10 * time.Second, StaleIfError: time.Hour}, func(w http.ResponseWriter, r *http.Request) {
			if fail {
				time.Sleep(time.Second)
				w.WriteHeader(500)
			}
			_, _ = io.WriteString(w, "page")
		})
		s.get("/")
		time.Sleep(100 * time.Second)
		fail = true
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				resp := s.get("/")
				if resp.StatusCode == 200 && resp.Header.Get("Age") == "" {
					t.Errorf("a response of 100 s has no Age: %v", resp.Header)
				}
			})
		}
		wg.Wait()
	})
}

func TestIfRangeWeakDate(t *testing.T) {
	now := time.Now().UTC().Format(http.TimeFormat)
	s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Last-Modified", now)
		w.Header().Set("Date", now)
		_, _ = io.WriteString(w, "0123456789")
	})
	s.get("/")
	if resp := s.get("/", "Range: bytes=5-", "If-Range: "+now); resp.StatusCode != 200 {
		t.Errorf("If-Range with a weak date: %d, want the whole", resp.StatusCode)
	}
}

func TestHeadDeletesTheFallback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fail := false
		s := newSite(t, nil, &pagecache.Options{TTL: 10 * time.Second, StaleIfError: time.Hour}, func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.Method != "GET":
				w.WriteHeader(405)
			case fail:
				w.WriteHeader(503)
			default:
				_, _ = io.WriteString(w, "page")
			}
		})
		s.get("/")
		time.Sleep(11 * time.Second)
		s.do("HEAD", "/")
		fail = true
		if resp := s.get("/"); resp.StatusCode != 200 {
			t.Errorf("got %d", resp.StatusCode)
		}
	})
}

func TestHit416(t *testing.T) {
	s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Expires", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
		w.Header().Set("Content-Type", "image/png")
		_, _ = io.WriteString(w, "0123456789")
	})
	s.get("/")
	resp := s.get("/", "Range: bytes=50-")
	if resp.StatusCode == 416 && resp.Header.Get("Expires") != "" {
		t.Errorf("a 416 that may be stored: %v", resp.Header)
	}
	resp = s.get("/", "Range: bytes=zzz")
	if resp.StatusCode == 416 {
		t.Errorf("a malformed Range is to be ignored (RFC 9110 14.2): %d", resp.StatusCode)
	}
	if strings.Contains(fmt.Sprint(resp.Header), "zzz") {
		t.Error()
	}
}
