package pagecache_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/pagecache"
)

// cors names Origin in Vary where the request has one, as CORS middleware does.
func cors(w http.ResponseWriter, r *http.Request) {
	w.Header().Add("Vary", "Accept-Language")
	origin := r.Header.Get("Origin")
	if origin != "" {
		w.Header().Add("Vary", "Origin")
		w.Header().Set("Access-Control-Allow-Origin", origin)
	}
	_, _ = fmt.Fprintf(w, "%s for %q", r.Header.Get("Accept-Language"), origin)
}

// inStores runs a test over a store that keeps Go values and one that keeps bytes.
func inStores(t *testing.T, f func(t *testing.T, m *memory.Backend, b cache.Backend)) {
	for _, encoded := range []bool{false, true} {
		t.Run(map[bool]string{false: "in memory", true: "encoded"}[encoded], func(t *testing.T) {
			m := memory.New(nil)
			defer m.Close()
			if encoded {
				f(t, m, far{m})
			} else {
				f(t, m, m)
			}
		})
	}
}

// Where Vary depends on the request, requests of both kinds find what is stored.
func TestRequestsWithAndWithoutOriginHit(t *testing.T) {
	requests := [][]string{
		{"Accept-Language: de"}, {"Accept-Language: de", "Origin: https://a.example"},
		{"Accept-Language: en"}, {"Accept-Language: en", "Origin: https://b.example"}, {"Origin: https://a.example"}, nil,
	}
	inStores(t, func(t *testing.T, _ *memory.Backend, b cache.Backend) {
		s := newSite(t, b, nil, cors)
		for range 2 { // the first round learns of Origin
			for _, fields := range requests {
				s.get("/", fields...)
			}
		}
		s.rendered()
		for range 3 { // by the long way, and by a shortcut
			for _, fields := range requests {
				resp := s.get("/", fields...)
				wantStatus(t, resp, fmt.Sprint(fields), "uncache; hit")
				h := http.Header{}
				for _, f := range fields {
					name, value, _ := strings.Cut(f, ": ")
					h.Set(name, value)
				}
				if got, want := body(t, resp), fmt.Sprintf("%s for %q", h.Get("Accept-Language"), h.Get("Origin")); got != want {
					t.Errorf("%q: got %q, want %q", fields, got, want)
				}
			}
		}
		if n := s.rendered(); n != 0 {
			t.Errorf("%d renderings of what is stored", n)
		}
	})
}

// MaxVariants bounds the entries of one URL, whatever its responses say in Vary, and
// whichever process stores them.
func TestMaxVariantsWhereVaryChanges(t *testing.T) {
	const bound = 8
	for name, vary := range map[string]func(i int) []string{
		"between two lists":       func(i int) []string { return [][]string{{"X-A"}, {"X-A", "X-B"}}[i%2] },
		"between disjoint lists":  func(i int) []string { return [][]string{{"X-A"}, {"X-B"}}[i%2] },
		"between one and none":    func(i int) []string { return [][]string{{"X-A"}, nil}[i%2] },
		"between some, none, all": func(i int) []string { return [][]string{{"X-A"}, nil, {"X-A", "X-B", "X-C"}, {"*"}}[i%4] },
		"to another field always": func(i int) []string { return []string{"X-A", fmt.Sprint("X-", i)} },
		"to many others always": func(i int) (list []string) {
			for j := range 40 {
				list = append(list, fmt.Sprint("X-", i, "-", j))
			}
			return list
		},
		"between two long lists": func(i int) (list []string) {
			for j := range 10 {
				list = append(list, fmt.Sprint("X-", i%2, "-", j))
			}
			return append(list, "X-A")
		},
		"in spelling and order": func(i int) []string { return [][]string{{"x-a", "X-B"}, {"X-B, X-a"}}[i%2] },
	} {
		t.Run(name, func(t *testing.T) {
			inStores(t, func(t *testing.T, m *memory.Backend, b cache.Backend) {
				n := 0
				show := func(w http.ResponseWriter, r *http.Request) {
					for _, v := range vary(n) {
						w.Header().Add("Vary", v)
					}
					_, _ = io.WriteString(w, r.Header.Get("X-A"))
				}
				opts := &pagecache.Options{TTL: time.Hour, MaxVariants: bound}
				sites := []*site{newSite(t, b, opts, show), newSite(t, b, opts, show)}
				for n = range 300 {
					a := fmt.Sprint(n)
					resp := sites[n/3%2].get("/", "X-A: "+a, "X-B: "+a, "Accept-Encoding: gzip")
					named := strings.ToUpper(strings.Join(resp.Header["Vary"], ","))
					if got := body(t, resp); got != a && strings.Contains(named+",", "X-A,") {
						t.Errorf("request %d: got the page for %s, which varies by %s", n, got, named)
					}
				}
				if got := m.Stats().Entries; got > bound+1 {
					t.Errorf("%d entries of one URL, want %d and a note at most", got, bound)
				}
			})
		})
	}
}

