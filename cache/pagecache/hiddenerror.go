package pagecache

import "runtime"

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
