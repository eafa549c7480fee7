package pagecache_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
)

// What New refuses names the field, and says what is wrong with it. A number without a
// unit is nanoseconds.
func TestOptionsAreValidated(t *testing.T) {
	for says, o := range map[string]pagecache.Options{
		"Options.TTL: 600ns is less than 1ms; seconds are written 600*time.Second": {TTL: 600},
		"Options.TTL: -1s is negative":                                             {TTL: -time.Second},
		"Options.ErrorTTL: 60ns is less than 1ms":                                  {ErrorTTL: 60},
		"Options.StaleWhileRevalidate: 30ns is less than 1ms":                      {StaleWhileRevalidate: 30},
		"Options.StaleIfError: 60ns is less than 1ms":                              {StaleIfError: 60},
		"Options.KeepStale: 1ns is less than 1ms":                                  {KeepStale: 1},
		"Options.RefreshTimeout: 30µs is less than 1ms":                            {RefreshTimeout: 30_000},
		"Options.PurgeTimeout: 5ns is less than 1ms":                               {PurgeTimeout: 5},
		"Options.CollapseTimeout: -1s is negative":                                 {CollapseTimeout: -time.Second},
		"Options.EarlyRefresh: -1 is not from 0 to 1000":                           {EarlyRefresh: -1},
		"Options.Warm: -1 is negative":                                             {Warm: -1},
		"Options.MaxBody: -1 is negative":                                          {MaxBody: -1},
		"Options.MaxVariants: -1 is negative":                                      {MaxVariants: -1},
		`Options.Name: "a b" is no token`:                                          {Name: "a b"},
		`Options.Name: "1" is no token`:                                            {Name: "1"},
		`Options.Targeted: "a b" is not the name of a header`:                      {Targeted: []string{"a b"}},
		`Options.IgnoreVary: "" is not the name of a header`:                       {IgnoreVary: []string{""}},
		`Options.SessionCookies: "a=b": `:                                          {SessionCookies: []string{"a=b"}},
	} {
		wantOptionsError(t, o, says)
	}
	m := memory.New(nil)
	defer m.Close()
	for want, open := range map[string]func() (*pagecache.Cache, error){
		"pagecache: New: the coherent cache is nil; look at the error that came with it": func() (*pagecache.Cache, error) { return pagecache.New(nil, nil) },
		"pagecache: Open: the backend is nil; look at the error that came with it":       func() (*pagecache.Cache, error) { return pagecache.Open((*memory.Backend)(nil), nil) },
		"pagecache: Options.Warm: -1 is negative":                                        func() (*pagecache.Cache, error) { return pagecache.Open(m, &pagecache.Options{Warm: -1}) },
	} {
		if _, err := open(); !errors.Is(err, pagecache.ErrOptions) || err.Error() != want {
			t.Errorf("%v, want ErrOptions with %q", err, want)
		}
	}
}

// Close of what Open has made ends the coherent cache too: nothing is served or stored
// after it. The backend stays open.
func TestOpen(t *testing.T) {
	m := memory.New(nil)
	defer m.Close()
	pages, err := pagecache.Open(m, &pagecache.Options{TTL: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	site := pages.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	status := func() string {
		w := httptest.NewRecorder()
		site.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		return w.Header().Get("Cache-Status")
	}
	for _, want := range []string{"uncache; fwd=miss; stored", "uncache; hit; ttl=59"} {
		if got := status(); got != want {
			t.Errorf("Cache-Status is %q, want %q", got, want)
		}
	}
	for range 2 {
		if err := pages.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := status(), "uncache; fwd=bypass; detail=cache-unavailable"; got != want {
		t.Errorf("after Close: Cache-Status is %q, want %q", got, want)
	}
	if _, ok, err := m.Get(t.Context(), "x"); ok || err != nil {
		t.Errorf("after Close the backend says %v", err)
	}
}

func TestHandlerOfNothing(t *testing.T) {
	s := newSite(t, nil, nil, nil)
	for _, next := range []http.Handler{nil, (*http.ServeMux)(nil), http.HandlerFunc(nil)} {
		func() {
			defer func() {
				if got, want := recover(), any("pagecache: Handler: the handler is nil"); got != want {
					t.Errorf("Handler(%T): panic %v, want %v", next, got, want)
				}
			}()
			s.pages.Handler(next)
		}()
	}
}

// wantOptionsError wants New to refuse options, and to say what to write.
func wantOptionsError(t *testing.T, o pagecache.Options, says string) {
	t.Helper()
	m := memory.New(nil)
	defer m.Close()
	store, err := coherent.New(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if _, err := pagecache.New(store, &o); !errors.Is(err, pagecache.ErrOptions) || !strings.HasPrefix(err.Error(), "pagecache: "+says) {
		t.Errorf("New(%+v): error %v, want ErrOptions with %q", o, err, says)
	}
}
