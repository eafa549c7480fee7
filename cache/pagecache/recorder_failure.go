package pagecache

import (
	"net/http"
	"runtime"
)

// hidesError reports whether a handler has failed half way behind http.TimeoutHandler,
// which holds everything back:
//
//  1. the handler writes half of a page, and TimeoutHandler keeps status 200
//  2. a template fails, and the handler says http.Error
//  3. TimeoutHandler drops the second status, but not the fields of http.Error
//  4. the recorder is given a 200 with them, half of a page and the error's text
//
// A text that is whole and has these fields is not stored there either. Elsewhere
// they say nothing: middleware may set them.
func (rec *recorder) hidesError() bool {
	h := rec.header
	return rec.status < 400 && isErrorHeader(h) && !same(h[contentType], rec.before[contentType]) &&
		!same(h[sniff], rec.before[sniff]) && len(h["Content-Length"]) == 0 && calledBy("net/http.(*timeoutHandler).ServeHTTP")
}

// calledBy reports whether a function is on the stack, not far away.
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

// secondStatus is told of a status that comes too late. One that differs says that
// the handler met an error half way: a template that failed, a panic that was
// recovered inside of the cache. The same status again is mostly a habit, unless
// http.Error gives it, which changes the header too.
func (rec *recorder) secondStatus(code int) {
	if code != rec.status || rec.looksLikeError() {
		rec.giveUp()
	}
}

// looksLikeError reports whether the handler has put into the header what
// http.Error does, after it gave the header.
func (rec *recorder) looksLikeError() bool {
	h := rec.w.Header()
	return isErrorHeader(h) && !same(h[contentType], rec.header[contentType]) && !same(h[sniff], rec.header[sniff])
}

const contentType, sniff = "Content-Type", "X-Content-Type-Options"

// isErrorHeader reports whether h has the fields that http.Error sets.
func isErrorHeader(h http.Header) bool {
	return h.Get(contentType) == "text/plain; charset=utf-8" && h.Get(sniff) == "nosniff"
}

// giveUp notes that the handler has shown that its response is not whole. The
// visitor gets what a handler without a cache would have sent.
func (rec *recorder) giveUp() {
	rec.gaveUp = true
	rec.drop(reasonIncomplete)
}

// complete reports whether the handler gave a whole response. What was cut
// short must not be stored as if it were one (RFC 9111 §3.3).
func (rec *recorder) complete() bool {
	if rec.gaveUp || rec.failed || rec.page.sought.Load() || rec.req.Context().Err() != nil {
		return false
	}
	for name := range rec.w.Header() {
		if hasTrailerPrefix(name) {
			return false
		}
	}
	return len(rec.header["Content-Length"]) == 0 || rec.length == int64(len(rec.body))
}

// catchAbort takes a handler that gave up with http.ErrAbortHandler, such as a
// proxy whose connection was dropped, for one that answered with an error, if
// there is something to serve instead and nobody has seen anything of its
// response. Otherwise what was held back of that is sent before the connection
// is closed, as it would have been without a cache: half of a download is half
// of a download, and can be resumed.
//
// What a handler wrote before any other panic is not sent. Whoever recovers
// around the cache can answer with an error, which he could not if half of a
// page had been sent as a success.
func (rec *recorder) catchAbort() {
	if rec.released || rec.hijacked || rec.raw {
		return
	}
	p := recover()
	switch {
	case p == nil:
	case p == http.ErrAbortHandler && rec.spare != nil:
		rec.wrote, rec.muted, rec.status = true, true, http.StatusBadGateway
	case p == http.ErrAbortHandler && rec.wrote && !rec.muted:
		rec.recording, rec.policy.Reason = false, reasonIncomplete
		rec.release()
		panic(p)
	default:
		panic(p)
	}
}
