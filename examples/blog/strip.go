package main

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/keys"
)

// stripPath is where the frame is. It is no route of the blog, and not cached.
const stripPath = "/strip/"

// strip is around the cache, and shows on every page what the cache has done. A
// stored page can't say in its own bytes that it was stored:
//
//  1. what Cache-Status and Age say of a page is said again in Server-Timing
//  2. the page has a frame, which asks for stripPath: who last purged the page
//  3. a script in the frame reads the page's Server-Timing, and moves both into the page
//
// Without scripts the frame stays, and tells of the purge. The pages themselves
// run no script: anybody may have written the posts.
func (n *node) strip(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case stripPath:
			n.frame(w, r)
		case stripPath + "strip.js":
			http.ServeFileFS(w, r, files, "templates/strip.js")
		default:
			next.ServeHTTP(&timed{ResponseWriter: w}, r)
		}
	})
}

// A timed writer repeats Cache-Status and Age in Server-Timing, the one field of
// its own page that a script can read.
type timed struct {
	http.ResponseWriter
	said bool
}

func (w *timed) WriteHeader(code int) {
	if h := w.Header(); code >= 200 && !w.said {
		w.said = true
		status := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(strings.Join(h["Cache-Status"], ", "))
		h.Set("Server-Timing", fmt.Sprintf(`store;desc="%s", age;desc="%s"`, status, h.Get("Age")))
	}
	w.ResponseWriter.WriteHeader(code)
}

func (w *timed) Write(p []byte) (int, error) {
	if !w.said {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (w *timed) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// frame shows the latest event of the log that names the page around the frame.
func (n *node) frame(w http.ResponseWriter, r *http.Request) {
	var last any
	if page, err := url.Parse(r.Referer()); err == nil {
		if e, ok := n.journal.last(r.Context(), pageNames(page)); ok {
			last = explained{e, n.saved.Load()}
		}
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; base-uri 'none'; frame-ancestors 'self'")
	if err := views["strip"].ExecuteTemplate(w, "strip", last); err != nil {
		n.report(err)
	}
}

// pageNames returns what an event may call a page. An author's page is also the
// group that its handler joins.
func pageNames(page *url.URL) []cache.Dependency {
	names := []cache.Dependency{cache.All}
	if path, err := keys.Path(page.EscapedPath()); err == nil {
		names = append(names, cache.Path(path))
	}
	if name, ok := strings.CutPrefix(page.Path, "/author/"); ok {
		names = append(names, cache.Group(authorGroup(strings.TrimSuffix(name, "/"))))
	}
	return names
}

// An explained event is one with the rules that named what it purges, if it is
// of this node's latest save.
type explained struct {
	cache.Event
	saved *invalidate.Targets
}

// Fresh reports whether the visitor may just have come from saving.
func (e explained) Fresh() bool { return time.Since(e.Time) < 10*time.Second }

// Ago says for how long the event has been in the log.
func (e explained) Ago() string {
	ago := time.Since(e.Time)
	if ago < 2*time.Minute {
		return fmt.Sprintf("%.0f s", ago.Seconds())
	}
	return fmt.Sprintf("%.0f min", ago.Minutes())
}

// Rules returns the models whose rules named d.
func (e explained) Rules(d cache.Dependency) string {
	if e.saved == nil || !slices.Equal(e.saved.Dependencies(), e.Dependencies) {
		return ""
	}
	return strings.Join(e.saved.NamedBy(d), ", ")
}
