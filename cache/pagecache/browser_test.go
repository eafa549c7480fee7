package pagecache_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/pagecache"
)

// browserCases are what a handler says, and what leaves in Cache-Control.
var browserCases = []struct{ say, want string }{
	{"", "no-cache"},
	{"Cache-Control: ", "no-cache"},
	{"Cache-Control:  , ", "no-cache"},
	{"Cache-Control: no-transform", "no-transform, no-cache"},
	{"Cache-Control: stale-while-revalidate=60", "stale-while-revalidate=60, no-cache"},
	{"Cache-Control: something=else", "something=else, no-cache"},
	{`Cache-Control: no-cache="Set-Cookie"`, `no-cache="Set-Cookie", no-cache`},
	{"Pragma: something", "no-cache"},
	{"Cdn-Cache-Control: max-age=600", "no-cache"},
	{"Surrogate-Control: max-age=600", "no-cache"},
	{"Cache-Control: public", "public, max-age=0, must-revalidate"},
	{"Cache-Control: s-maxage=60", "s-maxage=60, max-age=0, must-revalidate"},
	{"Cache-Control: Public, S-MaxAge=60", "Public, S-MaxAge=60, max-age=0, must-revalidate"},
	{"Cache-Control: max-age=60", "max-age=60"},
	{"Cache-Control: s-maxage=600, max-age=60", "s-maxage=600, max-age=60"},
	{"Cache-Control: public, max-age=60", "public, max-age=60"},
	{"Cache-Control: no-cache, s-maxage=60", "no-cache, s-maxage=60"},
	{"Cache-Control: must-revalidate", "must-revalidate"},
	{"Cache-Control: immutable", "immutable"},
	{"Expires: Thu, 01 Jan 2099 00:00:00 GMT", ""},
}

func saying(say string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if name, value, ok := strings.Cut(say, ": "); ok {
			w.Header().Set(name, value)
		}
		w.Header().Set("Last-Modified", "Mon, 02 Jan 2006 15:04:05 GMT")
		w.Header().Set("Etag", `"1"`)
		if r.Header.Get("Range") != "" { // of what is not stored
			http.ServeContent(w, r, "", time.Time{}, strings.NewReader("page"))
			return
		}
		_, _ = w.Write([]byte("page"))
	}
}

func targeted() *pagecache.Options {
	return &pagecache.Options{TTL: time.Minute, Targeted: []string{"CDN-Cache-Control", "Surrogate-Control"}}
}

// A browser is told to ask, unless the handler said something to browsers: on a
// miss, a hit, a part, a 304, and where the handler flushes.
func TestBrowsersAreToldToAsk(t *testing.T) {
	for _, tt := range browserCases {
		for _, b := range []cache.Backend{nil, far{memory.New(nil)}} {
			s := newSite(t, b, targeted(), saying(tt.say))
			for _, ask := range []string{"Range: bytes=0-1", "X: miss", "X: hit", "Range: bytes=0-1", `If-None-Match: "1"`} {
				resp := s.get("/", ask)
				if got := strings.Join(resp.Header["Cache-Control"], "|"); got != tt.want {
					t.Errorf("%q, %s: Cache-Control %q, want %q (%s)", tt.say, ask, got, tt.want, resp.Header.Get("Cache-Status"))
				}
			}
		}
		flushing := newSite(t, nil, targeted(), func(w http.ResponseWriter, r *http.Request) {
			saying(tt.say)(w, r)
			_ = http.NewResponseController(w).Flush()
		})
		if got := strings.Join(flushing.get("/").Header["Cache-Control"], "|"); got != tt.want {
			t.Errorf("%q, flushed: Cache-Control %q, want %q", tt.say, got, tt.want)
		}
		o := targeted()
		o.Proxy = &pagecache.Proxy{Transparent: true}
		transparent := newSite(t, nil, o, saying(tt.say))
		_, want, _ := strings.Cut(tt.say, "Cache-Control: ")
		if strings.HasPrefix(tt.say, "Cdn-") {
			want = ""
		}
		for range 2 {
			if got := strings.Join(transparent.get("/").Header["Cache-Control"], "|"); got != want {
				t.Errorf("%q, Transparent: Cache-Control %q, want %q", tt.say, got, want)
			}
		}
	}
}

