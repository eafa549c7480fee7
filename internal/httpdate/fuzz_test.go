package httpdate_test

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/uncache/uncache/internal/httpdate"
)

// The grammar of RFC 9110 §5.6.7, with the ranges of its comments, in any case.
var grammar = regexp.MustCompile(`(?i)^(?:` + strings.Join([]string{
	day + `, (?P<d>[0-9]{2}) ` + month + ` (?P<y>[0-9]{4}) ` + clock + ` GMT`,
	longDay + `, (?P<d>[0-9]{2})-` + month + `-(?P<yy>[0-9]{2}) ` + clock + ` GMT`,
	day + ` ` + month + ` (?P<d>[0-9]{2}| [0-9]) ` + clock + ` (?P<y>[0-9]{4})`,
}, "|") + `)$`)

const (
	day     = `(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)`
	longDay = `(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)`
	month   = `(?P<m>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)`
	clock   = `(?P<t>(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]|23:59:60)`
)

// match returns the parts of a date that are named in the grammar, or nil.
func match(s string) map[string]string {
	m := grammar.FindStringSubmatch(s)
	if m == nil || strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII }) { // (?i) folds others, too
		return nil
	}
	parts := make(map[string]string)
	for i, name := range grammar.SubexpNames() {
		if name != "" && m[i] != "" {
			parts[name] = strings.TrimSpace(m[i])
		}
	}
	return parts
}

// exists reports whether time.Parse knows the date of the parts in some year.
func exists(parts map[string]string, years ...int) bool {
	for _, y := range years {
		if _, err := time.Parse("2 Jan 2006", parts["d"]+" "+parts["m"]+" "+pad4(y)); err == nil {
			return true
		}
	}
	return false
}

func pad4(n int) string {
	s := strconv.Itoa(n)
	return strings.Repeat("0", max(0, 4-len(s))) + s
}

func FuzzParseAt(f *testing.F) {
	for _, in := range []string{
		"Sun, 06 Nov 1994 08:49:37 GMT",
		"Sunday, 06-Nov-94 08:49:37 GMT",
		"Sun Nov  6 08:49:37 1994",
		"Sun Nov 06 08:49:37 1994",
		"Sat, 31 Dec 2016 23:59:60 GMT",
		"Tuesday, 29-Feb-00 00:00:00 GMT",
		"Wednesday, 09-Nov-76 23:59:59 GMT",
		"Fri, 31 Dec 9999 23:59:60 GMT",
		"sun, 06 nov 1994 8:49:37.5 GMT",
		"Monday, ",
		"0",
	} {
		f.Add(in, now.Unix())
		f.Add(in, now.AddDate(74, 0, 0).Unix())
	}
	f.Fuzz(func(t *testing.T, s string, unix int64) {
		// Any second of the years 1900 to 9899.
		first, last := time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9900, 1, 1, 0, 0, 0, 0, time.UTC)
		span := last.Unix() - first.Unix()
		at := time.Unix(first.Unix()+(unix%span+span)%span, 0)

		got, ok := httpdate.ParseAt(s, at)
		parts := match(s)
		var want bool
		switch yy, _ := strconv.Atoi(parts["yy"]); {
		case parts == nil:
		case parts["yy"] != "":
			century := at.Year() / 100 * 100
			want = exists(parts, century-100+yy, century+yy, century+100+yy)
		default:
			y, _ := strconv.Atoi(parts["y"])
			want = exists(parts, y)
		}
		if ok && !want {
			t.Fatalf("ParseAt(%q) at %v = %v; the grammar or the calendar refuses it", s, at, got)
		}
		if !ok {
			// A 29 February may be of a century that is out of reach.
			if want && !(parts["yy"] == "00" && strings.EqualFold(parts["m"], "Feb") && parts["d"] == "29") {
				t.Fatalf("ParseAt(%q) at %v: none, want a date: %q", s, at, parts)
			}
			return
		}

		if parts["t"] == "23:59:60" {
			// net/http refuses leap seconds. Ours is the second after 23:59:59.
			s = strings.Replace(s, "23:59:60", "23:59:59", 1)
			before, ok := httpdate.ParseAt(s, at)
			if years := got.Add(-time.Second).Year() - before.Year(); !ok || years != 0 && (years != -100 || parts["yy"] == "") {
				t.Fatalf("the second before %v is %v, %v", got, before, ok)
			}
			got = before
		}
		if strings.EqualFold(s[len(s)-3:], "GMT") {
			s = s[:len(s)-3] + "GMT" // net/http knows names in any case, but not zones
		}
		std, err := http.ParseTime(s)
		if err != nil {
			t.Fatalf("ParseAt(%q) = %v, http.ParseTime: %v", s, got, err)
		}
		if parts["yy"] != "" {
			// net/http takes 69 to 99 for 1969 to 1999, whenever it is asked.
			limit := at.UTC().AddDate(50, 0, 0)
			if got.After(limit) || got.Year()%100 != std.Year()%100 {
				t.Fatalf("ParseAt(%q) at %v = %v, http.ParseTime: %v", s, at, got, std)
			}
			if next := got.AddDate(100, 0, 0); next.Day() == got.Day() && !next.After(limit) {
				t.Fatalf("ParseAt(%q) at %v = %v; %v is in reach", s, at, got, next)
			}
			std = std.AddDate(got.Year()-std.Year(), 0, 0)
		}
		if !got.Equal(std) {
			t.Fatalf("ParseAt(%q) = %v, http.ParseTime: %v", s, got, std)
		}
	})
}

// Every date that differs in one byte from a good one is judged as the grammar
// judges it. FuzzParseAt may get there, this does.
func TestOneByteOff(t *testing.T) {
	for _, good := range []string{
		"Sun, 06 Nov 1994 08:49:37 GMT",
		"Sunday, 06-Nov-94 08:49:37 GMT",
		"Sun Nov  6 08:49:37 1994",
	} {
		for i := range len(good) {
			for c := range 256 {
				s := good[:i] + string([]byte{byte(c)}) + good[i+1:]
				parts := match(s)
				_, ok := httpdate.ParseAt(s, now)
				want := parts != nil && exists(parts, 1994)
				if ok != want {
					t.Errorf("ParseAt(%q) = %v, want %v", s, ok, want)
				}
			}
			for _, s := range []string{good[:i], good[i:], good[:i] + good[i+1:], good[:i] + " " + good[i:]} {
				if _, ok := httpdate.ParseAt(s, now); ok != (match(s) != nil) {
					t.Errorf("ParseAt(%q) = %v, want %v", s, ok, !ok)
				}
			}
		}
	}
}
