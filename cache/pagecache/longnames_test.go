package pagecache_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/pagecache"
)

// What has a long name is stored and purged like anything else, by every name that
// it has, and the log holds short names only.
func TestLongNamesArePurged(t *testing.T) {
	segment := strings.Repeat("s", 700)
	path := "/a/" + segment + "/" + segment + "/"
	target := path + "?q=" + strings.Repeat("q", 700)
	group := strings.Repeat("g", 700)
	purges := map[string]func(s *site){
		"URI":                func(s *site) { s.purge(cache.URI("example.com" + target)) },
		"URI without a host": func(s *site) { s.purge(cache.URI(target)) },
		"path":               func(s *site) { s.purge(cache.Path(path)) },
		"prefix":             func(s *site) { s.purge(cache.Prefix("/a/" + segment)) },
		"short prefix":       func(s *site) { s.purge(cache.Prefix("/a/")) },
		"group":              func(s *site) { s.purge(cache.Group(group)) },
		"an unsafe request":  func(s *site) { s.do(http.MethodPost, target) },
		"Location":           func(s *site) { s.do(http.MethodPost, "/post", "X-Location: "+target) },
		"another group of its origin, by Cache-Group-Invalidation": func(s *site) { s.do(http.MethodPost, "/post", "X-Group: "+group) },
	}
	for name, purge := range purges {
		t.Run(name, func(t *testing.T) {
			m := memory.New(nil)
			t.Cleanup(func() { _ = m.Close() })
			s := newSite(t, m, &pagecache.Options{TTL: time.Hour}, func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPost {
					if l := r.Header.Get("X-Location"); l != "" {
						w.Header().Set("Location", l)
						w.WriteHeader(http.StatusSeeOther)
					}
					if g := r.Header.Get("X-Group"); g != "" {
						w.Header().Set("Cache-Group-Invalidation", `"`+g+`"`)
					}
					return
				}
				pagecache.AddGroups(r.Context(), group)
				_, _ = io.WriteString(w, "page")
			})
			s.get(target)
			wantStatus(t, s.get(target), "before the purge", "uncache; hit")
			purge(s)
			wantStatus(t, s.get(target), "after the purge", "uncache; fwd=miss")
			log, err := m.Since(t.Context(), 0)
			if err != nil || len(log.List) == 0 {
				t.Fatalf("the log: %d events, %v", len(log.List), err)
			}
			for _, e := range log.List {
				for _, d := range e.Dependencies {
					if len(d) > cache.MaxDependency {
						t.Errorf("the log has a name of %d bytes: %.30s...", len(d), d)
					}
				}
				if len(e.Reason) > cache.MaxNote {
					t.Errorf("the log has a reason of %d bytes", len(e.Reason))
				}
			}
		})
	}
}
