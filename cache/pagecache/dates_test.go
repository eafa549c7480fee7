package pagecache_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/cache/pagecache"
)

// Dates at the ends of the calendar are in the far future and the far past, and
// not the other way around.
func TestDatesAtTheEndsOfTheCalendar(t *testing.T) {
	const first, last = "Mon, 01 Jan 0001 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"
	for _, tt := range []struct {
		rule   string
		fields []string
		want   bool // a hit, a minute later
	}{
		{"Expires, last", []string{"Expires: " + last}, true},
		{"Expires, first", []string{"Expires: " + first}, false},
		{"Expires, last, by a clock that is there", []string{"Expires: " + last, "Date: " + last}, false},
		{"Date, first", []string{"Cache-Control: max-age=2147483648", "Date: " + first}, false},
		{"Date, last", []string{"Cache-Control: max-age=3600", "Date: " + last}, true},
		{"Last-Modified, first", []string{"Last-Modified: " + first}, true},
		{"all that is large", []string{"Cache-Control: max-age=9999999999999999999, stale-while-revalidate=9999999999999999999, stale-if-error=9999999999999999999"}, true},
		{"Age", []string{"Cache-Control: max-age=9999999999999999999", "Age: 9999999999999999999"}, false},
	} {
		for _, etag := range []string{"", `"v1"`} {
			t.Run(tt.rule+etag, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newSite(t, nil, &pagecache.Options{Proxy: &pagecache.Proxy{Heuristic: true}, StaleIfError: time.Minute}, func(w http.ResponseWriter, _ *http.Request) {
						for _, f := range tt.fields {
							name, value, _ := strings.Cut(f, ": ")
							w.Header().Set(name, value)
						}
						if etag != "" {
							w.Header().Set("ETag", etag)
						}
					})
					s.get("/")
					time.Sleep(time.Minute)
					got := s.get("/").Header.Get("Cache-Status")
					if strings.Contains(got, "hit") != tt.want {
						t.Errorf("%s: %q, want a hit: %v", tt.fields, got, tt.want)
					}
				})
			})
		}
	}
}
