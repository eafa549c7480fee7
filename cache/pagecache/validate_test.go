package pagecache_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/pagecache"
)

// An origin is a handler that knows conditions, as a proxied server does.
type origin struct {
	etag, changed string
	body          string
	fields        []string // of every response, "Name: value"
	on304         []string // of a 304, beside fields
	status        int      // other than 200
	saw           []string // what each request asked
}

func (o *origin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	asked := []string{r.Method, r.Header.Get("If-None-Match"), r.Header.Get("If-Modified-Since")}
	o.saw = append(o.saw, strings.Join(slices.DeleteFunc(asked, func(s string) bool { return s == "" }), " "))
	set := func(fields []string) {
		for _, f := range fields {
			name, value, _ := strings.Cut(f, ": ")
			w.Header().Set(name, value)
		}
	}
	set(o.fields)
	if o.etag != "" {
		w.Header().Set("ETag", o.etag)
	}
	if o.changed != "" {
		w.Header().Set("Last-Modified", o.changed)
	}
	if o.status != 0 {
		w.WriteHeader(o.status)
		_, _ = io.WriteString(w, "error")
		return
	}
	if o.etag != "" && r.Header.Get("If-None-Match") == o.etag || o.etag == "" && o.changed != "" && r.Header.Get("If-Modified-Since") == o.changed {
		set(o.on304)
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = io.WriteString(w, o.body)
}

func (o *origin) last() string {
	if len(o.saw) == 0 {
		return ""
	}
	return o.saw[len(o.saw)-1]
}

// RFC 9111 §4.3: what is stale is validated, and good again.
func TestValidation(t *testing.T) {
	const day = "Tue, 10 Nov 1998 08:00:00 GMT" // synctest's clock begins in 2000
	for name, o := range map[string]*origin{
		"ETag":            {etag: `"v1"`},
		"Last-Modified":   {changed: day},
		"weak ETag":       {etag: `W/"v1"`},
		"no-cache":        {etag: `"v1"`, fields: []string{"Cache-Control: no-cache"}},
		"max-age=0":       {etag: `"v1"`, fields: []string{"Cache-Control: max-age=0"}},
		"must-revalidate": {etag: `"v1"`, fields: []string{"Cache-Control: must-revalidate, max-age=10"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o.body = "page"
				o.on304 = []string{"X-Updated: yes", "Content-Length: 0"}
				s := newSite(t, nil, &pagecache.Options{TTL: 10 * time.Second}, o.ServeHTTP)
				s.get("/", `If-None-Match: "a visitor's"`)
				if got := o.last(); got != "GET" {
					t.Errorf("a fill asked %q, want no condition", got)
				}
				for i := range 3 {
					time.Sleep(11 * time.Second)
					resp := s.get("/")
					if want := "GET " + o.etag + o.changed; o.last() != strings.TrimSpace(want) {
						t.Errorf("validation %d asked %q, want %q", i, o.last(), want)
					}
					if got := body(t, resp); resp.StatusCode != 200 || got != "page" {
						t.Errorf("validated: got %d %q", resp.StatusCode, got)
					}
					wantStatus(t, resp, "validated", "uncache; fwd=stale; fwd-status=304; stored")
					if resp.Header.Get("X-Updated") != "yes" || resp.Header.Get("Content-Length") != "4" {
						t.Errorf("§3.2: header after a 304: %v", resp.Header)
					}
				}
				want := 1
				if strings.HasPrefix(name, "no-") || name == "max-age=0" {
					want = 2 // they are never fresh
				}
				s.rendered()
				resp := s.get("/")
				if n := s.rendered(); n != want-1 {
					t.Errorf("after a validation: %d requests to the handler, want %d (%s)", n, want-1, resp.Header["Cache-Status"])
				}
			})
		})
	}
}

// A page that has changed answers the condition with itself.
func TestValidationFindsChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &origin{etag: `"v1"`, body: "one"}
		s := newSite(t, nil, &pagecache.Options{TTL: 10 * time.Second}, o.ServeHTTP)
		s.get("/")
		time.Sleep(11 * time.Second)
		o.etag, o.body = `"v2"`, "two"
		resp := s.get("/")
		if got := body(t, resp); got != "two" || resp.Header.Get("ETag") != `"v2"` {
			t.Errorf("got %q, ETag %s", got, resp.Header.Get("ETag"))
		}
		wantStatus(t, resp, "changed", "uncache; fwd=stale; stored")
		if got := body(t, s.get("/")); got != "two" {
			t.Errorf("stored: %q", got)
		}
	})
}