// A list of variants outlives a purge, or each purge would leave them in the store.
func TestMaxVariantsAcrossPurges(t *testing.T) {
	const bound = 8
	for name, purge := range map[string]func(s *site){
		"of the path":   func(s *site) { s.purge(cache.Path("/page")) },
		"of a prefix":   func(s *site) { s.purge(cache.Prefix("/")) },
		"of everything": func(s *site) { s.purge(cache.All) },
		"softly": func(s *site) {
			_ = s.pages.Purge(context.Background(), cache.Event{Dependencies: []cache.Dependency{cache.Path("/page")}, Soft: true})
		},
		"by a visitor":       func(s *site) { s.do("POST", "/page") },
		"of nothing they do": func(s *site) {},
	} {
		t.Run(name, func(t *testing.T) {
			inStores(t, func(t *testing.T, m *memory.Backend, b cache.Backend) {
				opts := &pagecache.Options{TTL: time.Hour, MaxVariants: bound}
				sites := []*site{newSite(t, b, opts, cors), newSite(t, b, opts, cors)}
				for i := range 40 {
					for j := range bound {
						sites[(i+j)%2].get("/page", fmt.Sprint("Accept-Language: ", i, "-", j), "Origin: https://a.example")
					}
					if i%2 == 0 {
						purge(sites[i/2%2])
					}
				}
				if got := m.Stats().Entries; got > bound+1 {
					t.Errorf("%d entries of one URL, want %d and a note at most", got, bound)
				}
			})
		})
	}
}

// A note lives as long as any of the responses that it lists.
func TestMaxVariantsWithLifetimesOfTheirOwn(t *testing.T) {
	const bound = 4
	synctest.Test(t, func(t *testing.T) {
		m := memory.New(nil)
		defer m.Close()
		s := newSite(t, m, &pagecache.Options{MaxVariants: bound}, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Vary", "X-A")
			w.Header().Set("Cache-Control", "max-age="+r.Header.Get("X-Age"))
		})
		for i := range 50 {
			for j := range bound - 1 {
				s.get("/", fmt.Sprint("X-A: ", i, "-", j), "X-Age: 36000")
			}
			s.get("/", fmt.Sprint("X-A: ", i), "X-Age: 1")
			time.Sleep(2 * time.Second)
		}
		if got := m.Stats().Entries; got > bound+1 {
			t.Errorf("%d entries of one URL, want %d and a note at most", got, bound)
		}
	})
}

// A field that responses have ceased to name selects until those that named it have
// expired, and no longer.
func TestFieldsThatAreNotNamedAnyMore(t *testing.T) {
	for name, after := range map[string]string{"another": "Accept-Language", "none": ""} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				vary := "Accept-Language, Cookie"
				s := newSite(t, nil, &pagecache.Options{TTL: time.Minute}, func(w http.ResponseWriter, r *http.Request) {
					if vary != "" {
						w.Header().Set("Vary", vary)
					}
				})
				s.get("/", "Cookie: a=1")
				vary = after
				for i := range 100 { // somebody is always there
					s.get("/", fmt.Sprint("Cookie: a=", i+2))
					time.Sleep(time.Second)
				}
				s.get("/", "Cookie: a=200")
				s.rendered()
				for i := range 10 {
					wantStatus(t, s.get("/", fmt.Sprint("Cookie: b=", i)), "a cookie of its own", "uncache; hit")
				}
			})
		})
	}
}

// What is validated stays where requests find it, though its 304 names less, and
// though other fields have come to select.
func TestValidationWhereVaryChanges(t *testing.T) {
	inStores(t, func(t *testing.T, _ *memory.Backend, b cache.Backend) {
		s := newSite(t, b, nil, func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			h.Set("Cache-Control", "no-cache")
			h.Set("Etag", `"`+r.Header.Get("Accept-Language")+`"`)
			h.Add("Vary", "Accept-Language")
			if r.Header.Get("Origin") != "" {
				h.Add("Vary", "Origin")
			}
			if r.Header.Get("If-None-Match") == h.Get("Etag") {
				if r.Header.Get("X-Short") != "" {
					delete(h, "Vary")
				}
				w.WriteHeader(http.StatusNotModified)
				return
			}
			_, _ = io.WriteString(w, r.Header.Get("Accept-Language"))
		})
		s.get("/", "Accept-Language: de")
		s.get("/", "Accept-Language: de", "Origin: https://a.example")
		s.get("/", "Accept-Language: de") // now that Origin is known
		for range 3 {
			for _, short := range []string{"X: 1", "X-Short: 1"} {
				for _, origin := range []string{"X: 2", "Origin: https://a.example"} {
					resp := s.get("/", "Accept-Language: de", origin, short)
					wantStatus(t, resp, origin+" "+short, "uncache; fwd=stale; fwd-status=304; stored")
					if got := body(t, resp); got != "de" {
						t.Errorf("%s, %s: got %q", origin, short, got)
					}
				}
			}
		}
	})
}

// Visitors of all kinds at once: nobody is given what was made for other values of
// the fields that it names, and the variants stay bounded.
func TestRacedOrigins(t *testing.T) {
	inStores(t, func(t *testing.T, m *memory.Backend, b cache.Backend) {
		s := newSite(t, b, &pagecache.Options{TTL: time.Hour, MaxVariants: 8}, cors)
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				for j := range 100 {
					lang, origin := fmt.Sprint(j%7), fmt.Sprint((i+j)%3)
					fields := []string{"Accept-Language: " + lang}
					if origin == "0" {
						origin = ""
					} else {
						fields = append(fields, "Origin: "+origin)
					}
					resp := s.get("/", fields...)
					if !slices.Contains(resp.Header["Vary"], "Origin") {
						origin = "" // it may be given to anybody, until Origin is known to select
					}
					if got, want := body(t, resp), fmt.Sprintf("%s for %q", lang, origin); got != want {
						t.Errorf("%q: got %q, which varies by %q", fields, got, resp.Header["Vary"])
						return
					}
					if j%25 == 0 {
						s.purge(cache.Path("/"))
					}
				}
			})
		}
		all.Wait()
		for i := range 20 { // whatever the race has left, later requests bound it
			s.get("/", fmt.Sprint("Accept-Language: x-", i))
		}
		if got := m.Stats().Entries; got > 9 {
			t.Errorf("%d entries of one URL, want 8 and a note at most", got)
		}
	})
}
