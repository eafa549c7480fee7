package pagecache_test

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uncache/uncache/cache/pagecache"
)

// httputil.ReverseProxy says that its origin has broken off by a panic, and only where
// its context has a server: not under net/http/fcgi, nor in a function that a cloud
// calls. There, too, half of a page is not stored. Its visitor gets what there is.
func TestOriginBreaksOffWhereThereIsNoServer(t *testing.T) {
	const whole = "first half, second half"
	for name, tt := range map[string]struct {
		opts   pagecache.Options
		fields []string
		length bool // the origin says how long it is
	}{
		"chunked":     {},
		"with length": {length: true},
		"a range":     {opts: pagecache.Options{Proxy: &pagecache.Proxy{Transparent: true}}, fields: []string{"Range: bytes=0-30"}},
		"stale":       {opts: pagecache.Options{KeepStale: time.Minute}},
	} {
		t.Run(name, func(t *testing.T) {
			var breaks atomic.Bool
			breaks.Store(true)
			origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if tt.length {
					w.Header().Set("Content-Length", "23")
				}
				w.Header().Set("Cache-Control", "max-age=60")
				_, _ = io.WriteString(w, whole[:12])
				w.(http.Flusher).Flush()
				if breaks.Load() {
					panic(http.ErrAbortHandler)
				}
				_, _ = io.WriteString(w, whole[12:])
			}))
			defer origin.Close()
			origin.Config.ErrorLog = log.New(io.Discard, "", 0)
			to, err := url.Parse(origin.URL)
			if err != nil {
				t.Fatal(err)
			}
			proxy := httputil.NewSingleHostReverseProxy(to)
			proxy.ErrorLog = origin.Config.ErrorLog
			s := newSite(t, nil, &tt.opts, proxy.ServeHTTP)
			resp := s.get("/", tt.fields...)
			if got := body(t, resp); got != whole[:12] {
				t.Errorf("the visitor got %q, want what there is", got)
			}
			if status := resp.Header.Get("Cache-Status"); strings.Contains(status, "stored") && tt.length {
				t.Errorf("Cache-Status is %q", status)
			}
			breaks.Store(false)
			for range 2 {
				if got := body(t, s.get("/")); got != whole {
					t.Errorf("the next visitor got %q", got)
				}
			}
		})
	}
}

// To look for the server before the header is written says nothing.
func TestHandlerLooksForTheServer(t *testing.T) {
	s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) {
		_ = r.Context().Value(http.ServerContextKey)
		_, _ = io.WriteString(w, "page")
	})
	s.get("/")
	wantStatus(t, s.get("/"), "the second time", "uncache; hit")
}
