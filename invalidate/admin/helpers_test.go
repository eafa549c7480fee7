package admin_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/admin"
)

// A rig is a site with an admin handler beside it.
type rig struct {
	t     *testing.T
	pages *pagecache.Cache
	inv   *invalidate.Invalidator
	site  http.Handler
	admin http.Handler
	told  []cache.Event // what the Invalidator's other Purger was told
	fails error         // what it returns
}

type post struct {
	ID   string
	Slug string
}

func newRig(t *testing.T, allow func(*http.Request) bool, change func(*admin.Options)) *rig {
	t.Helper()
	backend := memory.New(nil)
	pages, err := pagecache.Open(backend, &pagecache.Options{
		TTL:  time.Minute,
		Skip: func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/admin/") },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = pages.Close(), backend.Close() })
	g := &rig{t: t, pages: pages}
	g.inv = invalidate.New(invalidate.Purgers{pages, invalidate.PurgerFunc(func(_ context.Context, e cache.Event) error {
		g.told = append(g.told, e)
		return g.fails
	})}, nil)
	invalidate.Register(g.inv, func(p *post, to *invalidate.Targets) {
		to.Path("/blog/" + p.Slug + "/")
		to.Group("posts")
	})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /blog/{slug}/", func(w http.ResponseWriter, r *http.Request) {
		pagecache.AddGroups(r.Context(), "posts")
		fmt.Fprint(w, "hello")
	})
	mux.HandleFunc("GET /private", func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Cache-Control", "private") })
	g.site = pages.Handler(mux)
	opts := &admin.Options{
		Invalidator:  g.inv,
		AllowChanges: true,
		Models: map[string]func(context.Context, string) (any, error){"post": func(_ context.Context, id string) (any, error) {
			if id == "0" {
				return nil, fmt.Errorf("no post %s at postgres://user:hunter2@db/blog", id)
			}
			return &post{ID: id, Slug: "hello-" + id}, nil
		}},
	}
	if change != nil {
		change(opts)
	}
	if allow == nil {
		allow = func(*http.Request) bool { return true }
	}
	if g.admin, err = admin.New(pages, allow, opts); err != nil {
		t.Fatal(err)
	}
	return g
}

// visit asks the site for a page, and returns its Cache-Status.
func (g *rig) visit(target string) string {
	w := httptest.NewRecorder()
	g.site.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
	return w.Header().Get("Cache-Status")
}

// ask asks the admin handler. A body is JSON.
func (g *rig) ask(method, target, body string, fields ...string) *httptest.ResponseRecorder {
	g.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	g.admin.ServeHTTP(w, r)
	return w
}

// want asks, and returns the JSON of an answer that has to have a status code.
func (g *rig) want(code int, method, target, body string, fields ...string) map[string]any {
	g.t.Helper()
	w := g.ask(method, target, body, fields...)
	if w.Code != code {
		g.t.Fatalf("%s %.100s %.100s: %d %.500s, want %d", method, target, body, w.Code, w.Body, code)
	}
	var answer map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		g.t.Fatalf("%s %.100s: %v: %.500s", method, target, err, w.Body)
	}
	return answer
}

// events returns how many events the log has.
func (g *rig) events() (n int) {
	g.t.Helper()
	for _, err := range g.pages.Events(g.t.Context(), 0) {
		if err != nil {
			g.t.Fatal(err)
		}
		n++
	}
	return n
}
