package pagecache_test

import (
	"context"
	"fmt"
	"io"
	"math"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
)

// For how long a page is fresh whose handler has called SetTTL, and what it says
// beside that.
func TestSetTTL(t *testing.T) {
	for _, tt := range []struct {
		name   string
		ttl    time.Duration
		opts   pagecache.Options
		status int
		say    string
		fields []string
		want   time.Duration // 0: not stored
		sent   string        // Cache-Control
	}{
		{name: "no TTL", ttl: time.Hour, want: time.Hour, sent: "no-cache"},
		{name: "TTL", ttl: time.Hour, opts: pagecache.Options{TTL: time.Minute}, want: time.Hour, sent: "no-cache"},
		{name: "shorter", ttl: time.Second, opts: pagecache.Options{TTL: time.Minute}, want: time.Second, sent: "no-cache"},
		{name: "for browsers", ttl: time.Hour, say: "Cache-Control: max-age=60", want: time.Hour, sent: "max-age=60"},
		{name: "to ask", ttl: time.Hour, say: "Cache-Control: max-age=0", want: time.Hour, sent: "max-age=0"},
		{name: "for a CDN", ttl: time.Hour, say: "Cache-Control: s-maxage=60", want: time.Hour, sent: "s-maxage=60, max-age=0, must-revalidate"},
		{name: "public", ttl: time.Hour, say: "Cache-Control: public", want: time.Hour, sent: "public, max-age=0, must-revalidate"},
		{name: "expired", ttl: time.Hour, say: "Expires: 0", want: time.Hour},
		{name: "targeted", ttl: time.Hour, opts: pagecache.Options{Targeted: []string{"CDN-Cache-Control"}}, say: "Cdn-Cache-Control: max-age=60", want: time.Hour, sent: "no-cache"},
		{name: "Heuristic", ttl: time.Hour, opts: pagecache.Options{Proxy: &pagecache.Proxy{Heuristic: true}}, say: "Last-Modified: Mon, 02 Jan 2006 15:04:05 GMT", want: time.Hour, sent: "no-cache"},
		{name: "Transparent", ttl: time.Hour, opts: pagecache.Options{Proxy: &pagecache.Proxy{Transparent: true}}, want: time.Hour},

		{name: "zero", ttl: 0, opts: pagecache.Options{TTL: time.Minute}, sent: "no-cache"},
		{name: "negative", ttl: -time.Hour, opts: pagecache.Options{TTL: time.Minute}, sent: "no-cache"},
		{name: "no-store", ttl: time.Hour, say: "Cache-Control: no-store", sent: "no-store"},
		{name: "private", ttl: time.Hour, say: "Cache-Control: private", sent: "private"},
		{name: "no-cache", ttl: time.Hour, say: "Cache-Control: no-cache", sent: "no-cache"},
		{name: "Pragma", ttl: time.Hour, say: "Pragma: no-cache", sent: "no-cache"},
		{name: "Set-Cookie", ttl: time.Hour, say: "Set-Cookie: a=b", sent: "no-cache"},
		{name: "Vary", ttl: time.Hour, say: "Vary: *", sent: "no-cache"},
		{name: "targeted private", ttl: time.Hour, opts: pagecache.Options{Targeted: []string{"CDN-Cache-Control"}}, say: "Cdn-Cache-Control: private", sent: "no-cache"},
		{name: "Authorization", ttl: time.Hour, fields: []string{"Authorization: Basic x"}, sent: "no-cache"},
		{name: "visitor", ttl: time.Hour, opts: pagecache.Options{SessionCookies: []string{"s"}}, fields: []string{"Cookie: s=1"}, sent: "private, no-cache"},
		{name: "visitor, public", ttl: time.Hour, opts: pagecache.Options{SessionCookies: []string{"s"}}, fields: []string{"Cookie: s=1"}, say: "Cache-Control: public", want: time.Hour, sent: "public, max-age=0, must-revalidate"},
		{name: "no-store of the request", ttl: time.Hour, fields: []string{"Cache-Control: no-store"}, sent: "no-cache"},

		{name: "404", ttl: time.Hour, status: 404, want: time.Hour, sent: "no-cache"},
		{name: "404 and ErrorTTL", ttl: time.Hour, status: 404, opts: pagecache.Options{ErrorTTL: time.Minute}, want: time.Minute, sent: "no-cache"},
		{name: "410 and a longer ErrorTTL", ttl: time.Second, status: 410, opts: pagecache.Options{ErrorTTL: time.Minute}, want: time.Second, sent: "no-cache"},
		{name: "301", ttl: time.Hour, status: 301, want: time.Hour, sent: "no-cache"},
		{name: "302", ttl: time.Hour, status: 302},
		{name: "405", ttl: time.Hour, status: 405},
		{name: "500", ttl: time.Hour, status: 500, opts: pagecache.Options{TTL: time.Minute}},
		{name: "500 with a lifetime", ttl: time.Hour, status: 500, say: "Cache-Control: max-age=60", want: time.Minute, sent: "max-age=60"},
	} {
		for _, when := range []string{"before", "after the first byte", "flushed"} {
			t.Run(tt.name+", "+when, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					opts := tt.opts
					s := newSite(t, nil, &opts, func(w http.ResponseWriter, r *http.Request) {
						if name, value, ok := strings.Cut(tt.say, ": "); ok {
							w.Header().Set(name, value)
						}
						pagecache.SetTTL(r.Context(), 48*time.Hour) // the last call counts
						if when == "before" {
							pagecache.SetTTL(r.Context(), tt.ttl)
						}
						if tt.status != 0 {
							w.WriteHeader(tt.status)
						}
						_, _ = io.WriteString(w, "page")
						if when == "flushed" {
							_ = http.NewResponseController(w).Flush()
						}
						pagecache.SetTTL(r.Context(), tt.ttl)
					})
					resp := s.get("/", tt.fields...)
					if got := resp.Header.Get("Cache-Control"); got != tt.sent && when == "before" {
						t.Errorf("Cache-Control is %q, want %q", got, tt.sent)
					}
					s.rendered()
					if tt.want > 0 {
						time.Sleep(tt.want - time.Millisecond)
						wantStatus(t, s.get("/", tt.fields...), "just before the end", "uncache; hit")
						time.Sleep(time.Millisecond)
					}
					if resp := s.get("/", tt.fields...); s.rendered() != 1 {
						t.Errorf("after %v: %s, want the handler to be asked", tt.want, resp.Header.Get("Cache-Status"))
					}
				})
			})
		}
	}
}

func TestSetTTLForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, nil, &pagecache.Options{}, func(_ http.ResponseWriter, r *http.Request) {
			pagecache.SetTTL(r.Context(), math.MaxInt64)
		})
		s.get("/")
		time.Sleep(1000 * time.Hour)
		wantStatus(t, s.get("/"), "after 1,000 hours", "uncache; hit")
	})
}

// A handler that answers 304 before it comes to SetTTL confirms what it said of the
// page then.
func TestSetTTLSurvivesA304(t *testing.T) {
	for _, ttl := range []time.Duration{10 * time.Second, 48 * time.Hour, 0} {
		for _, b := range []cache.Backend{nil, far{memory.New(nil)}} {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t, b, &pagecache.Options{TTL: time.Hour}, func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Etag", `"1"`)
					if r.Header.Get("If-None-Match") == `"1"` {
						w.WriteHeader(http.StatusNotModified)
						return
					}
					pagecache.SetTTL(r.Context(), ttl)
					_, _ = io.WriteString(w, "page")
				})
				s.get("/")
				for range 3 {
					if ttl > 0 {
						time.Sleep(ttl - time.Second)
						wantStatus(t, s.get("/"), "fresh", "uncache; hit; ttl=1")
					}
					time.Sleep(2 * time.Second)
					wantStatus(t, s.get("/"), "confirmed", "uncache; fwd=stale; fwd-status=304; stored")
				}
			})
		}
	}
}

