package pagecache_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/pagecache"
)

// A negotiator answers in the language that is asked for, of those that it has,
// or in English. Its tags name the language.
type negotiator struct {
	vary    string
	weak    bool
	silent  bool // its 304 has no ETag, as it must have
	lies    bool // its 304 has a tag that nobody has
	has     []string
	version int
	coding  string
	before  func() // runs before each answer
	asked   []string
}

func (n *negotiator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	tags := r.Header.Get("If-None-Match")
	n.asked = append(n.asked, tags)
	if n.before != nil {
		n.before()
	}
	lang := r.Header.Get(n.vary)
	if !slices.Contains(n.has, lang) {
		lang = "en"
	}
	tag := fmt.Sprintf(`"%s%d"`, lang, n.version)
	if n.weak {
		tag = "W/" + tag
	}
	h := w.Header()
	h.Set("Cache-Control", "max-age=10")
	h.Set("Vary", n.vary)
	h.Set("X-Asked", r.Header.Get(n.vary))
	pagecache.AddGroups(r.Context(), "lang:"+lang)
	if strings.Contains(tags, tag) {
		switch {
		case n.lies:
			h.Set("ETag", `"who knows"`)
		case !n.silent:
			h.Set("ETag", tag)
		}
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("ETag", tag)
	if n.coding != "" {
		h.Set("Content-Encoding", n.coding)
	}
	_, _ = io.WriteString(w, "page in "+lang)
}

func (n *negotiator) last() string { return n.asked[len(n.asked)-1] }

func negotiate(t *testing.T, b cache.Backend, n *negotiator, opts pagecache.Options) *site {
	if n.vary == "" {
		n.vary = "Accept-Language"
	}
	opts.Proxy = &pagecache.Proxy{AllETags: true}
	n.has = append(n.has, "de", "fr", "en")
	return newSite(t, b, &opts, n.ServeHTTP)
}

// RFC 9111 §4.1, §4.3.1: the handler is asked about all variants, and the one
// that it names answers.
func TestVariantsAreAskedAbout(t *testing.T) {
	for name, hide := range map[string]bool{"in memory": false, "encoded": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := memory.New(nil)
				defer m.Close()
				var b cache.Backend = m
				if hide {
					b = far{m}
				}
				n := &negotiator{}
				s := negotiate(t, b, n, pagecache.Options{})
				s.get("/", "Accept-Language: en")
				if got := n.last(); got != "" {
					t.Errorf("with nothing stored, the handler was asked about %s", got)
				}
				s.get("/", "Accept-Language: de")
				if got := n.last(); got != `"en0"` {
					t.Errorf("the handler was asked about %s, want \"en0\"", got)
				}
				// There is no Italian page: the English one is it.
				resp := s.get("/", "Accept-Language: it")
				if got := n.last(); got != `"de0", "en0"` {
					t.Errorf("the handler was asked about %s, want both", got)
				}
				if got := body(t, resp); resp.StatusCode != 200 || got != "page in en" || resp.Header.Get("ETag") != `"en0"` {
					t.Errorf("got %d %q, ETag %s", resp.StatusCode, got, resp.Header.Get("ETag"))
				}
				wantStatus(t, resp, "a variant was chosen", "uncache; fwd=vary-miss; fwd-status=304; stored")
				s.rendered()
				for lang, want := range map[string]string{"en": "en", "de": "de", "it": "it"} {
					resp := s.get("/", "Accept-Language: "+lang)
					wantStatus(t, resp, lang, "uncache; hit")
					if got := resp.Header.Get("X-Asked"); got != want {
						t.Errorf("%s: the header is of the response to %q", lang, got)
					}
				}
				if n := s.rendered(); n != 0 {
					t.Errorf("%d renderings of what is stored", n)
				}
			})
		})
	}
}

// §4.3.4: a stale variant is confirmed, or replaced by another one.
func TestStaleVariantIsAskedAboutWithTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &negotiator{}
		s := negotiate(t, nil, n, pagecache.Options{})
		s.get("/", "Accept-Language: en")
		s.get("/", "Accept-Language: de")
		time.Sleep(11 * time.Second)
		resp := s.get("/", "Accept-Language: de")
		if got := n.last(); got != `"de0", "en0"` {
			t.Errorf("the handler was asked about %s, want both, its own first", got)
		}
		if got := body(t, resp); got != "page in de" {
			t.Errorf("confirmed: got %q", got)
		}
		time.Sleep(11 * time.Second)
		n.has = []string{"en"} // the German page is gone
		resp = s.get("/", "Accept-Language: de", `If-None-Match: "de0"`)
		if got := body(t, resp); resp.StatusCode != 200 || got != "page in en" {
			t.Errorf("another variant was named: got %d %q", resp.StatusCode, got)
		}
		if resp = s.get("/", "Accept-Language: de", `If-None-Match: "en0"`); resp.StatusCode != http.StatusNotModified {
			t.Errorf("who has that variant got %d, want 304", resp.StatusCode)
		}
		wantStatus(t, resp, "afterwards", "uncache; hit")
	})
}

