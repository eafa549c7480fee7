// Package httpdate reads the dates of HTTP fields, such as Expires and
// Last-Modified, in the three formats of RFC 9110 §5.6.7 and no other, but in
// any case, as RFC 9111 §4.2 asks of caches.
//
// A cache needs the strictness: an Expires that is not a date means "stale
// already" (RFC 9111 §5.3), and [net/http.ParseTime] also takes hours of one
// digit, fractions of a second, more spaces than one and zones other than GMT.
// Where a date only has to be understood, use that.
//
//	expires, ok := httpdate.Parse(header.Get("Expires"))
package httpdate

import (
	"strings"
	"time"
)

// Parse is [ParseAt] at the present time.
func Parse(s string) (time.Time, bool) { return ParseAt(s, time.Now()) }

// ParseAt returns the time that s means, in UTC, and whether s is an HTTP-date
// as the grammar of RFC 9110 §5.6.7 has it, spaces included, that exists in the
// calendar. It does not allocate.
//
// The name of the day has to be one, but not that of the date: nothing is
// decided by it, and senders get it wrong. The second 60 is for leap seconds,
// which only come at 23:59; it is taken for the second after it.
//
// Of the years that the two digits of an rfc850-date may mean, ParseAt takes
// the last that makes it one of the calendar, no more than 50 years after now.
func ParseAt(s string, now time.Time) (time.Time, bool) {
	switch len(s) {
	case len("Sun, 06 Nov 1994 08:49:37 GMT"):
		return parseFixdate(s)
	case len("Sun Nov  6 08:49:37 1994"):
		return parseASCTime(s)
	}
	return parseRFC850(s, now)
}

// parseFixdate parses an IMF-fixdate of the right length.
func parseFixdate(s string) (time.Time, bool) {
	if shortDay(s[:3]) && s[3:5] == ", " && s[7] == ' ' && s[11] == ' ' && s[16] == ' ' && s[25] == ' ' && fold(s[26:], "GMT") {
		return date(number(s[12:16]), month(s[8:11]), number(s[5:7]), s[17:25])
	}
	return time.Time{}, false
}

// parseASCTime parses an asctime-date of the right length. Its day is of two
// digits, or a space and a digit.
func parseASCTime(s string) (time.Time, bool) {
	day := s[8:10]
	if day[0] == ' ' {
		day = day[1:]
	}
	if shortDay(s[:3]) && s[3] == ' ' && s[7] == ' ' && s[10] == ' ' && s[19] == ' ' {
		return date(number(s[20:]), month(s[4:7]), number(day), s[11:19])
	}
	return time.Time{}, false
}

// parseRFC850 parses an rfc850-date.
func parseRFC850(s string, now time.Time) (time.Time, bool) {
	name, s, _ := strings.Cut(s, ", ")
	if !longDay(name) || len(s) != len("06-Nov-94 08:49:37 GMT") ||
		s[2] != '-' || s[6] != '-' || s[9] != ' ' || s[18] != ' ' || !fold(s[19:], "GMT") {
		return time.Time{}, false
	}
	m, day, yy := month(s[3:6]), number(s[:2]), number(s[7:9])
	if yy < 0 {
		return time.Time{}, false
	}
	limit := now.UTC().AddDate(50, 0, 0)
	year := limit.Year() - (limit.Year()-yy)%100
	t, ok := date(year, m, day, s[10:18])
	if !ok || t.After(limit) {
		// RFC 9110 §5.6.7: what appears to be more than 50 years in the future
		// is of the most recent year in the past with the same digits.
		t, ok = date(year-100, m, day, s[10:18])
	}
	return t, ok
}
