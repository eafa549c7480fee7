package rfc9111

import (
	"net/http"
	"time"

	"github.com/uncache/uncache/internal/httpdate"
)

// hasValidator reports whether a response says what it may be validated by (RFC 9111
// §4.3.1).
func hasValidator(status int, h http.Header) bool {
	return status == http.StatusOK && (len(h["Etag"]) == 1 || len(h["Last-Modified"]) == 1)
}

// validates reports whether the handler, which was asked at asked, can be asked again
// if its response is still what it was: by its entity tag, or by a date that Tells
// (RFC 9110 §8.8.2.2).
func validates(status int, h http.Header, asked, now time.Time) bool {
	switch {
	case status != http.StatusOK:
		return false
	case len(h["Etag"]) == 1 && h["Etag"][0] != "":
		return true
	case len(h["Last-Modified"]) != 1:
		return false
	}
	changed, ok := httpdate.ParseAt(h["Last-Modified"][0], now)
	return ok && Tells(changed, dateOf(h, now), asked)
}

// Tells reports whether a Last-Modified Tells a version from the next. RFC 9110
// §8.8.2.2: one that was made in the second in which it was changed may have been
// changed again in that second. It goes by the handler's clock and by ours.
func Tells(changed, given, asked time.Time) bool {
	return given.Sub(changed) >= time.Second && asked.Sub(changed) >= time.Second
}

// dateOf is when the response was made, by its own account if it has one.
func dateOf(h http.Header, now time.Time) time.Time {
	if len(h["Date"]) > 0 {
		if t, ok := httpdate.ParseAt(h["Date"][0], now); ok {
			return t
		}
	}
	return now
}