func TestVariantsThatAreNotAskedAbout(t *testing.T) {
	for name, n := range map[string]*negotiator{
		"weak tags":              {weak: true},
		"variants of visitors":   {vary: "Cookie"},
		"variants of identities": {vary: "Authorization"},
	} {
		t.Run(name, func(t *testing.T) {
			s := negotiate(t, nil, n, pagecache.Options{})
			s.get("/", n.vary+": en")
			s.get("/", n.vary+": xx")
			for _, asked := range n.asked {
				if asked != "" {
					t.Errorf("the handler was asked about %s", asked)
				}
			}
		})
	}
	t.Run("without the option", func(t *testing.T) {
		n := &negotiator{vary: "Accept-Language", has: []string{"en"}}
		s := newSite(t, nil, nil, n.ServeHTTP)
		s.get("/", "Accept-Language: en")
		s.get("/", "Accept-Language: it")
		if n.last() != "" {
			t.Errorf("the handler was asked about %s", n.last())
		}
	})
	t.Run("by who is known", func(t *testing.T) {
		n := &negotiator{}
		s := negotiate(t, nil, n, pagecache.Options{})
		s.get("/", "Accept-Language: en")
		s.get("/", "Accept-Language: it", "Authorization: Basic eA==")
		if n.last() != "" {
			t.Errorf("the handler was asked about %s", n.last())
		}
	})
}

// A 304 that does not say for what it speaks is not believed.
func Test304WithoutItsTag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &negotiator{silent: true}
		s := negotiate(t, nil, n, pagecache.Options{})
		s.get("/", "Accept-Language: en")
		s.get("/", "Accept-Language: de")
		n.asked = nil
		if got := body(t, s.get("/", "Accept-Language: it")); got != "page in en" || !slices.Equal(n.asked, []string{`"de0", "en0"`, ""}) {
			t.Errorf("a miss: got %q, the handler was asked %q", got, n.asked)
		}
		time.Sleep(11 * time.Second)
		n.asked = nil
		resp := s.get("/", "Accept-Language: de")
		if got := body(t, resp); got != "page in de" || len(n.asked) != 2 || n.asked[1] != `"de0"` {
			t.Errorf("a stale one: got %q, the handler was asked %q, want about all, and about its own alone", got, n.asked)
		}
		n.silent, n.lies = false, true
		time.Sleep(11 * time.Second)
		n.asked = nil
		if got := body(t, s.get("/", "Accept-Language: de")); got != "page in de" || len(n.asked) != 2 || n.asked[1] != "" {
			t.Errorf("a tag that nobody has: got %q, the handler was asked %q", got, n.asked)
		}
	})
}

// Compressors leave a strong tag as it was, though RFC 9110 §8.8.3.3 forbids it.
func TestVariantInACodingThatWasNotAskedFor(t *testing.T) {
	n := &negotiator{vary: "Accept-Encoding", coding: "gzip"}
	s := negotiate(t, nil, n, pagecache.Options{})
	s.get("/", "Accept-Encoding: gzip")
	n.coding = ""
	for _, accepts := range []string{"br", "gzip;q=0", "br, gzip; q=0.0", ""} {
		if resp := s.get("/", "Accept-Encoding: "+accepts); resp.Header.Get("Content-Encoding") != "" {
			t.Errorf("Accept-Encoding: %s: got the coding %s", accepts, resp.Header.Get("Content-Encoding"))
		}
	}
	n = &negotiator{vary: "Accept-Encoding", coding: "gzip"}
	s = negotiate(t, nil, n, pagecache.Options{})
	s.get("/", "Accept-Encoding: gzip")
	for _, accepts := range []string{"br, GZIP", "gzip;q=0.5"} {
		resp := s.get("/", "Accept-Encoding: "+accepts)
		wantStatus(t, resp, accepts, "uncache; fwd=vary-miss; fwd-status=304")
	}
}

