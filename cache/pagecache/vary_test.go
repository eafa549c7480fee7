package pagecache_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/pagecache"
)

func languages(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", "accept-language")
	_, _ = fmt.Fprintf(w, "%q", r.Header["Accept-Language"])
}

// RFC 9111 §4.1.
func TestVary(t *testing.T) {
	m := memory.New(nil)
	defer m.Close()
	for name, b := range map[string]cache.Backend{"in memory": nil, "encoded": far{m}} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, b, nil, languages)
			requests := [][]string{
				nil,
				{"Accept-Language: "},
				{"Accept-Language: de"},
				{"Accept-Language: en"},
				{"Accept-Language: de, en"},
				{"Accept-Language: de", "X-Other: 1"},
				{"Accept-Language:  de "},
				{"Accept-Language: de", "Accept-Language: en"},
			}
			wantRendered := []int{1, 1, 1, 1, 1, 0, 0, 0} // the last three equal earlier ones, normalised
			for round := range 3 {
				for i, fields := range requests {
					got := body(t, s.get("/", fields...))
					want := 0
					if round != 1 {
						want = wantRendered[i]
					}
					if n := s.rendered(); n != want {
						t.Errorf("round %d: %q: %d renderings, want %d (got %s)", round, fields, n, want, got)
					}
				}
				if round == 1 {
					s.purge(cache.Path("/")) // all variants go with it
				}
			}
		})
	}
}

// Another process has learned nothing yet, and finds the variants.
func TestVaryInAnotherProcess(t *testing.T) {
	m := memory.New(nil)
	defer m.Close()
	s1, s2 := newSite(t, far{m}, nil, languages), newSite(t, far{m}, nil, languages)
	for _, l := range []string{"de", "en"} {
		s1.get("/", "Accept-Language: "+l)
	}
	for _, l := range []string{"de", "en"} {
		if got := body(t, s2.get("/", "Accept-Language: "+l)); got != fmt.Sprintf("[%q]", l) {
			t.Errorf("%s: got %s", l, got)
		}
	}
	if n := s2.rendered(); n != 0 {
		t.Errorf("the second process rendered %d times what the first had stored", n)
	}
}

// A handler may change what it varies on; the newest response says what counts.
func TestVaryChanges(t *testing.T) {
	vary := "Accept-Language"
	s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) {
		if vary != "" {
			w.Header().Set("Vary", vary)
		}
		_, _ = fmt.Fprintf(w, "%s: %s %s", vary, r.Header.Get("Accept-Language"), r.Header.Get("Accept"))
	})
	ask := func(want string) {
		t.Helper()
		for range 2 {
			if got := body(t, s.get("/", "Accept-Language: de", "Accept: html")); got != want {
				t.Errorf("varies on %q: got %q, want %q", vary, got, want)
			}
		}
		if n := s.rendered(); n != 1 {
			t.Errorf("varies on %q: %d renderings, want 1", vary, n)
		}
	}
	ask("Accept-Language: de html")
	for _, vary = range []string{"Accept", "Accept, Accept-Language", "", "Accept-Language"} {
		s.purge(cache.Path("/"))
		ask(vary + ": de html")
	}
}

func TestManyVariants(t *testing.T) {
	const n = 500
	s := newSite(t, nil, &pagecache.Options{TTL: time.Minute, MaxVariants: n}, languages)
	for range 2 {
		for i := range n {
			s.get("/", fmt.Sprintf("Accept-Language: x-%d", i))
		}
	}
	if got := s.rendered(); got != n {
		t.Errorf("%d variants asked twice: %d renderings", n, got)
	}
	s.purge(cache.Path("/"))
	for i := range n {
		s.get("/", fmt.Sprintf("Accept-Language: x-%d", i))
	}
	if got := s.rendered(); got != n {
		t.Errorf("%d variants, one purge: %d were rendered again", n, got)
	}
}

// What a handler does to its request must not change what the response is
// stored under.
func TestHandlerChangesItsRequest(t *testing.T) {
	s := newSite(t, nil, &pagecache.Options{TTL: time.Minute}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Vary", "Accept-Language")
		got := r.Header.Get("Accept-Language")
		r.Header.Set("Accept-Language", "xx")
		r.URL.Path = "/elsewhere"
		_, _ = io.WriteString(w, got)
	})
	for range 2 {
		for _, l := range []string{"de", "en"} {
			if got := body(t, s.get("/", "Accept-Language: "+l)); got != l {
				t.Errorf("asked for %s, got %s", l, got)
			}
		}
	}
	if n := s.rendered(); n != 2 {
		t.Errorf("%d renderings, want 2", n)
	}
}

// What visitors send must not fill the store with variants of one page: the
// oldest make room.
func TestMaxVariants(t *testing.T) {
	m := memory.New(nil)
	defer m.Close()
	s := newSite(t, m, &pagecache.Options{TTL: time.Minute, MaxVariants: 3}, languages)
	for i := range 100 {
		s.get("/", fmt.Sprintf("Accept-Language: x-%d", i))
	}
	if n := m.Stats().Entries; n != 4 {
		t.Errorf("%d entries for 3 variants and their note, want 4", n)
	}
	s.rendered()
	for _, i := range []int{99, 98, 97} {
		s.get("/", fmt.Sprintf("Accept-Language: x-%d", i))
	}
	if n := s.rendered(); n != 0 {
		t.Errorf("%d of the newest three variants had to make room", n)
	}
}

// The handler may do to its request what it likes, in place, too: what it is
// asked with is no part of what is stored.
func TestHandlerChangesItsConditions(t *testing.T) {
	const date = "Thu, 01 Jan 1998 00:00:00 GMT"
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, nil, &pagecache.Options{TTL: time.Minute}, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Last-Modified", date)
			for _, values := range r.Header {
				for i := range values {
					values[i] = "spoilt"
				}
			}
			if len(r.Header["If-Modified-Since"]) > 0 {
				w.WriteHeader(http.StatusInternalServerError)
			}
		})
		s.get("/")
		time.Sleep(2 * time.Minute)
		stored := s.get("/", "X: 1") // the stored response is asked about, and stays
		if stored.StatusCode != http.StatusInternalServerError {
			t.Fatalf("got %s, want the handler to be asked about what is stored", stored.Status)
		}
		asked := ""
		s.Handler = s.pages.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked = r.Header.Get("If-Modified-Since")
			w.WriteHeader(http.StatusNotModified)
		}))
		if got := s.get("/").Header.Get("Last-Modified"); asked != date || got != date {
			t.Errorf("the handler was asked with %q, and the visitor given %q; want %q", asked, got, date)
		}
	})
}
