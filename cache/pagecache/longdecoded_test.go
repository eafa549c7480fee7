package pagecache_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/uncache/uncache/cache"
)

// A purge of one spelling of a path reaches the other, also where the path is so long
// that a log knows it by a digest.
func TestSpellingsOfLongPaths(t *testing.T) {
	for name, pad := range map[string]string{
		"short":                  "x",
		"long":                   strings.Repeat("x", 600),
		"long, in many segments": strings.Repeat("x/", 40) + strings.Repeat("y", 600),
	} {
		for how, purge := range map[string]func(s *site, path string){
			"POST":     func(s *site, path string) { s.do("POST", path) },
			"Purge":    func(s *site, path string) { s.purge(cache.Path(path)) },
			"Location": func(s *site, path string) { s.do("POST", "/form", "To: "+path) },
			"prefix":   func(s *site, path string) { s.purge(cache.Prefix(path + "/")) },
		} {
			t.Run(name+" "+how, func(t *testing.T) {
				s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) {
					if to := r.Header.Get("To"); to != "" {
						w.Header().Set("Location", to)
						w.WriteHeader(303)
						return
					}
					_, _ = io.WriteString(w, "page")
				})
				end := ""
				if how == "prefix" {
					end = "/page"
				}
				for _, paths := range [][2]string{{"/a%2Fb/" + pad, "/a/b/" + pad}, {"/a/b/" + pad, "/a%2Fb/" + pad}, {"/" + pad + "/a%2Fb", "/" + pad + "/a/b"}, {"/" + pad + "/a/b", "/" + pad + "/a%2Fb"}} {
					s.get(paths[0] + end)
					s.rendered()
					purge(s, paths[1])
					s.rendered()
					s.get(paths[0] + end)
					if n := s.rendered(); n != 1 {
						t.Errorf("%.20s... is still there after %.20s... was purged", paths[0], paths[1])
					}
				}
			})
		}
	}
}