// §4.3.4: a 304 whose strong validator is another's does not speak of what is
// stored, and a visitor who asked nothing must not get it.
func TestValidationByTheWrongTag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &origin{etag: `"v1"`, body: "one", on304: []string{`ETag: "v9"`}}
		s := newSite(t, nil, &pagecache.Options{TTL: 10 * time.Second}, o.ServeHTTP)
		s.get("/")
		time.Sleep(11 * time.Second)
		o.body = "two"
		resp := s.get("/")
		if got := body(t, resp); resp.StatusCode != 200 || got != "two" {
			t.Errorf("got %d %q, want what the handler gives without a condition", resp.StatusCode, got)
		}
		if o.last() != "GET" {
			t.Errorf("the last request asked %q, want no condition", o.last())
		}
	})
}

// And if the second try fails, there is still the stale page.
func TestValidationByTheWrongTagAndAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		s := newSite(t, nil, &pagecache.Options{TTL: 10 * time.Second, StaleIfError: time.Minute}, func(w http.ResponseWriter, r *http.Request) {
			n++
			w.Header().Set("X-Try", strings.Repeat("i", n))
			switch n {
			case 1:
				w.Header().Set("ETag", `"v1"`)
				_, _ = io.WriteString(w, "page")
			case 2:
				w.Header().Set("ETag", `"v9"`)
				w.WriteHeader(http.StatusNotModified)
			default:
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		})
		s.get("/")
		time.Sleep(11 * time.Second)
		resp := s.get("/")
		if got := body(t, resp); resp.StatusCode != 200 || got != "page" || n != 3 || resp.Header.Get("X-Try") != "i" {
			t.Errorf("got %d %q after %d tries, header %v; want the stale page after 3", resp.StatusCode, got, n, resp.Header)
		}
	})
}

// The visitor's own condition is answered from what was validated.
func TestConditionAfterValidation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &origin{etag: `"v1"`, body: "one"}
		s := newSite(t, nil, &pagecache.Options{TTL: 10 * time.Second}, o.ServeHTTP)
		s.get("/")
		time.Sleep(11 * time.Second)
		if resp := s.get("/", `If-None-Match: "v1"`); resp.StatusCode != 304 {
			t.Errorf("got %d, want 304", resp.StatusCode)
		}
	})
}

// What a validation confirms still depends on what it was made from, although
// the handler, which answered 304, has named nothing this time.
func TestPurgeAfterValidation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &origin{etag: `"v1"`, body: "one"}
		s := newSite(t, nil, &pagecache.Options{TTL: 10 * time.Second}, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("If-None-Match") == "" {
				pagecache.AddGroups(r.Context(), "author")
			}
			o.ServeHTTP(w, r)
		})
		s.get("/")
		time.Sleep(11 * time.Second)
		wantStatus(t, s.get("/"), "validated", "uncache; fwd=stale; fwd-status=304; stored")
		wantStatus(t, s.get("/"), "fresh again", "uncache; hit")
		s.purge(cache.Group("author"))
		wantStatus(t, s.get("/"), "purged", "uncache; fwd=miss; stored; detail=purged")
		if o.last() != "GET" {
			t.Errorf("what was purged was validated: %q", o.last())
		}
	})
}

// A handler that takes back its permission takes the stored response with it.
func TestValidatedButNotToBeStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &origin{etag: `"v1"`, body: "one", fields: []string{"Cache-Control: max-age=10"}}
		s := newSite(t, nil, &pagecache.Options{StaleIfError: time.Hour}, o.ServeHTTP)
		s.get("/")
		time.Sleep(11 * time.Second)
		o.fields = []string{"Cache-Control: no-store"}
		if got := body(t, s.get("/")); got != "one" {
			t.Errorf("got %q", got)
		}
		o.status = 503
		if resp := s.get("/"); resp.StatusCode != 503 {
			t.Errorf("what must not be stored any more was served: %d", resp.StatusCode)
		}
	})
}

// RFC 9110 §8.8.2.2: the date of the second in which a page was given confirms
// nothing; it may have been changed again in that second.
func TestDateOfTheSameSecondValidatesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, ago := range []time.Duration{0, 2 * time.Second} {
			o := &origin{changed: time.Now().Add(-ago).UTC().Format(http.TimeFormat), body: "one"}
			s := newSite(t, nil, &pagecache.Options{TTL: 10 * time.Second}, o.ServeHTTP)
			s.get("/")
			o.body = "two" // in the same second
			time.Sleep(11 * time.Second)
			want := map[bool]string{true: "two", false: "one"}[ago == 0]
			if got := body(t, s.get("/")); got != want {
				t.Errorf("changed %v before it was given: got %q, want %q; asked %q", ago, got, want, o.last())
			}
		}
	})
}

