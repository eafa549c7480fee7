package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/uncache/uncache/internal/panics"
)

// A failure is an error with the status code that says whose it is.
type failure struct {
	code int
	err  error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

func fail(code int, format string, args ...any) error {
	return &failure{code, fmt.Errorf(format, args...)}
}

// An endpoint answers a request with a value for JSON, or with a document.
type endpoint struct {
	change bool // it changes something
	search bool // it reads the log or a database
	serve  func(ctx context.Context, h *handler, r *http.Request) (any, error)
}

// A document is an answer that is not JSON.
type document struct {
	code    int
	kind    string
	content []byte
}

var endpoints = map[string]map[string]endpoint{
	http.MethodGet: {
		"":          {search: true, serve: servePage},
		"style.css": {serve: serveStyle},
		"explain":   {search: true, serve: serveExplain},
		"resolve":   {search: true, serve: serveResolve},
		"events":    {search: true, serve: serveEvents},
		"stats":     {serve: serveStats},
		"outbox":    {search: true, serve: serveOutbox},
	},
	http.MethodPost: {
		"purge":  {change: true, search: true, serve: servePurge},
		"outbox": {change: true, search: true, serve: serveRows},
	},
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	secure(w.Header())
	control := http.NewResponseController(w)
	// Not every ResponseWriter can. Then the server's own timeouts bound the client.
	_ = control.SetReadDeadline(time.Now().Add(readTimeout))
	_ = control.SetWriteDeadline(time.Now().Add(writeTimeout))
	answer, err := h.answer(r)
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	doc, ok := answer.(document)
	if !ok {
		text, err := json.Marshal(answer)
		if err != nil {
			h.refuse(w, r, err)
			return
		}
		doc = document{http.StatusOK, "application/json", append(text, '\n')}
	}
	w.Header().Set("Content-Type", doc.kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(doc.content)))
	w.WriteHeader(doc.code)
	if r.Method != http.MethodHead {
		_, _ = w.Write(doc.content) // the client may have left
	}
}

// answer checks who asks and how much, and makes the whole answer. A client that reads
// slowly holds nothing but the answer.
func (h *handler) answer(r *http.Request) (_ any, err error) {
	if !h.allow(r) {
		return nil, fail(http.StatusForbidden, "not allowed")
	}
	if err := h.cross.Check(r); err != nil {
		return nil, fail(http.StatusForbidden, "%w", err)
	}
	name := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	e, ok := endpoints[method][name]
	switch {
	case !ok && (endpoints[http.MethodGet][name].serve != nil || endpoints[http.MethodPost][name].serve != nil):
		return nil, fail(http.StatusMethodNotAllowed, "%s is not for %s", r.Method, name)
	case !ok:
		return nil, fail(http.StatusNotFound, "there is no %q here", name)
	case len(r.URL.RawQuery) > maxQuery:
		return nil, fail(http.StatusRequestURITooLong, "the query has more than %d bytes", maxQuery)
	case e.change && !h.opts.AllowChanges:
		return nil, fail(http.StatusForbidden, "changes are not allowed: admin.Options.AllowChanges is not set")
	case e.change && !h.changes.take(), !e.change && !h.questions.take():
		return nil, fail(http.StatusTooManyRequests, "too many requests: wait a second")
	}
	if r.Method == http.MethodPost {
		// Before the request takes a place among the others: its client may be slow.
		if err := readBody(r); err != nil {
			return nil, err
		}
	}
	if e.search {
		select {
		case h.searches <- struct{}{}:
			defer func() { <-h.searches }()
		default:
			return nil, fail(http.StatusTooManyRequests, "%d requests are being answered already: wait a second", maxSearches)
		}
	}
	ctx, cancel := context.WithTimeout(r.Context(), searchTimeout)
	defer cancel()
	defer panics.Catch(&err) // of a rule, or of a function of Options
	return e.serve(ctx, h, r)
}

// secure sets the fields that every answer has. Nothing is cached, framed, or loaded from
// elsewhere, and no script runs.
func secure(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin") // a browser tells its own site where a form was
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("X-Robots-Tag", "noindex")
}

// refuse answers with an error: a form gets the page with it, other clients JSON.
func (h *handler) refuse(w http.ResponseWriter, r *http.Request, err error) {
	code := http.StatusInternalServerError
	var f *failure
	if errors.As(err, &f) {
		code = f.code
	}
	switch code {
	case http.StatusTooManyRequests:
		w.Header().Set("Retry-After", "1")
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", "GET, HEAD, POST")
	}
	kind, content := "application/json", []byte(nil)
	if isForm(r) || wantsPage(r) {
		kind, content = "text/html; charset=utf-8", errorPage(code, err)
	} else {
		content, _ = json.Marshal(map[string]string{"error": redact(err.Error())})
		content = append(content, '\n')
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	w.WriteHeader(code)
	if r.Method != http.MethodHead {
		_, _ = w.Write(content)
	}
}

// isForm reports whether a request was sent by a form of the page.
func isForm(r *http.Request) bool {
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	return strings.TrimSpace(strings.ToLower(kind)) == "application/x-www-form-urlencoded"
}

// wantsPage reports whether a browser asks for a document.
func wantsPage(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/html")
}

// decode reads one JSON value, with the fields of to and no others.
func decode(r *http.Request, to any) error {
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(kind), "application/json") {
		return fail(http.StatusUnsupportedMediaType, "the Content-Type is %q: want application/json", kind)
	}
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return fail(http.StatusBadRequest, "%w", err)
	}
	if d.More() {
		return fail(http.StatusBadRequest, "there is more than one JSON value")
	}
	return nil
}

// readBody reads the body of a request into memory. It may not be large.
func readBody(r *http.Request) error {
	var b bytes.Buffer
	if _, err := b.ReadFrom(http.MaxBytesReader(nil, r.Body, maxBody)); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return fail(http.StatusRequestEntityTooLarge, "the request has more than %d bytes", maxBody)
		}
		return fail(http.StatusBadRequest, "%w", err)
	}
	r.Body = io.NopCloser(&b)
	return nil
}