// What a handler says of a page that it confirms counts for that.
func TestSetTTLWithA304(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ttl := time.Minute
		s := newSite(t, nil, &pagecache.Options{}, func(w http.ResponseWriter, r *http.Request) {
			pagecache.SetTTL(r.Context(), ttl)
			w.Header().Set("Etag", `"1"`)
			if r.Header.Get("If-None-Match") == `"1"` {
				w.WriteHeader(http.StatusNotModified)
			}
		})
		s.get("/")
		time.Sleep(time.Minute)
		ttl = time.Hour
		wantStatus(t, s.get("/"), "confirmed", "uncache; fwd=stale; fwd-status=304; stored")
		time.Sleep(time.Hour - time.Millisecond)
		wantStatus(t, s.get("/"), "within the hour", "uncache; hit")
	})
}

// When a handler may say DoNotStore, and that nobody else is given its page then.
var doNotStoreCases = map[string]func(w http.ResponseWriter, r *http.Request){
	"first": func(w http.ResponseWriter, r *http.Request) {
		pagecache.DoNotStore(r.Context())
		_, _ = io.WriteString(w, "page")
	},
	"after the status": func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		pagecache.DoNotStore(r.Context())
		_, _ = io.WriteString(w, "page")
	},
	"after the first byte": func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "pa")
		pagecache.DoNotStore(r.Context())
		_, _ = io.WriteString(w, "ge")
	},
	"last": func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "page")
		pagecache.DoNotStore(r.Context())
	},
	"after a flush": func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "page")
		_ = http.NewResponseController(w).Flush()
		pagecache.DoNotStore(r.Context())
	},
	"goroutine": func(w http.ResponseWriter, r *http.Request) {
		done := make(chan struct{})
		go func() { defer close(done); pagecache.DoNotStore(r.Context()) }()
		_, _ = io.WriteString(w, "page")
		<-done
	},
	"beside a lifetime": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=60")
		pagecache.SetTTL(r.Context(), time.Hour)
		pagecache.DoNotStore(r.Context())
		_, _ = io.WriteString(w, "page")
	},
	"in a derived context": func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancel(context.WithValue(r.Context(), derivedKey{}, 1))
		defer cancel()
		pagecache.DoNotStore(ctx)
		_, _ = io.WriteString(w, "page")
	},
}

type derivedKey struct{}

func TestDoNotStore(t *testing.T) {
	for name, write := range doNotStoreCases {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, nil, nil, write)
			for range 3 {
				resp := s.get("/")
				if got := body(t, resp); got != "page" {
					t.Errorf("got %q", got)
				}
				if st := resp.Header.Get("Cache-Status"); strings.Contains(st, "stored") || name != "after a flush" && !strings.HasSuffix(st, "; detail=do-not-store") {
					t.Errorf("Cache-Status is %q", st)
				}
			}
			if n := s.rendered(); n != 3 {
				t.Errorf("%d renderings, want 3", n)
			}
		})
	}
}

// Requests that wait are let go as soon as the handler has said so, and render for
// themselves.
func TestDoNotStoreLetsWaitingRequestsGo(t *testing.T) {
	for name, first := range map[string]string{"before the header": "", "after the first byte": "page "} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				goOn := make(chan struct{})
				var n atomic.Int64
				s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) {
					own := n.Add(1)
					if own == 1 {
						<-goOn
					}
					_, _ = io.WriteString(w, first)
					pagecache.DoNotStore(r.Context())
					if own == 1 {
						time.Sleep(time.Hour) // the others don't wait for the rest
					}
					fmt.Fprint(w, own)
				})
				seen := make(chan string, 5)
				start := time.Now()
				for range 5 {
					go func() {
						seen <- body(t, s.get("/"))
						if took := time.Since(start); took > 0 && took < time.Hour {
							t.Errorf("a request waited for %v", took)
						}
					}()
				}
				synctest.Wait()
				close(goOn)
				pages := map[string]bool{}
				for range 5 {
					pages[<-seen] = true
				}
				if len(pages) != 5 {
					t.Errorf("five visitors were given %v, want five pages", pages)
				}
			})
		})
	}
}