// What is not stored is kept by a browser as well, if that is told nothing. So it is
// told to ask if the handler spoke to caches alone.
func TestBrowsersAreToldToAskAboutWhatIsNotStored(t *testing.T) {
	for _, tt := range []struct{ say, also, want string }{
		{"Pragma: no-cache", "", "no-cache"},
		{"Cdn-Cache-Control: no-store", "", "no-cache"},
		{"Cdn-Cache-Control: private", "", "no-cache"},
		{"Surrogate-Control: no-store", "", "no-cache"},
		{"Cdn-Cache-Control: max-age=60", "Set-Cookie: a=b", "no-cache"},
		{"Cache-Control: s-maxage=60", "Set-Cookie: a=b", "s-maxage=60, max-age=0, must-revalidate"},
		{"Cache-Control: public", "Set-Cookie: a=b", "public, max-age=0, must-revalidate"},
		{"Cache-Control: no-transform", "Set-Cookie: a=b", "no-transform, no-cache"},
		{"Cache-Control: ", "Vary: *", "no-cache"},
		// Here the handler spoke to browsers, or to nobody.
		{"Cache-Control: private", "", "private"},
		{"Cache-Control: no-store", "", "no-store"},
		{"Cache-Control: max-age=60", "Set-Cookie: a=b", "max-age=60"},
		{"Expires: Thu, 01 Jan 2099 00:00:00 GMT", "Set-Cookie: a=b", ""},
		{"", "Set-Cookie: a=b", ""},
	} {
		for _, flush := range []bool{false, true} {
			s := newSite(t, nil, targeted(), func(w http.ResponseWriter, r *http.Request) {
				if name, value, ok := strings.Cut(tt.also, ": "); ok {
					w.Header().Set(name, value)
				}
				saying(tt.say)(w, r)
				if flush {
					_ = http.NewResponseController(w).Flush()
				}
			})
			for range 2 {
				resp := s.get("/")
				if got := strings.Join(resp.Header["Cache-Control"], "|"); got != tt.want || strings.Contains(resp.Header.Get("Cache-Status"), "stored") {
					t.Errorf("%q, %q: Cache-Control %q, want %q (%s)", tt.say, tt.also, got, tt.want, resp.Header.Get("Cache-Status"))
				}
			}
		}
	}
}

// What somebody around the cache says in Cache-Control is said again on each hit,
// and what we say stands behind it, once.
func TestBrowsersAreToldAfterMiddleware(t *testing.T) {
	for around, want := range map[string][2]string{
		"no-transform": {"no-transform, no-cache", "no-transform|no-cache"},
		"s-maxage=60":  {"s-maxage=60, max-age=0, must-revalidate", "s-maxage=60|max-age=0, must-revalidate"},
		"max-age=60":   {"max-age=60", "max-age=60"},
	} {
		s := newSite(t, nil, targeted(), saying(""))
		inner := s.Handler
		shared := []string{around}
		s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Cache-Control"] = shared
			inner.ServeHTTP(w, r)
		})
		for _, when := range []string{"miss", "hit", "hit"} {
			got := strings.Join(s.get("/").Header["Cache-Control"], "|")
			if got != want[0] && got != want[1] {
				t.Errorf("%s around, on a %s: %q, want %q", around, when, got, want[1])
			}
		}
		if len(shared) != 1 || shared[0] != around {
			t.Errorf("the list of somebody around was changed to %q", shared)
		}
	}
}

// A 304 of the handler that says something else about caching changes what we say
// to browsers, and never leaves our words behind as if they were the handler's.
func TestBrowsersAndA304(t *testing.T) {
	const date = "Expires: Thu, 01 Jan 2099 00:00:00 GMT"
	for _, tt := range []struct{ first, then, want string }{
		{"", "", "no-cache"},
		{"", "Cache-Control: s-maxage=60", "s-maxage=60, max-age=0, must-revalidate"},
		{"", "Cache-Control: max-age=60", "max-age=60"},
		{"", date, ""},
		{"Cache-Control: public", "", "public, max-age=0, must-revalidate"},
		{"Cache-Control: public", "Cache-Control: max-age=60", "max-age=60"},
		{"Cache-Control: public", date, "public"},
		{"Cache-Control: no-transform", "", "no-transform, no-cache"},
		{"Cache-Control: s-maxage=60", "Cache-Control: no-transform", "no-transform, no-cache"},
		{"Cache-Control: max-age=60", "", "max-age=60"},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newSite(t, nil, targeted(), func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("If-None-Match") == "" {
					saying(tt.first)(w, r)
					return
				}
				if name, value, ok := strings.Cut(tt.then, ": "); ok {
					w.Header().Set(name, value)
				}
				w.WriteHeader(http.StatusNotModified)
			})
			s.get("/")
			for range 3 {
				time.Sleep(61 * time.Second)
				resp := s.get("/")
				if got := strings.Join(resp.Header["Cache-Control"], "|"); got != tt.want {
					t.Errorf("%q, confirmed with %q: Cache-Control %q, want %q (%s)", tt.first, tt.then, got, tt.want, resp.Header.Get("Cache-Status"))
				}
			}
		})
	}
}
