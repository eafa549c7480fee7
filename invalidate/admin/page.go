package admin

import (
	"bytes"
	"cmp"
	"context"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/invalidate"
)

//go:embed page
var files embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"ago":      ago,
	"bytes":    size,
	"duration": duration,
	"percent":  func(part float64) string { return fmt.Sprintf("%.1f %%", 100*part) },
	"bar":      func(part float64) string { return fmt.Sprintf("%.1f", 100*min(max(part, 0), 1)) },
	"utc":      func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
}).ParseFS(files, "page/*.html"))

const (
	shownEvents = 25  // on the page
	shownRoutes = 100 //
)

// A view is what the page shows.
type view struct {
	Now     time.Time
	Said    string // what a change did
	Changes bool   // are allowed
	Stats   pagecache.Stats
	Saves   invalidate.Stats
	Hits    float64 // of all requests
	Total   uint64
	Routes  []routeView
	Hidden  int // routes that are not shown

	Events    []eventShown
	LogError  string
	About     string // the path that the events are about, or ""
	URL       string // that was asked about
	Explained *explainAnswer
	AskError  string

	Models       []string
	Model, ID    string
	Resolved     *resolveAnswer
	ResolveError string

	HasOutbox   bool
	Outbox      outboxAnswer
	OutboxError string
}

// A routeView is a route with what a person compares.
type routeView struct {
	Pattern  string
	Requests uint64
	Hits     float64       // of its requests
	Took     time.Duration // rendering
	Each     time.Duration // rendering once
	Share    float64       // of the route that took longest
}

func servePage(ctx context.Context, h *handler, r *http.Request) (any, error) {
	return h.page(ctx, r, r.URL.Query(), "")
}

func serveStyle(context.Context, *handler, *http.Request) (any, error) {
	text, err := files.ReadFile("page/style.css")
	return document{http.StatusOK, "text/css; charset=utf-8", text}, err
}

// page answers with the page: what is asked for in q, and what a change did. What fails is
// said in its place, and the rest is shown.
func (h *handler) page(ctx context.Context, r *http.Request, q url.Values, said string) (any, error) {
	v := &view{Now: time.Now(), Said: said, Changes: h.opts.AllowChanges, Stats: h.pages.Stats(), Saves: h.inv.Stats(), Models: h.models(), HasOutbox: h.opts.Outbox != nil}
	v.routes()
	if v.URL = q.Get("url"); v.URL != "" {
		x, err := h.explain(ctx, r, v.URL, nil)
		if v.AskError = text(err); err == nil {
			v.Explained = &x
		}
	}
	if v.Model, v.ID = q.Get("model"), q.Get("id"); v.ID != "" {
		var err error
		v.Resolved, err = h.resolve(ctx, v.Model, v.ID)
		v.ResolveError = text(err)
	}
	v.About = q.Get("path")
	of := url.Values{}
	if v.About != "" {
		of.Set("path", v.About)
	}
	deps, err := filter(of)
	if err == nil {
		var a *eventsAnswer
		if a, err = h.newest(ctx, shownEvents, deps); err == nil {
			v.Events = a.Events
		}
	}
	v.LogError = text(err)
	if v.HasOutbox {
		v.Outbox, err = h.outbox(ctx)
		v.OutboxError = text(err)
	}
	v.Stats = h.pages.Stats() // the log was read meanwhile
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, "page.html", v); err != nil {
		return nil, err
	}
	return document{http.StatusOK, "text/html; charset=utf-8", b.Bytes()}, nil
}

// text is an error as the page shows it, or "".
func text(err error) string {
	if err == nil {
		return ""
	}
	return redact(err.Error())
}

// routes makes the table of routes, the busiest first.
func (v *view) routes() {
	var hits uint64
	var longest time.Duration
	for _, route := range v.Stats.Routes {
		n := routeView{Pattern: route.Pattern, Took: route.Took}
		for _, count := range route.Requests {
			n.Requests += count
		}
		if n.Pattern == "" {
			n.Pattern = "(not known)"
		}
		if n.Requests > 0 {
			n.Hits = float64(route.Requests["hit"]) / float64(n.Requests)
		}
		if route.Fills > 0 {
			n.Each = route.Took / time.Duration(route.Fills)
		}
		hits += route.Requests["hit"]
		v.Total += n.Requests
		longest = max(longest, n.Took)
		v.Routes = append(v.Routes, n)
	}
	if v.Total > 0 {
		v.Hits = float64(hits) / float64(v.Total)
	}
	for i := range v.Routes {
		if longest > 0 {
			v.Routes[i].Share = float64(v.Routes[i].Took) / float64(longest)
		}
	}
	slices.SortStableFunc(v.Routes, func(a, b routeView) int { return cmp.Compare(b.Requests, a.Requests) })
	if v.Hidden = len(v.Routes) - shownRoutes; v.Hidden > 0 {
		v.Routes = v.Routes[:shownRoutes]
	}
}

// errorPage is the page of a form that was refused.
func errorPage(code int, err error) []byte {
	var b bytes.Buffer
	if templates.ExecuteTemplate(&b, "error.html", map[string]any{"Code": code, "Text": http.StatusText(code), "Error": redact(err.Error())}) != nil {
		return []byte(http.StatusText(code))
	}
	return b.Bytes()
}

// size is a number of bytes for people.
func size(n int64) string {
	switch {
	case n >= 10<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 10<<10:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}

func ago(now, t time.Time) string {
	if d := now.Sub(t); d >= time.Second {
		return duration(d) + " ago"
	}
	return "just now"
}

// duration is a time for people: two digits or three.
func duration(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	case d >= 10*time.Second:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(100 * time.Microsecond).String()
	}
	return d.Round(time.Microsecond).String()
}