// A page that was stored is not kept when its successor must not be.
func TestDoNotStoreForgetsTheOldPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		own := false
		s := newSite(t, nil, &pagecache.Options{TTL: time.Minute, StaleIfError: time.Hour}, func(w http.ResponseWriter, r *http.Request) {
			if own {
				pagecache.DoNotStore(r.Context())
			}
			w.Header().Set("Etag", `"1"`)
			if r.Header.Get("If-None-Match") == `"1"` {
				w.WriteHeader(http.StatusNotModified)
			}
		})
		s.get("/")
		time.Sleep(2 * time.Minute)
		own = true
		wantStatus(t, s.get("/"), "confirmed", "uncache; fwd=stale; fwd-status=304; detail=do-not-store")
		wantStatus(t, s.get("/"), "afterwards", "uncache; fwd=miss; detail=do-not-store")
	})
}

// A part of a page that a handler asks the cache for: what it says of itself counts
// for the page around it, but makes that no younger.
func TestPageInAPage(t *testing.T) {
	for _, tt := range []struct {
		outer, inner time.Duration
		refuse       bool
		want         time.Duration
	}{
		{outer: time.Hour, inner: time.Minute, want: time.Minute},
		{outer: time.Minute, inner: time.Hour, want: time.Minute},
		{outer: 0, inner: time.Minute, want: time.Minute},
		{outer: 0, inner: 48 * time.Hour, want: 24 * time.Hour}, // Options.TTL
		{outer: time.Hour, refuse: true, want: 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			var s *site
			s = newSite(t, nil, &pagecache.Options{TTL: 24 * time.Hour}, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/part" {
					if tt.inner > 0 {
						pagecache.SetTTL(r.Context(), tt.inner)
					}
					if tt.refuse {
						pagecache.DoNotStore(r.Context())
					}
					return
				}
				if tt.outer > 0 {
					pagecache.SetTTL(r.Context(), tt.outer)
				}
				part := httptest.NewRequestWithContext(r.Context(), "GET", "/part", nil)
				s.ServeHTTP(httptest.NewRecorder(), part)
			})
			s.get("/")
			if tt.want > 0 {
				time.Sleep(tt.want - time.Millisecond)
				wantStatus(t, s.get("/"), fmt.Sprintf("%+v, before", tt), "uncache; hit")
				time.Sleep(time.Millisecond)
			}
			if st := s.get("/").Header.Get("Cache-Status"); strings.Contains(st, "hit") {
				t.Errorf("%+v: %s after %v", tt, st, tt.want)
			}
		})
	}
}

// What a handler leaves in a request that passes is there for those around the
// cache: the route, and the form, whose files the server deletes.
func TestRequestAfterAPass(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/form/{id}", func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseMultipartForm(1)
	})
	for _, method := range []string{"POST", "OPTIONS", "GET"} {
		s := newSite(t, nil, &pagecache.Options{Skip: func(*http.Request) bool { return true }}, mux.ServeHTTP)
		var text strings.Builder
		form := multipart.NewWriter(&text)
		_ = form.WriteField("a", "b")
		_ = form.Close()
		r := httptest.NewRequestWithContext(t.Context(), method, "/form/1", strings.NewReader(text.String()))
		r.Header.Set("Content-Type", form.FormDataContentType())
		s.ServeHTTP(httptest.NewRecorder(), r)
		if r.Pattern != "/form/{id}" || r.MultipartForm == nil || r.Form.Get("a") != "b" {
			t.Errorf("%s: the pattern is %q, the form %v and %v", method, r.Pattern, r.Form, r.MultipartForm)
		}
	}
}

// Fetch's own contexts lead somewhere.
func TestPageFunctionsInFetch(t *testing.T) {
	m := memory.New(nil)
	defer m.Close()
	store, err := coherent.New(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	told := observeStray(t)
	_, err = coherent.Fetch(t.Context(), store, "k", time.Minute, func(ctx context.Context, _ *coherent.Deps) (int, error) {
		callAll(ctx)
		return 1, nil
	})
	if err != nil || len(told()) != 0 {
		t.Errorf("Fetch: %v, told %v", err, told())
	}
	_ = store.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{cache.Group("g")}})
}
