package httpdate_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/uncache/uncache/internal/httpdate"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// utc returns the time that s means in RFC 3339.
func utc(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// RFC 9110 §5.6.7.
func TestAccepted(t *testing.T) {
	for _, tt := range []struct{ rule, in, want string }{
		{"IMF-fixdate, the example", "Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z"},
		{"rfc850-date, the example", "Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37Z"},
		{"asctime-date, the example", "Sun Nov  6 08:49:37 1994", "1994-11-06T08:49:37Z"},

		{"date3 = month SP 2DIGIT", "Wed Nov 16 08:49:37 1994", "1994-11-16T08:49:37Z"},
		{"date3 = month SP 2DIGIT, of which the first may be 0", "Sun Nov 06 08:49:37 1994", "1994-11-06T08:49:37Z"},

		{"RFC 9111 §4.2: lower case", "sun, 06 nov 1994 08:49:37 gmt", "1994-11-06T08:49:37Z"},
		{"RFC 9111 §4.2: upper case", "SUNDAY, 06-NOV-94 08:49:37 GMT", "1994-11-06T08:49:37Z"},
		{"RFC 9111 §4.2: any case", "sUN nOV  6 08:49:37 1994", "1994-11-06T08:49:37Z"},

		{"month", "Sat, 01 Jan 1994 00:00:00 GMT", "1994-01-01T00:00:00Z"},
		{"month", "Tue, 01 Feb 1994 00:00:00 GMT", "1994-02-01T00:00:00Z"},
		{"month", "Tue, 01 Mar 1994 00:00:00 GMT", "1994-03-01T00:00:00Z"},
		{"month", "Fri, 01 Apr 1994 00:00:00 GMT", "1994-04-01T00:00:00Z"},
		{"month", "Sun, 01 May 1994 00:00:00 GMT", "1994-05-01T00:00:00Z"},
		{"month", "Wed, 01 Jun 1994 00:00:00 GMT", "1994-06-01T00:00:00Z"},
		{"month", "Fri, 01 Jul 1994 00:00:00 GMT", "1994-07-01T00:00:00Z"},
		{"month", "Mon, 01 Aug 1994 00:00:00 GMT", "1994-08-01T00:00:00Z"},
		{"month", "Thu, 01 Sep 1994 00:00:00 GMT", "1994-09-01T00:00:00Z"},
		{"month", "Sat, 01 Oct 1994 00:00:00 GMT", "1994-10-01T00:00:00Z"},
		{"month", "Tue, 01 Nov 1994 00:00:00 GMT", "1994-11-01T00:00:00Z"},
		{"month", "Thu, 01 Dec 1994 00:00:00 GMT", "1994-12-01T00:00:00Z"},

		{"day-name-l", "Monday, 07-Nov-94 08:49:37 GMT", "1994-11-07T08:49:37Z"},
		{"day-name-l", "Tuesday, 08-Nov-94 08:49:37 GMT", "1994-11-08T08:49:37Z"},
		{"day-name-l", "Wednesday, 09-Nov-94 08:49:37 GMT", "1994-11-09T08:49:37Z"},
		{"day-name-l", "Thursday, 10-Nov-94 08:49:37 GMT", "1994-11-10T08:49:37Z"},
		{"day-name-l", "Friday, 11-Nov-94 08:49:37 GMT", "1994-11-11T08:49:37Z"},
		{"day-name-l", "Saturday, 12-Nov-94 08:49:37 GMT", "1994-11-12T08:49:37Z"},

		{"the name of another day", "Mon, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z"},
		{"the name of another day", "Monday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37Z"},
		{"the name of another day", "Mon Nov  6 08:49:37 1994", "1994-11-06T08:49:37Z"},

		{"a leap day", "Tue, 29 Feb 2000 00:00:00 GMT", "2000-02-29T00:00:00Z"},
		{"the last second of a day", "Sun, 06 Nov 1994 23:59:59 GMT", "1994-11-06T23:59:59Z"},
		{"a leap second", "Sat, 31 Dec 2016 23:59:60 GMT", "2017-01-01T00:00:00Z"},
		{"a leap second", "Saturday, 31-Dec-16 23:59:60 GMT", "2017-01-01T00:00:00Z"},
		{"a leap second", "Sat Dec 31 23:59:60 2016", "2017-01-01T00:00:00Z"},
		{"year = 4DIGIT", "Sat, 01 Jan 0000 00:00:00 GMT", "0000-01-01T00:00:00Z"},
		{"year = 4DIGIT", "Fri, 31 Dec 9999 23:59:59 GMT", "9999-12-31T23:59:59Z"},
	} {
		got, ok := httpdate.ParseAt(tt.in, now)
		if want := utc(t, tt.want); !ok || !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("%s: ParseAt(%q) = %v, %v, want %v", tt.rule, tt.in, got, ok, want)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, tt := range []struct{ rule, in string }{
		{"nothing", ""},
		{"what people write for stale", "0"},
		{"what people write for stale", "-1"},
		{"no name of a day", "Xyz, 06 Nov 1994 08:49:37 GMT"},
		{"no name of a day", "Xyzday, 06-Nov-94 08:49:37 GMT"},
		{"no name of a day", "Xyz Nov  6 08:49:37 1994"},
		{"a long name where a short one belongs", "Sunday, 06 Nov 1994 08:49:37 GMT"},
		{"a short name where a long one belongs", "Sun, 06-Nov-94 08:49:37 GMT"},
		{"no name of a month", "Sun, 06 Xyz 1994 08:49:37 GMT"},
		{"letters of two months", "Sun, 06 anF 1994 08:49:37 GMT"},
		{"a month as a number", "Sun, 06 011 1994 08:49:37 GMT"},
		{"four digits of year in an rfc850-date", "Sunday, 06-Nov-1994 08:49:37 GMT"},
		{"dashes in an IMF-fixdate", "Sun, 06-Nov-1994 08:49:37 GMT"},
		{"two digits of year in an IMF-fixdate", "Sun, 06 Nov 94 08:49:37 GMT"},
		{"letters beyond ASCII that fold", "\u017funday, 06-Nov-94 08:49:37 GMT"},
		{"another zone", "Sun, 06 Nov 1994 08:49:37 UTC"},
		{"another zone", "Sun, 06 Nov 1994 08:49:37 +0000"},
		{"no zone", "Sun, 06 Nov 1994 08:49:37"},
		{"a zone in an asctime-date", "Sun Nov  6 08:49:37 1994 GMT"},
		{"a space before", " Sun, 06 Nov 1994 08:49:37 GMT"},
		{"a space behind", "Sun, 06 Nov 1994 08:49:37 GMT "},
		{"two dates", "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT"},
		{"a tab for a space", "Sun,\t06 Nov 1994 08:49:37 GMT"},
		{"a day of one digit", "Sun, 6 Nov 1994 08:49:37 GMT"},
		{"a day of one digit", "Sunday, 6-Nov-94 08:49:37 GMT"},
		{"a day padded with a space", "Sun,  6 Nov 1994 08:49:37 GMT"},
		{"a day of two spaces", "Sun Nov    08:49:37 1994"},
		{"a sign", "Sun, 06 Nov +994 08:49:37 GMT"},
		{"a sign", "Sun, +6 Nov 1994 08:49:37 GMT"},
		{"a sign", "Sun, 06 Nov 1994 -8:49:37 GMT"},
		{"digits that are not ASCII", "Sun, 06 Nov 19\u066908:49:37 GMT"},

		{"hour 24", "Sun, 06 Nov 1994 24:00:00 GMT"},
		{"minute 60", "Sun, 06 Nov 1994 08:60:00 GMT"},
		{"second 61", "Sun, 06 Nov 1994 23:59:61 GMT"},
		{"a leap second in another minute", "Sun, 06 Nov 1994 23:58:60 GMT"},
		{"a leap second in another hour", "Sun, 06 Nov 1994 22:59:60 GMT"},
		{"day 0", "Sun, 00 Nov 1994 08:49:37 GMT"},
		{"day 0", "Sun Nov  0 08:49:37 1994"},
		{"day 31 of a month of 30", "Sun, 31 Nov 1994 08:49:37 GMT"},
		{"29 February of a common year", "Tue, 29 Feb 1900 00:00:00 GMT"},
		{"29 February of a common year", "Tuesday, 29-Feb-23 00:00:00 GMT"},
	} {
		if got, ok := httpdate.ParseAt(tt.in, now); ok || !got.IsZero() {
			t.Errorf("%s: ParseAt(%q) = %v, %v, want the zero time and false", tt.rule, tt.in, got, ok)
		}
	}
}

// What this package is for. When net/http refuses these too, it may go.
func TestStricterThanNetHTTP(t *testing.T) {
	for _, tt := range []struct{ rule, in string }{
		{"an hour of one digit", "Sun, 06 Nov 1994 8:49:37 GMT"},
		{"fractions of a second", "Sun, 06 Nov 1994 08:49:37.5 GMT"},
		{"two spaces", "Sun,  06 Nov 1994 08:49:37 GMT"},
		{"another zone", "Sunday, 06-Nov-94 08:49:37 PST"},
		{"an offset", "Sunday, 06-Nov-94 08:49:37 GMT+3"},
		{"a day of one digit without its space", "Sun Nov 6 08:49:37 1994"},
	} {
		if _, err := http.ParseTime(tt.in); err != nil {
			t.Errorf("%s: http.ParseTime(%q): %v, want that it forgives", tt.rule, tt.in, err)
		}
		if got, ok := httpdate.ParseAt(tt.in, now); ok {
			t.Errorf("%s: ParseAt(%q) = %v, want none", tt.rule, tt.in, got)
		}
	}
}

// RFC 9110 §5.6.7: "more than 50 years in the future".
func TestCenturyOfTwoDigits(t *testing.T) {
	for _, tt := range []struct{ now, in, want string }{
		{"2026-11-22T12:00:00Z", "Sunday, 22-Nov-26 12:00:00 GMT", "2026-11-22T12:00:00Z"},
		{"2026-11-22T12:00:00Z", "Sunday, 22-Nov-76 12:00:00 GMT", "2076-11-22T12:00:00Z"},
		{"2026-11-22T12:00:00Z", "Monday, 22-Nov-76 12:00:01 GMT", "1976-11-22T12:00:01Z"},
		{"2026-11-22T12:00:00Z", "Tuesday, 01-Jan-77 00:00:00 GMT", "1977-01-01T00:00:00Z"},
		{"2026-11-22T12:00:00Z", "Saturday, 01-Jan-00 00:00:00 GMT", "2000-01-01T00:00:00Z"},
		{"2026-11-22T12:00:00Z", "Friday, 31-Dec-99 23:59:59 GMT", "1999-12-31T23:59:59Z"},
		// The turn of a century, which no rule about two digits alone survives.
		{"1999-12-31T00:00:00Z", "Saturday, 01-Jan-00 00:00:00 GMT", "2000-01-01T00:00:00Z"},
		{"2099-12-31T00:00:00Z", "Friday, 01-Jan-00 00:00:00 GMT", "2100-01-01T00:00:00Z"},
		{"2100-01-01T00:00:00Z", "Thursday, 31-Dec-99 00:00:00 GMT", "2099-12-31T00:00:00Z"},
		// now in another zone: it is 2027 there, but the same instant.
		{"2027-01-01T01:00:00+02:00", "Friday, 31-Dec-76 23:00:00 GMT", "2076-12-31T23:00:00Z"},
		{"2027-01-01T01:00:00+02:00", "Friday, 31-Dec-76 23:00:01 GMT", "1976-12-31T23:00:01Z"},
		// 2100 has no 29 February.
		{"2060-01-01T00:00:00Z", "Tuesday, 29-Feb-00 00:00:00 GMT", "2000-02-29T00:00:00Z"},
	} {
		got, ok := httpdate.ParseAt(tt.in, utc(t, tt.now))
		if want := utc(t, tt.want); !ok || !got.Equal(want) {
			t.Errorf("ParseAt(%q) at %s = %v, %v, want %v", tt.in, tt.now, got, ok, want)
		}
	}
}

func TestDoesNotAllocate(t *testing.T) {
	for _, in := range []string{
		"Sun, 06 Nov 1994 08:49:37 GMT",
		"Sunday, 06-Nov-94 08:49:37 GMT",
		"Sun Nov  6 08:49:37 1994",
		"Thu, 01 Jan 1970 00:00:00 UTC",
		"0",
	} {
		if n := testing.AllocsPerRun(100, func() { httpdate.Parse(in) }); n != 0 {
			t.Errorf("Parse(%q) allocates %v times, want 0", in, n)
		}
	}
}

// What senders write, for two centuries.
func TestEveryDay(t *testing.T) {
	for at := utc(t, "1899-12-25T00:00:00Z"); at.Year() < 2110; at = at.Add(23*time.Hour + 59*time.Minute + 57*time.Second) {
		for _, layout := range []string{http.TimeFormat, "Monday, 02-Jan-06 15:04:05 GMT", time.ANSIC} {
			in := at.Format(layout)
			if got, ok := httpdate.ParseAt(in, at); !ok || !got.Equal(at) {
				t.Fatalf("ParseAt(%q) = %v, %v, want %v", in, got, ok, at)
			}
		}
	}
}