// What a variant was made from is what its successor is made from, and what was
// purged is not validated, whenever that was.
func TestVariantsAndPurges(t *testing.T) {
	group := cache.Group("lang:en")
	t.Run("before", func(t *testing.T) {
		n := &negotiator{}
		s := negotiate(t, nil, n, pagecache.Options{})
		s.get("/", "Accept-Language: en")
		s.purge(group)
		resp := s.get("/", "Accept-Language: it")
		wantStatus(t, resp, "the variant was purged", "uncache; fwd=vary-miss; stored")
	})
	t.Run("while the handler answers", func(t *testing.T) {
		n := &negotiator{}
		s := negotiate(t, nil, n, pagecache.Options{})
		s.get("/", "Accept-Language: en")
		n.before = func() { n.before = nil; s.purge(group) }
		resp := s.get("/", "Accept-Language: it")
		if strings.Contains(resp.Header.Get("Cache-Status"), "304") {
			t.Errorf("a variant was validated that had been purged: %s", resp.Header.Get("Cache-Status"))
		}
		if got := s.get("/", "Accept-Language: it").Header.Get("Cache-Status"); strings.Contains(got, "hit") {
			t.Errorf("what was purged while it was made is stored: %s", got)
		}
	})
	t.Run("afterwards", func(t *testing.T) {
		quiet := false
		s := newSite(t, nil, &pagecache.Options{TTL: time.Minute, Proxy: &pagecache.Proxy{AllETags: true}}, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Vary", "Accept-Language")
			w.Header().Set("ETag", `"1"`)
			if quiet { // it does not say again what the page is made from
				w.WriteHeader(http.StatusNotModified)
				return
			}
			pagecache.AddGroups(r.Context(), "lang:en")
		})
		s.get("/", "Accept-Language: en")
		quiet = true
		wantStatus(t, s.get("/", "Accept-Language: it"), "named", "uncache; fwd=vary-miss; fwd-status=304; stored")
		quiet = false
		s.purge(group)
		wantStatus(t, s.get("/", "Accept-Language: it"), "purged", "uncache; fwd=miss")
	})
}

// The list of tags is bounded, whatever the handler's look like.
func TestManyLongTags(t *testing.T) {
	var longest int
	s := newSite(t, nil, &pagecache.Options{TTL: time.Minute, Proxy: &pagecache.Proxy{AllETags: true}}, func(w http.ResponseWriter, r *http.Request) {
		longest = max(longest, len(r.Header.Get("If-None-Match")))
		w.Header().Set("Vary", "Accept-Language")
		w.Header().Set("ETag", `"`+strings.Repeat("x", 300)+r.Header.Get("Accept-Language")+`"`)
	})
	for i := range 20 {
		s.get("/", fmt.Sprintf("Accept-Language: %d", i))
	}
	if longest == 0 || longest > 2048 {
		t.Errorf("the longest list of tags had %d bytes, want some, and 2048 at most", longest)
	}
}

// What selects may have changed since this process looked: the variants that the
// note lists now are those of visitors. The old variant is still there, because it
// could not be deleted.
func TestAllETagsSkipsVariantsByCookie(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := far{newMemory(t)}
		visitors, asked := false, ""
		show := func(w http.ResponseWriter, r *http.Request) {
			asked = r.Header.Get("If-None-Match")
			w.Header().Set("Cache-Control", "max-age=1")
			if visitors {
				w.Header().Set("Vary", "Cookie")
				w.Header().Set("Etag", `"`+r.Header.Get("Cookie")+`"`)
				return
			}
			w.Header().Set("Vary", "Accept-Language")
			w.Header().Set("Etag", `"language"`)
		}
		opts := &pagecache.Options{Proxy: &pagecache.Proxy{AllETags: true}}
		here, there := newSite(t, b, opts, show), newSite(t, undeleted{b}, opts, show)
		here.get("/", "Accept-Language: de")
		time.Sleep(5 * time.Second)
		visitors = true
		there.get("/", "Cookie: alice")
		here.get("/", "Accept-Language: de", "Cookie: bob")
		if asked != `"language"` {
			t.Errorf("the handler was asked about %s, want its own alone", asked)
		}
	})
}

// undeleted is a store in which nothing can be deleted.
type undeleted struct{ cache.Backend }

func (undeleted) Delete(context.Context, ...string) error { return errors.New("read only") }
