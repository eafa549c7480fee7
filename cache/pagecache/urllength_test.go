package pagecache_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/keys"
)

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// Whatever is long in a URL, the cache does not multiply it: neither before the
// handler is asked, nor when what it answers is stored.
func TestLongURLTakesLittleMemory(t *testing.T) {
	x := func(n int) string { return strings.Repeat("x", n) }
	const mega = 1 << 20
	urls := map[string]string{
		"64 segments of 16 KB":                  strings.Repeat("/"+x(16<<10), 64),
		"a long segment and 62 short ones":      "/" + x(mega) + strings.Repeat("/a", 62),
		"one long segment":                      "/" + x(mega),
		"a long query":                          "/?" + x(mega),
		"many parameters":                       "/?" + strings.Repeat("a=b&", mega/4),
		"a long path, encoded":                  "/" + strings.Repeat("%C3%A9", mega/6) + strings.Repeat("/a", 62),
		"encoded slashes":                       "/" + strings.Repeat("a%2F", mega/4),
		"a long host":                           "http://" + x(mega) + "/a/b",
		"64 segments of 120 bytes, as allowed":  strings.Repeat("/"+x(120), 63) + "/",
		"60 encoded slashes, as allowed":        "/" + strings.Repeat(x(100)+"%2F", 60),
		"a query of 8 KB, as allowed":           "/a/?" + x(8000),
		"a host of 4 KB and a path, as allowed": "http://" + x(4000) + strings.Repeat("/"+x(60), 60),
	}
	for name, target := range urls {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			t.Run(name+" "+method, func(t *testing.T) {
				s := newSite(t, nil, &pagecache.Options{TTL: time.Hour}, func(w http.ResponseWriter, _ *http.Request) {
					_, _ = io.WriteString(w, "page")
				})
				var requests []*http.Request
				const n = 20
				for range n {
					requests = append(requests, httptest.NewRequest(method, target, nil))
				}
				s.ServeHTTP(httptest.NewRecorder(), requests[0])
				got := allocated(func() {
					for _, r := range requests[1:] {
						r.Header.Set("Cache-Control", "no-cache")
						s.ServeHTTP(httptest.NewRecorder(), r)
					}
				}) / (n - 1)
				if got > 512<<10 {
					t.Errorf("%d KB are allocated for a request of %d KB", got>>10, len(target)>>10)
				}
			})
		}
	}
}

// A URL of 8 KiB is stored, and one that is longer passes, by whatever part of it.
func TestURLLength(t *testing.T) {
	x := func(n int) string { return strings.Repeat("x", n) }
	const most = 8<<10 - len("example.com")
	tests := map[string]struct {
		target string
		stored bool
	}{
		"a path as long as can be":          {"/" + x(most-1), true},
		"a path that is longer":             {"/" + x(most), false},
		"a query as long as can be":         {"/?" + x(most-2), true},
		"a query that is longer":            {"/?" + x(most-1), false},
		"a host that is long":               {"http://" + x(8<<10) + "/", false},
		"an encoded path that is longer":    {"/" + strings.Repeat("%2F", 3000), false},
		"a query cut by keys.Options.Query": {"/?utm_source=" + x(9000), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			k, err := keys.New("", &keys.Options{Query: []string{"q", x(most - 2)}})
			if err != nil {
				t.Fatal(err)
			}
			s := newSite(t, nil, &pagecache.Options{TTL: time.Hour, Keys: k}, func(w http.ResponseWriter, r *http.Request) {
				_, _ = fmt.Fprint(w, len(r.URL.RawQuery))
			})
			s.get(tt.target)
			want := "uncache; hit"
			if !tt.stored {
				want = "uncache; fwd=bypass; detail=url-length"
			}
			wantStatus(t, s.get(tt.target), name, want)
		})
	}
}

// A handler that names more than a page may be made from has its page served, and
// it is not stored. What it names many times it names once.
func TestTooManyGroups(t *testing.T) {
	for _, how := range []string{"AddGroups", "Cache-Groups"} {
		groups := 0
		m := memory.New(nil)
		t.Cleanup(func() { _ = m.Close() })
		slow := &coherent.Options{Timeout: 10 * time.Second} // to decode 10,000 names takes a while
		s := newSiteOver(t, far{m}, slow, &pagecache.Options{TTL: time.Hour}, func(w http.ResponseWriter, r *http.Request) {
			var list []string
			for i := range groups {
				if how == "AddGroups" {
					pagecache.AddGroups(r.Context(), fmt.Sprint(i), "always")
				}
				list = append(list, fmt.Sprintf("%q", fmt.Sprint(i)))
			}
			if how == "Cache-Groups" {
				w.Header().Set("Cache-Groups", strings.Join(list, ", "))
			}
			_, _ = io.WriteString(w, "page")
		})
		for n, stored := range map[int]bool{10_000: true, 100_000: false} {
			groups = n
			target := fmt.Sprint("/", n)
			if got := body(t, s.get(target)); got != "page" {
				t.Errorf("%s, %d groups: got %q", how, n, got)
			}
			want := "uncache; hit"
			if !stored {
				want = "uncache; fwd=miss; detail=too-many-dependencies"
			}
			wantStatus(t, s.get(target), fmt.Sprint(how, n), want)
		}
	}
}