// A HEAD without a validator says nothing of the body.
func TestHeadWithoutAValidator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		text := "one"
		s := newSite(t, nil, &pagecache.Options{TTL: time.Minute, StaleWhileRevalidate: time.Minute, StaleIfError: time.Minute}, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, text)
		})
		s.get("/")
		text = "two"
		if err := s.pages.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{cache.Path("/")}, Soft: true}); err != nil {
			t.Fatal(err)
		}
		s.do("HEAD", "/", "Cache-Control: no-cache")
		s.get("/")
		synctest.Wait()
		if got := body(t, s.get("/")); got != "two" {
			t.Errorf("after a soft purge and a HEAD: got %q, want the new page", got)
		}
	})
}

// In front of a handler that makes no validators nothing is asked, and nothing
// is kept.
func TestOrdinaryHandlerIsNotAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &origin{body: "one"}
		s := newSite(t, nil, &pagecache.Options{TTL: 10 * time.Second}, o.ServeHTTP)
		s.get("/")
		time.Sleep(11 * time.Second)
		wantStatus(t, s.get("/"), "expired", "uncache; fwd=miss; stored")
		if o.last() != "GET" {
			t.Errorf("asked %q, want no condition", o.last())
		}
	})
}

// §4.3.5: the answer to a HEAD confirms what is stored, or shows that it is
// outdated.
func TestHead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &origin{etag: `"v1"`, body: "one", fields: []string{"Cache-Control: max-age=10"}}
		s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) { o.ServeHTTP(w, r) })
		s.get("/")
		time.Sleep(11 * time.Second)
		o.fields = append(o.fields, "X-Updated: yes")
		if resp := s.do("HEAD", "/"); resp.StatusCode != 200 {
			t.Errorf("HEAD: got %d", resp.StatusCode)
		}
		resp := s.get("/")
		wantStatus(t, resp, "confirmed by HEAD", "uncache; hit")
		if resp.Header.Get("X-Updated") != "yes" || body(t, resp) != "one" {
			t.Errorf("not updated: %v", resp.Header)
		}
		time.Sleep(11 * time.Second)
		o.etag, o.body = `"v2"`, "two"
		s.do("HEAD", "/")
		wantStatus(t, s.get("/"), "outdated by HEAD", "uncache; fwd=miss; stored")
	})
}

func TestRanges(t *testing.T) {
	const changed = "Tue, 10 Nov 2026 08:00:00 GMT"
	o := &origin{etag: `"v1"`, changed: changed, body: "0123456789", fields: []string{"Content-Type: text/plain"}}
	s := newSite(t, nil, nil, o.ServeHTTP)
	s.get("/")
	s.rendered()
	tests := []struct {
		rule   string
		send   []string
		status int
		body   string
		part   string
	}{
		{"RFC 9110 §14.1.2: first and last", []string{"Range: bytes=2-4"}, 206, "234", "bytes 2-4/10"},
		{"without a last", []string{"Range: bytes=7-"}, 206, "789", "bytes 7-9/10"},
		{"suffix", []string{"Range: bytes=-3"}, 206, "789", "bytes 7-9/10"},
		{"beyond the end", []string{"Range: bytes=8-100"}, 206, "89", "bytes 8-9/10"},
		{"§15.5.17: not there", []string{"Range: bytes=20-"}, 416, "", "bytes */10"},
		{"§14.2: another unit is ignored", []string{"Range: lines=1-2"}, 200, "0123456789", ""},
		{"§14.1: units in any case", []string{"Range: Bytes=2-4"}, 206, "234", "bytes 2-4/10"},
		{"§13.1.5: If-Range with the tag", []string{"Range: bytes=0-0", `If-Range: "v1"`}, 206, "0", "bytes 0-0/10"},
		{"§13.1.5: strong comparison", []string{"Range: bytes=0-0", `If-Range: W/"v1"`}, 200, "0123456789", ""},
		{"If-Range with another tag", []string{"Range: bytes=0-0", `If-Range: "v2"`}, 200, "0123456789", ""},
		{"If-Range with the date", []string{"Range: bytes=0-0", "If-Range: " + changed}, 206, "0", "bytes 0-0/10"},
		{"§13.2.2: If-None-Match goes before", []string{"Range: bytes=0-0", `If-None-Match: "v1"`}, 304, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			resp := s.get("/", tt.send...)
			got := body(t, resp)
			if resp.StatusCode != tt.status || resp.StatusCode < 300 && got != tt.body || resp.Header.Get("Content-Range") != tt.part {
				t.Errorf("%v: got %d %q %q, want %d %q %q", tt.send, resp.StatusCode, got, resp.Header.Get("Content-Range"), tt.status, tt.body, tt.part)
			}
		})
	}
	resp := s.get("/", "Range: bytes=0-1,8-9")
	if got := body(t, resp); resp.StatusCode != 206 || !strings.Contains(got, "01") || !strings.Contains(got, "bytes 8-9/10") {
		t.Errorf("two ranges: got %d %q", resp.StatusCode, got)
	}
	if n := s.rendered(); n != 0 {
		t.Errorf("the handler was asked %d times", n)
	}
	if got := body(t, s.get("/")); got != "0123456789" {
		t.Errorf("the whole afterwards: %q", got)
	}
	o.fields = append(o.fields, "Content-Range: lines 0-9/10") // which means nothing in a 200
	s.get("/lines")
	resp = s.get("/lines", "Range: bytes=0-1,8-9")
	if got := resp.Header.Get("Content-Range"); resp.StatusCode != 206 || got != "" {
		t.Errorf("§15.3.7.2: two ranges: got %d with Content-Range %q", resp.StatusCode, got)
	}
}

