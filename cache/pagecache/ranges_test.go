package pagecache_test

import (
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/cache/pagecache"
)

// Ranges that would make the answer longer than the page are ignored.
func TestRangesThatAreIgnored(t *testing.T) {
	const size = 10_000
	page := strings.Repeat("0123456789", size/10)
	many := func(n int, spec string) string { return strings.TrimSuffix(strings.Repeat(spec+",", n), ",") }
	apart := func(n int, form string) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(form, 10*i, 10*i))
		}
		return strings.Join(list, ",")
	}
	for _, tt := range []struct {
		rule, ranges string
		status       int
	}{
		{"16 ranges", apart(16, "%d-%d"), 206},
		{"17 ranges", apart(17, "%d-%d"), 200},
		{"16 ranges, space and empty members among them", " ,\t, " + strings.ReplaceAll(apart(16, "%d-%d"), ",", " ,, "), 206},
		{"17 ranges, most of them not there", "0-0," + many(16, "20000-"), 200},
		{"16 ranges, most of them not there", "0-0," + many(15, "20000-"), 206},
		{"17 ranges, none of them there", many(17, "20000-"), 200},
		{"16 ranges, none of them there", many(16, "20000-"), 416},
		{"two that are equal", "0-0,0-0", 200},
		{"two that share a byte", "0-5,5-9", 200},
		{"two that share a byte, the later first", "5-9,0-5", 200},
		{"one in the other", "0-,5-9", 200},
		{"two without a last", "5-,9-", 200},
		{"two suffixes", "-5,-9", 200},
		{"a suffix and what it holds", "9999-9999,-1", 200},
		{"a suffix longer than the page, and a range", "-99999,0-0", 200},
		{"beyond the end, both", "9990-99999,9995-99999", 200},
		{"adjacent ranges", "0-4,5-9", 206},
		{"adjacent ranges, the later first", "5-9,0-4", 206},
		{"a suffix and what stands before it", "0-9998,-1", 206},
		{"overlapping, but not there", "0-0,20000-,20000-", 206},
		{"one that is the whole", "0-", 206},
		{"a suffix of nothing", "0-0,-0", 206},
		{"numbers of any size", "0-0,1-" + strings.Repeat("9", 100), 206},
		{"a number beyond reason", "0-" + strings.Repeat("9", 100_000), 200},
		{"a megabyte of them", many(1<<18, "0-0"), 200},
		{"a megabyte of empty members", "0-0" + strings.Repeat(",", 1<<20), 200},
		{"a megabyte of space", "0-0" + strings.Repeat(" ", 1<<20), 200},
	} {
		s := newSite(t, nil, nil, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Etag", `"v1"`)
			_, _ = io.WriteString(w, page)
		})
		s.get("/")
		for _, condition := range []string{"X: 1", `If-Range: "v1"`} {
			resp := s.get("/", "Range: bytes="+tt.ranges, condition)
			got := body(t, resp)
			if resp.StatusCode != tt.status || tt.status == 200 && got != page {
				t.Errorf("%s, %s: got %d and %d bytes, want %d", tt.rule, condition, resp.StatusCode, len(got), tt.status)
			}
			if most := len(page) + 16*300; len(got) > most {
				t.Errorf("%s, %s: %d bytes for a page of %d", tt.rule, condition, len(got), len(page))
			}
			wantStatus(t, resp, tt.rule, "uncache; hit")
		}
		if resp := s.get("/", "Range: bytes="+tt.ranges, `If-Range: "v0"`); resp.StatusCode != 200 {
			t.Errorf("%s, If-Range of another version: got %d, want 200", tt.rule, resp.StatusCode)
		}
		if got := s.rendered(); got != 1 {
			t.Errorf("%s: %d renderings, want 1", tt.rule, got)
		}
	}
}

// Several lines of Range are no Range, and a HEAD has none.
func TestRangeLines(t *testing.T) {
	s := newSite(t, nil, nil, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "0123456789") })
	s.get("/")
	if resp := s.get("/", "Range: bytes=0-0", "Range: bytes=2-2"); resp.StatusCode != 200 || body(t, resp) != "0123456789" {
		t.Errorf("two lines: got %d, want the whole", resp.StatusCode)
	}
	if resp := s.do("HEAD", "/", "Range: bytes=0-0"); resp.StatusCode != 200 {
		t.Errorf("HEAD: got %d, want 200", resp.StatusCode)
	}
}

// What is stale is served by the same rule, and so is a stored part.
func TestRangesOfWhatIsStaleOrAPart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opts := &pagecache.Options{TTL: time.Second, StaleWhileRevalidate: time.Hour}
		s := newSite(t, nil, opts, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "0123456789") })
		s.get("/")
		time.Sleep(time.Minute)
		if resp := s.get("/", "Range: bytes=0-5,5-9"); resp.StatusCode != 200 || body(t, resp) != "0123456789" {
			t.Errorf("of what is stale: got %d", resp.StatusCode)
		}
		synctest.Wait()
	})
	for _, ranges := range []string{"0-0,0-0", strings.Repeat("0-0,", 1000), "0-0" + strings.Repeat(",", 1<<20)} {
		s := newSite(t, nil, &pagecache.Options{TTL: time.Hour, Proxy: &pagecache.Proxy{Transparent: true}}, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Etag", `"v1"`)
			http.ServeContent(w, r, "", time.Time{}, strings.NewReader("0123456789"))
		})
		s.get("/", "Range: bytes=0-5")
		wantStatus(t, s.get("/", "Range: bytes=1-2"), "one range of a stored part", "uncache; hit")
		s.rendered()
		if resp := s.get("/", "Range: bytes="+ranges); s.rendered() != 1 {
			t.Errorf("of a stored part, %.20q: got %d, %s; want the handler to be asked", ranges, resp.StatusCode, resp.Header.Get("Cache-Status"))
		}
	}
}

// A short request has no long answer, and takes no time to read.
func FuzzRanges(f *testing.F) {
	for _, seed := range []string{"0-0", "-5", "5-", "0-4,5-9", "0-0,0-0", "9-0", ",, 1-2 ,", "99999999999999999999-", "-0", fmt.Sprint(math.MaxInt64, "-", uint64(math.MaxUint64))} {
		f.Add(seed)
	}
	page := strings.Repeat("x", 1000)
	s := newSite(f, nil, nil, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, page) })
	s.get("/")
	f.Fuzz(func(t *testing.T, ranges string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["Range"] = []string{"bytes=" + ranges}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		switch n := w.Body.Len(); {
		case w.Code != 200 && w.Code != 206 && w.Code != 416:
			t.Errorf("%q: got %d", ranges, w.Code)
		case w.Code == 200 && n != len(page):
			t.Errorf("%q: got %d bytes of the whole", ranges, n)
		case n > len(page)+16*300:
			t.Errorf("%q: got %d bytes for a page of %d", ranges, n, len(page))
		}
	})
}
