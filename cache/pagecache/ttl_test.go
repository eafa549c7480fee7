package pagecache_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/cache/pagecache"
)

// Options.TTL counts for the status codes that the URL alone decides.
func TestTTLCountsForStatusesOfTheURL(t *testing.T) {
	counts := map[int]bool{200: true, 203: true, 204: true, 300: true, 301: true, 308: true, 404: true, 410: true}
	s := newSite(t, nil, &pagecache.Options{TTL: time.Hour}, statusOfThePath(""))
	for status := 200; status < 600; status++ {
		if status == http.StatusNotModified {
			continue
		}
		for _, query := range []string{"", "?a=b"} {
			url := fmt.Sprintf("/%d%s", status, query)
			first := s.get(url).Header.Get("Cache-Status")
			s.get(url)
			if stored := s.rendered() == 1; stored != counts[status] || strings.Contains(first, "stored") != stored {
				t.Errorf("%s without a lifetime: %s, a hit then: %v, want %v", url, first, stored, counts[status])
			}
		}
	}
}

// An explicit lifetime counts for any status code, as does the heuristic one for
// those of RFC 9110 §15.1.
func TestLifetimesOfErrorsOtherThanTTL(t *testing.T) {
	lastYear := time.Now().AddDate(-1, 0, 0).UTC().Format(http.TimeFormat)
	for _, tt := range []struct {
		opts  pagecache.Options
		field string
		want  bool
	}{
		{pagecache.Options{TTL: time.Hour}, "Cache-Control: max-age=60", true},
		{pagecache.Options{TTL: time.Hour}, "Cache-Control: s-maxage=60", true},
		{pagecache.Options{TTL: time.Hour, ErrorTTL: time.Minute}, "Expires: " + time.Now().Add(time.Hour).UTC().Format(http.TimeFormat), true},
		{pagecache.Options{Proxy: &pagecache.Proxy{Heuristic: true}}, "Last-Modified: " + lastYear, true},
		{pagecache.Options{TTL: time.Hour, Proxy: &pagecache.Proxy{Heuristic: true}}, "Last-Modified: " + lastYear, false},
		{pagecache.Options{ErrorTTL: time.Hour}, "Last-Modified: " + lastYear, false},
	} {
		for _, status := range []int{405, 414, 501} {
			s := newSite(t, nil, &tt.opts, statusOfThePath(tt.field))
			for range 2 {
				s.get("/" + strconv.Itoa(status))
			}
			if got := s.rendered() == 1; got != tt.want {
				t.Errorf("TTL %v, ErrorTTL %v, Heuristic %v; %d with %q: stored %v, want %v", tt.opts.TTL, tt.opts.ErrorTTL, tt.opts.Proxy != nil, status, tt.field, got, tt.want)
			}
		}
	}
}

// A field of one visitor that changes the status takes the page from nobody.
func TestErrorForAFieldOfOneVisitor(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("page")) })
	for _, attack := range []string{
		"X-Http-Method-Override: DELETE", "X-Http-Method-Override: FROB", "X-Long: " + strings.Repeat("x", 100), "X-Http-Method-Override: RANGE",
	} {
		s := newSite(t, nil, &pagecache.Options{TTL: time.Hour, ErrorTTL: time.Hour}, func(w http.ResponseWriter, r *http.Request) {
			switch m := r.Header.Get("X-Http-Method-Override"); m {
			case "":
			case "FROB":
				http.Error(w, "what is that", http.StatusNotImplemented)
				return
			case "RANGE":
				http.Error(w, "no such range", http.StatusRequestedRangeNotSatisfiable)
				return
			default:
				r.Method = m
			}
			if len(r.Header.Get("X-Long")) > 50 {
				http.Error(w, "too long", http.StatusRequestURITooLong)
				return
			}
			mux.ServeHTTP(w, r)
		})
		if got := s.get("/", attack); got.StatusCode < 400 {
			t.Fatalf("%s: got %s, want an error", attack, got.Status)
		}
		if got := s.get("/"); got.StatusCode != http.StatusOK {
			t.Errorf("after %s: the next visitor gets %s, %s", attack, got.Status, got.Header.Get("Cache-Status"))
		}
	}
}

func TestErrorTTL(t *testing.T) {
	for name, tt := range map[string]struct {
		opts       pagecache.Options
		page, gone time.Duration // lifetimes; 0 for not stored
	}{
		"none":            {pagecache.Options{TTL: time.Hour}, time.Hour, time.Hour},
		"shorter":         {pagecache.Options{TTL: time.Hour, ErrorTTL: time.Minute}, time.Hour, time.Minute},
		"longer":          {pagecache.Options{TTL: time.Minute, ErrorTTL: time.Hour}, time.Minute, time.Hour},
		"without TTL":     {pagecache.Options{ErrorTTL: time.Minute}, 0, time.Minute},
		"of a proxy":      {pagecache.Options{ErrorTTL: time.Minute, Proxy: &pagecache.Proxy{Heuristic: true, Transparent: true}}, 0, time.Minute},
		"neither of them": {pagecache.Options{}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t, nil, &tt.opts, statusOfThePath(""))
				for status, life := range map[int]time.Duration{200: tt.page, 404: tt.gone, 410: tt.gone} {
					url := "/" + strconv.Itoa(status)
					s.get(url)
					if life > 0 {
						time.Sleep(life - time.Second)
						s.get(url)
						if s.rendered() != 1 {
							t.Errorf("%d: not stored for %v", status, life)
						}
						time.Sleep(2 * time.Second)
					}
					s.rendered()
					s.get(url)
					if s.rendered() != 1 {
						t.Errorf("%d: stored for more than %v", status, life)
					}
				}
			})
		})
	}
}

// statusOfThePath answers /404 with 404, and with a field.
func statusOfThePath(field string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if name, value, ok := strings.Cut(field, ": "); ok {
			w.Header().Set(name, value)
		}
		status, _ := strconv.Atoi(r.URL.Path[1:])
		if status >= 300 && status < 400 {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(status)
	}
}