// RFC 9111 §4.4.
func TestUnsafeMethodsPurge(t *testing.T) {
	urls := []string{"http://a.example/x", "http://a.example/x?q=1", "http://a.example/loc", "http://a.example/cloc", "http://b.example/x", "http://a.example/g"}
	tests := []struct {
		rule     string
		method   string
		status   int
		location string
		want     string // indexes of urls
	}{
		{"POST", "POST", 200, "", "0"},
		{"PUT", "PUT", 204, "", "0"},
		{"DELETE", "DELETE", 200, "", "0"},
		{"PATCH", "PATCH", 200, "", "0"},
		{"unknown", "M-SEARCH", 200, "", "0"},
		{"a redirect is no error", "POST", 303, "/loc", "0 2"},
		{"Location with a host", "POST", 201, "http://a.example/loc", "0 2"},
		{"Location elsewhere", "POST", 201, "http://b.example/x", "0"},
		{"Location on another port", "POST", 201, "http://a.example:81/loc", "0"},
		{"Location that only begins so", "POST", 201, "http://a.example.evil/loc", "0"},
		{"an error of the request", "POST", 404, "/loc", ""},
		{"an error of the handler", "POST", 500, "/loc", ""},
		{"a safe method", "OPTIONS", 200, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) {
				if r.Method == "GET" {
					if r.URL.Path == "/g" {
						w.Header().Set("Cache-Groups", `"shop"`)
					}
					return
				}
				if tt.location != "" {
					w.Header().Set("Location", tt.location)
				}
				w.WriteHeader(tt.status)
			})
			for _, u := range urls {
				s.get(u)
			}
			s.do(tt.method, "http://a.example/x")
			for i, u := range urls {
				s.rendered()
				s.get(u)
				purged := s.rendered() == 1
				if want := strings.Contains(tt.want, string(rune('0'+i))); purged != want {
					t.Errorf("%s answered %d, Location %q: %s purged: %v, want %v", tt.method, tt.status, tt.location, u, purged, want)
				}
			}
		})
	}
}

// RFC 9875 §3: a group is its origin's, and only unsafe requests invalidate.
func TestCacheGroupInvalidation(t *testing.T) {
	for method, want := range map[string]bool{"POST": true, "OPTIONS": false} {
		s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.Method != "GET":
				w.Header().Set("Cache-Group-Invalidation", `"shop", "other"`)
			case r.URL.Path == "/field":
				w.Header().Set("Cache-Groups", `"shop"`)
			case r.URL.Path == "/named":
				pagecache.AddGroups(r.Context(), "shop")
			}
		})
		urls := []string{"http://a.example/field", "http://a.example/named", "http://a.example/none", "http://b.example/field"}
		for _, u := range urls {
			s.get(u)
		}
		s.do(method, "http://a.example/buy")
		for i, u := range urls {
			s.rendered()
			s.get(u)
			if purged := s.rendered() == 1; purged != (want && i < 2) {
				t.Errorf("%s: %s purged: %v, want %v", method, u, purged, want && i < 2)
			}
		}
	}
}

// A person who is told that a page is saved must not find it as it was: the purge comes
// before the answer.
func TestPurgeComesBeforeTheAnswer(t *testing.T) {
	s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) {})
	s.get("/")
	s.rendered()
	r := httptest.NewRequest("POST", "/", nil)
	s.ServeHTTP(&onHeader{ResponseRecorder: httptest.NewRecorder(), then: func() {
		wantStatus(t, s.get("/"), "when the answer is seen", "uncache; fwd=miss; stored")
	}}, r)
}

type onHeader struct {
	*httptest.ResponseRecorder
	then func()
}

func (w *onHeader) WriteHeader(code int) {
	w.then()
	w.ResponseRecorder.WriteHeader(code)
}
