package pagecache

import (
	"maps"
	"net/http"
	"strings"

	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
	"github.com/uncache/uncache/internal/httpdate"
)

// Middleware outside the cache may write into the header as late as WriteHeader: a
// session library sets its cookie there. So a response that may be stored goes in this
// order:
//
//  1. the header is sent, with what middleware adds to it
//  2. the header is looked at again: is the page still one for everybody?
//  3. the response is stored, and given to the requests that wait for it
//  4. the body is sent, as slowly as the client reads it
//
// Middleware that holds the header back itself hides what is added outside of it. A
// compressor does so, which waits for the first bytes of the body. So a session library
// belongs between the compressor and the cache.

// release sends the header, and what was held back of the body.
func (rec *recorder) release() {
	if rec.sendHeader() {
		rec.sendBody()
	}
}

// sendHeader sends the header, unless it was sent before, and looks at it again.
func (rec *recorder) sendHeader() bool {
	if rec.released {
		return false
	}
	if rec.changed != nil {
		rec.changed()
	}
	rec.released = true
	rec.restoreHeader()
	h := rec.w.Header()
	if rec.policy.Words != "" {
		h["Cache-Control"] = addWords(h["Cache-Control"], rec.policy.Words)
	}
	rec.say(h)
	rec.sent = maps.Clone(h)
	rec.w.WriteHeader(rec.status)
	if rec.recording {
		pol, header := rec.lookAgain(rec.policy, rec.status, rec.policyHeader, rec.sent)
		if pol.Reason != storable {
			rec.drop(pol.Reason)
		}
		rec.policy, rec.policyHeader = pol, header
	}
	return true
}

// say puts Cache-Status into the header of a response that is sent as the handler gave it.
func (rec *recorder) say(h http.Header) {
	if rec.raw { // it was said before
		return
	}
	if !rec.recording && rec.policy.Reason != storable {
		rec.cacheStatus.detail = string(rec.policy.Reason)
		if query := rec.req.URL.RawQuery; rec.c.keys.Query(query) != query {
			rec.cacheStatus.detail += queryCut
		}
	}
	rec.cacheStatus.add(h, rec.c.name)
}

// sendBody sends what was held back of the body.
func (rec *recorder) sendBody() {
	if len(rec.body) > 0 {
		_, _ = rec.pass(rec.body) // which notes an error in failed
	}
}

// An afterHeader calls then between the final header and the body. sent is the header as
// it was handed on.
type afterHeader struct {
	http.ResponseWriter
	then func(sent http.Header)
}

func (w *afterHeader) WriteHeader(code int) {
	sent := maps.Clone(w.Header())
	w.ResponseWriter.WriteHeader(code)
	if then := w.then; isFinal(code) && then != nil {
		w.then = nil
		then(sent)
	}
}

// undo takes back what the handler did to the header.
func (rec *recorder) undo() {
	rec.released = true
	h := rec.w.Header()
	clear(h)
	maps.Copy(h, rec.outer)
}

// restoreHeader undoes what the handler did to the header after WriteHeader. net/http
// would not have seen it. Trailers are an exception: they are set then.
func (rec *recorder) restoreHeader() {
	h := rec.w.Header()
	for name := range h {
		if _, ok := rec.header[name]; !ok && !hasTrailerPrefix(name) {
			delete(h, name)
		}
	}
	for name, values := range rec.header {
		if !hasTrailerPrefix(name) {
			h[name] = values
		}
	}
}

func hasTrailerPrefix(name string) bool { return strings.HasPrefix(name, http.TrailerPrefix) }

// mayShorten reports whether a response that will not be stored may become a 304 once it
// is complete: the fill took the visitor's conditions away from the handler.
func (rec *recorder) mayShorten() bool {
	return rec.status == http.StatusOK && !rec.gaveUp && rfc9111.HasConditions(rec.req.Header) && len(rec.header["Trailer"]) == 0 &&
		(len(rec.header["Etag"]) > 0 || len(rec.header["Last-Modified"]) > 0)
}

func (rec *recorder) concludeUnstored() {
	if rec.mayShorten() {
		changed, _ := httpdate.ParseAt(rec.header.Get("Last-Modified"), rec.given)
		if rfc9111.NotModified(rec.req.Header, rec.header.Get("Etag"), changed, rec.given) {
			rec.status = http.StatusNotModified
			rec.body = nil
			delete(rec.header, "Content-Length")
			delete(rec.header, "Content-Type")
		}
	}
	rec.release()
}
