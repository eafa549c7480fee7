package pagecache_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/keys"
)

func newKeys(t testing.TB, opts *keys.Options) *keys.Builder {
	t.Helper()
	b, err := keys.New("page", opts)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What the cache has no part in says why.
func TestDetailsOfWhatIsPassed(t *testing.T) {
	b := newKeys(t, &keys.Options{Hosts: []string{"example.com"}, Query: []string{"page"}})
	s := newSite(t, nil, &pagecache.Options{
		TTL: time.Minute, Keys: b,
		Skip: func(r *http.Request) bool { return r.URL.Path == "/admin/" },
	}, func(w http.ResponseWriter, _ *http.Request) {})
	for _, tt := range []struct {
		target string
		fields []string
		want   string
	}{
		{"http://example.com/admin/", nil, "uncache; fwd=bypass; detail=skip"},
		{"http://example.com/", []string{"Upgrade: websocket", "Connection: upgrade"}, "uncache; fwd=bypass; detail=upgrade"},
		{"http://example.com/", []string{`If-Match: "a"`}, "uncache; fwd=request; detail=precondition"},
		{"http://example.com/", []string{"Connection: X-Secret"}, "uncache; fwd=request; detail=connection"},
		{"http://127.0.0.1:8080/", nil, "uncache; fwd=bypass; detail=unknown-host"},
		{"http://example.com/?page=2&a;b", nil, "uncache; fwd=bypass; detail=query"},
		{"http://example.com/a/../b", nil, "uncache; fwd=bypass; detail=path"},
		{"http://user@example.com/", nil, "uncache; fwd=bypass; detail=no-key"},
	} {
		wantStatus(t, s.get(tt.target, tt.fields...), tt.target, tt.want)
	}
	r := httptest.NewRequestWithContext(cache.WithBypass(t.Context()), "GET", "http://example.com/", nil)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	wantStatus(t, w.Result(), "in a transaction", "uncache; fwd=bypass; detail=bypassed")
}

// A handler that says no-store is not given the parameters that don't count
// either: nobody knows what it will say before it is asked. Cache-Status tells of
// it, and Skip is the way out.
func TestPrivateHandlerIsNotGivenWhatDoesNotCount(t *testing.T) {
	s := newSite(t, nil, &pagecache.Options{
		TTL: time.Minute, Keys: newKeys(t, &keys.Options{Query: []string{"page"}}),
		Skip: func(r *http.Request) bool { return r.URL.Path == "/reset/" },
	}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		fmt.Fprint(w, r.FormValue("token"))
	})
	for _, tt := range []struct{ target, body, status string }{
		{"/confirm/?token=x", "", "uncache; fwd=miss; detail=no-store:query-cut"},
		{"/confirm/?page=2", "", "uncache; fwd=miss; detail=no-store"},
		{"/reset/?token=x", "x", "uncache; fwd=bypass; detail=skip"},
	} {
		resp := s.get(tt.target)
		wantStatus(t, resp, tt.target, tt.status)
		if got := body(t, resp); got != tt.body {
			t.Errorf("%s: the handler read the token %q, want %q", tt.target, got, tt.body)
		}
	}
}

func queryOf(names ...string) *keys.Options { return &keys.Options{Query: names} }
