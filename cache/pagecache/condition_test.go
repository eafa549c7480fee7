package pagecache_test

import (
	"io"
	"net/http"
	"testing"
)

// RFC 9110 §13: conditions are answered from the store, and by a fill as well.
func TestConditions(t *testing.T) {
	const changed = "Tue, 10 Nov 2026 08:00:00 GMT"
	tests := []struct {
		rule string
		own  string // ETag of the handler; empty: ours
		send []string
		want int
	}{
		{"no condition", `"v1"`, nil, 200},
		{"§13.1.2: the tag", `"v1"`, []string{`If-None-Match: "v1"`}, 304},
		{"§13.1.2: another tag", `"v1"`, []string{`If-None-Match: "v2"`}, 200},
		{"§13.1.2: in a list", `"v1"`, []string{`If-None-Match: "a,b", "v1"`}, 304},
		{"in a second line", `"v1"`, []string{`If-None-Match: "a"`, `If-None-Match: "v1"`}, 304},
		{"§8.8.3.2: weak comparison", `"v1"`, []string{`If-None-Match: W/"v1"`}, 304},
		{"§8.8.3.2: the stored one is weak", `W/"v1"`, []string{`If-None-Match: "v1"`}, 304},
		{"§13.1.2: any", `"v1"`, []string{`If-None-Match: *`}, 304},
		{"no list of tags", `"v1"`, []string{`If-None-Match: v1`}, 200},
		{"§13.1.3: not changed since", `"v1"`, []string{"If-Modified-Since: " + changed}, 304},
		{"§13.1.3: changed since", `"v1"`, []string{"If-Modified-Since: Tue, 10 Nov 2026 07:59:59 GMT"}, 200},
		{"§13.1.3: no date", `"v1"`, []string{"If-Modified-Since: yesterday"}, 200},
		{"§13.2.2: If-None-Match goes before", `"v1"`, []string{`If-None-Match: "v2"`, "If-Modified-Since: " + changed}, 200},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) {
				if len(r.Header["If-None-Match"])+len(r.Header["If-Modified-Since"]) > 0 {
					t.Error("a fill passed the visitor's condition on")
				}
				w.Header().Set("ETag", tt.own)
				w.Header().Set("Last-Modified", changed)
				w.Header().Set("X-Body-Only", "1")
				_, _ = io.WriteString(w, "page")
			})
			for _, when := range []string{"fill", "hit"} {
				resp := s.get("/", tt.send...)
				if resp.StatusCode != tt.want {
					t.Errorf("%s: %v: got %d, want %d", when, tt.send, resp.StatusCode, tt.want)
				}
				if resp.StatusCode != 304 {
					continue
				}
				if got := body(t, resp); got != "" {
					t.Errorf("%s: a 304 with the body %q", when, got)
				}
				if resp.Header.Get("ETag") != tt.own || resp.Header.Get("Cache-Control") != "no-cache" {
					t.Errorf("%s: RFC 9110 §15.4.5: the 304 lacks fields: %v", when, resp.Header)
				}
			}
			if n := s.rendered(); n != 1 {
				t.Errorf("%d renderings, want 1", n)
			}
		})
	}
}

func TestOwnETag(t *testing.T) {
	text := "one"
	s := newSite(t, nil, nil, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) })
	first := s.get("/").Header.Get("ETag")
	if len(first) != 24 {
		t.Fatalf("ETag %q: want 128 bits in 22 characters, quoted", first)
	}
	if resp := s.get("/", "If-None-Match: "+first); resp.StatusCode != 304 {
		t.Errorf("got %d, want 304", resp.StatusCode)
	}
	text = "two"
	s.purge("path:/")
	if resp := s.get("/", "If-None-Match: "+first); resp.StatusCode != 200 || resp.Header.Get("ETag") == first {
		t.Errorf("changed and purged: got %d, ETag %q", resp.StatusCode, resp.Header.Get("ETag"))
	}
	text = "one"
	s.purge("path:/")
	if resp := s.get("/", "If-None-Match: "+first); resp.StatusCode != 304 {
		t.Errorf("purged, and rendered to the same bytes: got %d, want 304", resp.StatusCode)
	}
}

// A fill takes the condition away from the handler. If the response is not stored, the
// visitor gets a 304 nevertheless.
func TestConditionOnWhatIsNotStored(t *testing.T) {
	s := newSite(t, nil, nil, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "private")
		w.Header().Set("ETag", `"v1"`)
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "page")
	})
	resp := s.get("/", `If-None-Match: "v1"`)
	if got := body(t, resp); resp.StatusCode != 304 || got != "" || resp.Header.Get("Content-Type") != "" {
		t.Errorf("got %d with body %q, header %v; want 304", resp.StatusCode, got, resp.Header)
	}
	if resp := s.get("/", `If-None-Match: "v2"`); resp.StatusCode != 200 || body(t, resp) != "page" {
		t.Errorf("another tag: got %d", resp.StatusCode)
	}
}

// Conditions on changing something are for the handler.
func TestPreconditionsPass(t *testing.T) {
	s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-Match") != "" {
			w.WriteHeader(http.StatusPreconditionFailed)
		}
	})
	s.get("/")
	if resp := s.get("/", `If-Match: "x"`); resp.StatusCode != http.StatusPreconditionFailed {
		t.Errorf("got %d, want the handler's 412", resp.StatusCode)
	}
}

func TestRangeOfWhatIsNotStored(t *testing.T) {
	s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") != "" {
			w.Header().Set("Content-Range", "bytes 0-0/4")
			w.WriteHeader(http.StatusPartialContent)
			_, _ = io.WriteString(w, "p")
			return
		}
		_, _ = io.WriteString(w, "page")
	})
	if resp := s.get("/", "Range: bytes=0-0"); resp.StatusCode != 206 || body(t, resp) != "p" {
		t.Errorf("got %d, want the handler's 206", resp.StatusCode)
	}
	if got := body(t, s.get("/")); got != "page" {
		t.Errorf("the whole page after a part of it: got %q", got)
	}
}
