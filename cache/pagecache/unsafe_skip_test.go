package pagecache_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/pagecache"
)

type userKey struct{}

// The target of an unsafe request goes unpurged if Skip says that nothing is stored
// there, and only then. What a Skip says of one visitor's requests says nothing.
func TestUnsafeRequestToWhatIsSkipped(t *testing.T) {
	tests := []struct {
		name   string
		skip   func(r *http.Request) bool
		target string
		fields []string
		user   bool
		purged bool
	}{
		{"by path", func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/collect") }, "/collect/1", nil, false, false},
		{"by path, another", func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/collect") }, "/page", nil, false, true},
		{"by query", func(r *http.Request) bool { return r.URL.Query().Has("beacon") }, "/page?beacon=1", nil, false, false},
		{"by form value", func(r *http.Request) bool { return r.FormValue("beacon") != "" }, "/page?beacon=1", nil, false, false},
		{"by host", func(r *http.Request) bool { return r.Host != "www.example.com" }, "/page", nil, false, false},
		{"by method", func(r *http.Request) bool { return r.Method != http.MethodGet }, "/page", nil, false, true},
		{"by length", func(r *http.Request) bool { return r.ContentLength != 0 }, "/page", nil, false, true},
		{"by content", func(r *http.Request) bool { return r.Header.Get("Content-Type") != "" }, "/page", []string{"Content-Type: text/plain"}, false, true},
		{"by session", func(r *http.Request) bool { return r.Header.Get("Cookie") != "" }, "/page", []string{"Cookie: session=1"}, false, true},
		{"by Authorization", func(r *http.Request) bool { return r.Header.Get("Authorization") != "" }, "/page", []string{"Authorization: Basic x"}, false, true},
		{"by Accept", func(r *http.Request) bool { return !strings.Contains(r.Header.Get("Accept"), "text/html") }, "/page", []string{"Accept: */*"}, false, true},
		{"by a field of a proxy", func(r *http.Request) bool { return r.Header.Get("X-Site") == "" }, "/page", []string{"X-Site: 7"}, false, true},
		{"by user", func(r *http.Request) bool { return r.Context().Value(userKey{}) != nil }, "/page", nil, true, true},
		{"by a context that is always there", func(r *http.Request) bool { return r.Context().Value(userKey{}).(string) == "root" }, "/page", nil, true, true},
		{"everything", func(*http.Request) bool { return true }, "/page", nil, false, false},
		{"nothing", nil, "/page", nil, false, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := memory.New(nil)
			t.Cleanup(func() { _ = m.Close() })
			s := newSite(t, m, &pagecache.Options{TTL: time.Hour, Skip: tt.skip}, func(w http.ResponseWriter, r *http.Request) {
				b, err := io.ReadAll(r.Body)
				if err != nil || string(b) != "body" || r.Method != http.MethodPost {
					t.Errorf("the handler got %s %q, %v", r.Method, b, err)
				}
				w.Header().Set("Location", "/made")
				w.Header().Set("Cache-Group-Invalidation", `"g"`)
				w.WriteHeader(http.StatusSeeOther)
			})
			ctx := t.Context()
			if tt.user {
				ctx = context.WithValue(ctx, userKey{}, "ada")
			}
			r := httptest.NewRequestWithContext(ctx, http.MethodPost, tt.target, strings.NewReader("body"))
			for _, f := range tt.fields {
				name, value, _ := strings.Cut(f, ": ")
				r.Header.Set(name, value)
			}
			s.ServeHTTP(httptest.NewRecorder(), r)
			log, err := m.Since(t.Context(), 0)
			if err != nil || len(log.List) != 1 {
				t.Fatalf("%d events, %v; want one", len(log.List), err)
			}
			deps := log.List[0].Dependencies
			if got := slices.Contains(deps, cache.URI("example.com"+tt.target)); got != tt.purged {
				t.Errorf("the target is purged: %v, want %v; the event names %q", got, tt.purged, deps)
			}
			for _, d := range []cache.Dependency{cache.URI("example.com/made"), cache.OriginGroup("example.com", "g")} {
				if !slices.Contains(deps, d) {
					t.Errorf("%s is not purged; the event names %q", d, deps)
				}
			}
		})
	}
}

// Beacons to what is skipped write nothing into the log.
func TestBeacons(t *testing.T) {
	m := memory.New(nil)
	t.Cleanup(func() { _ = m.Close() })
	skip := func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/collect/") }
	s := newSite(t, m, &pagecache.Options{TTL: time.Hour, Skip: skip}, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "page")
	})
	s.get("/")
	for i := range 1000 {
		s.do(http.MethodPost, fmt.Sprint("/collect/", i))
		// These have no key.
		s.do(http.MethodPost, fmt.Sprint("http://user@example.com/collect/", i))
		s.do(http.MethodPost, fmt.Sprint("ftp://example.com/collect/", i))
		s.do(http.MethodPost, fmt.Sprint("/collect//", i))
		s.do(http.MethodPost, fmt.Sprint("/x/../collect/", i))
	}
	if log, err := m.Since(t.Context(), 0); err != nil || len(log.List) != 0 {
		t.Errorf("%d events after 1000 beacons, %v; want none", len(log.List), err)
	}
	wantStatus(t, s.get("/"), "after 1000 beacons", "uncache; hit")
}

// POSTs with long URLs take next to nothing in the log, whatever their answers name.
func TestLogOfLongUnsafeRequests(t *testing.T) {
	long := strings.Repeat("x", 900_000)
	for name, h := range map[string]http.HandlerFunc{
		"no more":                     func(http.ResponseWriter, *http.Request) {},
		"a long Location":             func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Location", "/"+long) },
		"a long relative Location":    func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Location", "x/"+long) },
		"a long Content-Location":     func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Location", "/?"+long) },
		"a long group":                func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Cache-Group-Invalidation", `"`+long+`"`) },
		"a Location to the same page": func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Location", r.URL.String()) },
	} {
		for _, target := range []string{"/login?" + long, "/login", "/" + long + strings.Repeat("/a", 60), "http://" + long + "/", "/login?" + strings.Repeat("q", 8000)} {
			m := memory.New(nil)
			t.Cleanup(func() { _ = m.Close() })
			s := newSite(t, m, &pagecache.Options{TTL: time.Hour}, h)
			s.do(http.MethodPost, target)
			s.do(strings.Repeat("M", 100_000), target)
			log, err := m.Since(t.Context(), 0)
			if err != nil {
				t.Fatal(err)
			}
			bytes := 0
			for _, e := range log.List {
				bytes += len(e.Reason) + len(e.Origin)
				for _, d := range e.Dependencies {
					bytes += len(d)
				}
			}
			if bytes > 8<<10 {
				t.Errorf("%s, %.20s... of %d bytes: the log has %d bytes of two requests", name, target, len(target), bytes)
			}
		}
	}
}
