package pagecache

import (
	"net/http"
	"runtime"
)

// hidesError reports whether a handler has failed half way behind http.TimeoutHandler,
// which holds everything back:
//
//  1. the handler writes half of a page, and TimeoutHandler keeps status 200
//  2. a template fails, and the handler calls http.Error
//  3. TimeoutHandler drops the second status, but not the fields of http.Error
//  4. the recorder is given a 200 with them, half of a page and the error's text
//
// A whole text with these fields is not stored there either. Elsewhere the fields say
// nothing: middleware may set them.
func (rec *recorder) hidesError() bool {
	h := rec.header
	return rec.status < 400 && isErrorHeader(h) && !same(h[contentType], rec.outer[contentType]) &&
		!same(h[sniff], rec.outer[sniff]) && len(h["Content-Length"]) == 0 && calledBy("net/http.(*timeoutHandler).ServeHTTP")
}

// calledBy reports whether a function is on the stack, at most 16 frames away.
func calledBy(function string) bool {
	var room [16]uintptr
	frames := runtime.CallersFrames(room[:runtime.Callers(3, room[:])])
	for {
		f, more := frames.Next()
		if f.Function == function {
			return true
		}
		if !more {
			return false
		}
	}
}

// secondStatus is told of a status that comes too late. If it differs, the handler met an
// error half way: a template that failed, a panic that was recovered inside the cache.
// The same status again is mostly a habit. But http.Error changes the header too.
func (rec *recorder) secondStatus(code int) {
	if code != rec.status || rec.looksLikeError() {
		rec.giveUp()
	}
}

// looksLikeError reports whether the handler has put what http.Error does into the header,
// after it gave the header.
func (rec *recorder) looksLikeError() bool {
	h := rec.w.Header()
	return isErrorHeader(h) && !same(h[contentType], rec.header[contentType]) && !same(h[sniff], rec.header[sniff])
}

const contentType, sniff = "Content-Type", "X-Content-Type-Options"

// isErrorHeader reports whether h has the fields that http.Error sets.
func isErrorHeader(h http.Header) bool {
	return h.Get(contentType) == "text/plain; charset=utf-8" && h.Get(sniff) == "nosniff"
}

// giveUp notes that the response is not whole. The visitor gets what a handler without a
// cache would have sent.
func (rec *recorder) giveUp() {
	rec.gaveUp = true
	rec.drop(reasonIncomplete)
}

// complete reports whether the handler gave a whole response. One that was cut short must
// not be stored as if it were whole (RFC 9111 §3.3).
func (rec *recorder) complete() bool {
	if rec.gaveUp || rec.failed || rec.remarks.sought.Load() || rec.req.Context().Err() != nil {
		return false
	}
	for name := range rec.w.Header() {
		if hasTrailerPrefix(name) {
			return false
		}
	}
	return len(rec.header["Content-Length"]) == 0 || rec.length == int64(len(rec.body))
}

// catchAbort recovers from http.ErrAbortHandler, if nothing of the response was sent. That
// is how a proxy gives up when its origin drops the connection:
//
//	there is a stored response to serve      the handler has answered with an error
//	a part of the response is held back      it is sent, and the panic goes on
//
// The second is what happens without a cache: half of a download can be resumed. What a
// handler wrote before any other panic is not sent. Middleware outside the cache that
// recovers can then answer with an error, as it could not after half of a page.
func (rec *recorder) catchAbort() {
	if rec.released || rec.hijacked || rec.raw {
		return
	}
	p := recover()
	switch {
	case p == nil:
	case p == http.ErrAbortHandler && rec.fallback != nil:
		rec.wrote, rec.replaced, rec.status = true, true, http.StatusBadGateway
	case p == http.ErrAbortHandler && rec.wrote && !rec.replaced:
		rec.recording, rec.policy.Reason = false, reasonIncomplete
		rec.release()
		panic(p)
	default:
		panic(p)
	}
}
