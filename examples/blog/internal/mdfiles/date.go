package mdfiles

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// layouts are the forms in which dates are found in front matter, written by
// tools and by people. A date without a zone is in UTC.
var layouts = []string{
	time.RFC3339Nano,
	"2006-01-02T15:04:05.999999999Z0700",
	"2006-01-02T15:04Z07:00",
	"2006-1-2 15:4:5.999999999 -0700 MST",
	"2006-1-2 15:4:5.999999999 -0700",
	"2006-1-2 15:4:5.999999999 Z07:00",
	"2006-1-2 15:4:5.999999999Z07:00",
	"2006-1-2 15:4:5.999999999 MST",
	"2006-1-2T15:4:5.999999999",
	"2006-1-2 15:4:5.999999999",
	"2006-1-2 15:4 -0700",
	"2006-1-2T15:4",
	"2006-1-2 15:4",
	"2006-1-2",
	"2006/1/2 15:4:5 -0700",
	"2006/1/2 15:4:5",
	"2006/1/2 15:4",
	"2006/1/2",
	"2006.1.2",
	"20060102",
	"2006-1",
	"2.1.2006",
	time.RFC1123Z,
	time.RFC1123,
	time.RFC850,
	time.ANSIC,
	time.UnixDate,
	time.RubyDate,
	time.RFC822Z,
	time.RFC822,
	"Monday, January 2, 2006",
	"Mon, Jan 2, 2006",
	"Monday, 2 January 2006",
	"January 2, 2006",
	"January 2 2006",
	"Jan 2, 2006",
	"Jan 2 2006",
	"2 January 2006",
	"2 Jan 2006",
	"2-Jan-2006",
	"January 2006",
}

var ordinal = regexp.MustCompile(`(?i)\b(\d{1,2})(st|nd|rd|th)\b`)

// date understands a field's value, which a parser may have made a time of.
func date(value any) (time.Time, error) {
	switch v := value.(type) {
	case time.Time:
		// TOML's local dates and times have a zone of their own kind, which
		// stands for this machine's; the blog must not depend on the machine.
		if name := v.Location().String(); strings.HasSuffix(name, "-local") {
			v = time.Date(v.Year(), v.Month(), v.Day(), v.Hour(), v.Minute(), v.Second(), 0, time.UTC)
		}
		return plausible(v)
	case string:
		s := strings.Join(strings.Fields(v), " ")
		s = strings.TrimPrefix(ordinal.ReplaceAllString(s, "$1"), "on ")
		for _, layout := range layouts {
			if t, err := time.Parse(layout, s); err == nil {
				return plausible(t)
			}
		}
	case int:
		if v >= 19000101 && v <= 29991231 { // date: 20240102
			if t, err := time.Parse("20060102", fmt.Sprint(v)); err == nil {
				return plausible(t)
			}
		}
	case int64:
		return date(int(v))
	}
	return time.Time{}, fmt.Errorf("%q is no date in a form that is known here", fmt.Sprint(value))
}

// plausible refuses years that no feed can carry: RFC 3339 has four digits.
func plausible(t time.Time) (time.Time, error) {
	t = t.UTC().Truncate(time.Second)
	if t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}, fmt.Errorf("%v: the year is not within 1 and 9999", t)
	}
	return t, nil
}
