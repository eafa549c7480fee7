package main

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"strings"
	"time"
)

//go:embed templates
var files embed.FS

// views holds one set of templates for each page, all within the layout.
var views = func() map[string]*template.Template {
	funcs := template.FuncMap{
		"postURL":   postPage.Path,
		"authorURL": authorPage.Path,
		"editURL":   editForm.Path,
		"rssURL":    rssFeed.Path,
		"atomURL":   atomFeed.Path,
		"styleURL":  styleSheet.Path,
		"indexURL":  indexURL,
		"add":       func(a, b int) int { return a + b },
		"day":       func(t time.Time) string { return t.Format("2 January 2006") },
		"stripPath": func() string { return stripPath },
		"iso":       func(t time.Time) string { return t.Format(time.RFC3339) },
		"join":      func(names []string) string { return strings.Join(names, ", ") },
	}
	views := make(map[string]*template.Template)
	for _, name := range []string{"index", "post", "author", "edit", "message"} {
		views[name] = template.Must(template.New(name).Funcs(funcs).
			ParseFS(files, "templates/layout.html", "templates/"+name+".html"))
	}
	views["strip"] = template.Must(template.New("strip").Funcs(funcs).ParseFS(files, "templates/strip.html"))
	return views
}()

// render writes a page. It is complete before the first byte is sent: what
// fails halfway is an error and not half a page.
func (n *node) render(w http.ResponseWriter, status int, view, title string, data any) {
	var b bytes.Buffer
	err := views[view].ExecuteTemplate(&b, "layout", struct {
		Site, About, Title string
		Node               string
		Rendered           time.Time
		Data               any
	}{n.site.title, n.site.about, title, n.name, time.Now(), data})
	if err != nil {
		n.fail(w, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	// Posts may show pictures from elsewhere; nothing may run. The frame is strip.go's.
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src https: data:; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	w.WriteHeader(status)
	w.Write(b.Bytes())
}

// message writes a page that says one thing.
func (n *node) message(w http.ResponseWriter, status int, title, text string) {
	n.render(w, status, "message", title, struct{ Title, Text string }{title, text})
}

func (n *node) notFound(w http.ResponseWriter, why string) {
	n.message(w, http.StatusNotFound, "Not found", why)
}

// fail answers when the program, and not the visitor, made the mistake.
func (n *node) fail(w http.ResponseWriter, err error) {
	n.report(err)
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	http.Error(w, "Something went wrong. It has been written down.", http.StatusInternalServerError)
}

func (n *node) style(w http.ResponseWriter, r *http.Request) {
	http.ServeFileFS(w, r, files, "templates/style.css")
}
