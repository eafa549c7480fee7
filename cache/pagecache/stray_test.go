package pagecache_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
)

// observeStray opens a Cache, and returns what it is told of contexts that lead
// nowhere.
func observeStray(t *testing.T) (told func() []string) {
	t.Helper()
	opts, told := strayOptions(t)
	newClosedSite(t, opts)
	return told
}

func strayOptions(t *testing.T) (opts *pagecache.Options, told func() []string) {
	var mu sync.Mutex
	var list []string
	opts = &pagecache.Options{TTL: time.Minute, Observe: func(r *http.Request, o pagecache.Observation) {
		if !errors.Is(o.Err, pagecache.ErrContext) {
			return
		}
		if r == nil || r.URL == nil || r.Header == nil || r.Context() == nil {
			t.Errorf("told with the request %+v", r)
		}
		mu.Lock()
		defer mu.Unlock()
		list = append(list, o.Err.Error())
	}}
	return opts, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return append([]string(nil), list...)
	}
}

// newClosedSite is newSite, closed at the end of the test.
func newClosedSite(t *testing.T, opts *pagecache.Options) *site {
	s := newSite(t, nil, opts, func(_ http.ResponseWriter, r *http.Request) { callAll(r.Context()) })
	t.Cleanup(func() { _ = s.pages.Close() })
	return s
}

func callAll(ctx context.Context) {
	pagecache.AddGroups(ctx, "g")
	pagecache.SetTTL(ctx, time.Minute)
	pagecache.DoNotStore(ctx)
	pagecache.SetRoute(ctx, "/{$}")
}

// A context of a framework that knows no values but its own, as gin's.
type frameworkContext struct{ context.Context }

func (frameworkContext) Value(any) any { return nil }

// A context that leads to no request is told once for each call site, by every open
// Cache, and breaks nothing.
func TestContextThatLeadsNowhere(t *testing.T) {
	for name, lost := range map[string]func(r *http.Request) context.Context{
		"Background": func(*http.Request) context.Context { return context.Background() },
		"framework":  func(r *http.Request) context.Context { return frameworkContext{r.Context()} },
		"nil":        func(*http.Request) context.Context { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			opts, told := strayOptions(t)
			other := observeStray(t)
			var groups, ttl, refuse, route string
			s := newSite(t, nil, opts, func(w http.ResponseWriter, r *http.Request) {
				ctx := lost(r)
				groups = here(1)
				pagecache.AddGroups(ctx, "g")
				ttl = here(1)
				pagecache.SetTTL(ctx, time.Hour)
				refuse = here(1)
				pagecache.DoNotStore(ctx)
				route = here(1)
				pagecache.SetRoute(ctx, "/{$}")
			})
			t.Cleanup(func() { _ = s.pages.Close() })
			for _, method := range []string{"GET", "GET", "POST", "HEAD"} {
				if resp := s.do(method, "/", "X: 1"); resp.StatusCode != 200 {
					t.Errorf("%s: status %d", method, resp.StatusCode)
				}
			}
			for who, list := range map[string][]string{"its own Cache": told(), "another": other()} {
				if len(list) != 4 {
					t.Fatalf("%s was told %q, want 4 call sites", who, list)
				}
				for i, want := range []string{"AddGroups at " + groups, "SetTTL at " + ttl, "DoNotStore at " + refuse, "SetRoute at " + route} {
					if !strings.Contains(list[i], want) {
						t.Errorf("%s was told %q, want %q", who, list[i], want)
					}
				}
			}
		})
	}
}

// here returns the file and the line that stands skip lines below the caller.
func here(skip int) string {
	_, file, line, _ := runtime.Caller(1)
	return fmt.Sprint(file, ":", line+skip)
}

// Each way that a request can go leads somewhere.
func TestContextsThatLeadToARequest(t *testing.T) {
	for name, tt := range map[string]struct {
		method string
		fields []string
		change func(*pagecache.Options)
		bypass bool
	}{
		"fill":         {},
		"visitor":      {fields: []string{"Cookie: session=1"}},
		"HEAD":         {method: "HEAD"},
		"POST":         {method: "POST"},
		"PURGE":        {method: "PURGE"},
		"OPTIONS":      {method: "OPTIONS"},
		"Range":        {fields: []string{"Range: bytes=0-1"}},
		"part":         {fields: []string{"Range: bytes=0-1"}, change: func(o *pagecache.Options) { o.Proxy = &pagecache.Proxy{Transparent: true} }},
		"Skip":         {change: func(o *pagecache.Options) { o.Skip = func(*http.Request) bool { return true } }},
		"precondition": {fields: []string{"If-Match: *"}},
		"connection":   {fields: []string{"Connection: X"}},
		"bypassed":     {bypass: true},
	} {
		t.Run(name, func(t *testing.T) {
			opts, told := strayOptions(t)
			opts.SessionCookies = []string{"session"}
			if tt.change != nil {
				tt.change(opts)
			}
			s := newClosedSite(t, opts)
			if tt.bypass {
				inner := s.Handler
				s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					inner.ServeHTTP(w, r.WithContext(cache.WithBypass(r.Context())))
				})
			}
			method := tt.method
			if method == "" {
				method = "GET"
			}
			s.do(method, "/", tt.fields...)
			if n := s.rendered(); n != 1 {
				t.Fatalf("%d renderings, want 1", n)
			}
			if list := told(); len(list) > 0 {
				t.Errorf("told %q", list)
			}
		})
	}
}

// A Cache that is closed is told no more, nor does the registry keep one that was
// forgotten without being closed.
func TestClosedCacheIsNotTold(t *testing.T) {
	opts, told := strayOptions(t)
	s := newClosedSite(t, opts)
	_ = s.pages.Close()
	callAll(context.Background())
	if list := told(); len(list) > 0 {
		t.Errorf("told %q after Close", list)
	}
}

func TestForgottenCacheIsCollected(t *testing.T) {
	collected := make(chan struct{})
	func() {
		m := memory.New(nil)
		t.Cleanup(func() { _ = m.Close() })
		store, err := coherent.New(m, nil)
		if err != nil {
			t.Fatal(err)
		}
		pages, err := pagecache.New(store, &pagecache.Options{Observe: func(*http.Request, pagecache.Observation) {}})
		if err != nil {
			t.Fatal(err)
		}
		runtime.AddCleanup(pages, func(c chan struct{}) { close(c) }, collected)
	}()
	for range 100 {
		runtime.GC()
		select {
		case <-collected:
			callAll(context.Background())
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
	t.Error("a Cache that nobody refers to was not collected")
}

// An Observe that panics when it is told breaks no page.
func TestStrayContextAndAPanickingObserve(t *testing.T) {
	s := newClosedSite(t, &pagecache.Options{TTL: time.Minute, Observe: func(_ *http.Request, o pagecache.Observation) {
		if o.Err != nil {
			panic("told")
		}
	}})
	defer s.pages.Close()
	callAll(context.Background())
}
