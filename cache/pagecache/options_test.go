package pagecache_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
)

// A number without a unit is nanoseconds.
func TestDurationsWithoutAUnit(t *testing.T) {
	for says, o := range map[string]pagecache.Options{
		"TTL is 600ns: it must be 0, or at least 1ms; seconds are written 600*time.Second": {TTL: 600},
		"ErrorTTL is 60ns":             {ErrorTTL: 60},
		"StaleWhileRevalidate is 30ns": {StaleWhileRevalidate: 30},
		"StaleIfError is 60ns":         {StaleIfError: 60},
		"KeepStale is 1ns":             {KeepStale: 1},
		"RefreshTimeout is 30µs":       {RefreshTimeout: 30_000},
		"PurgeTimeout is 5ns":          {PurgeTimeout: 5},
	} {
		wantOptionsError(t, o, says)
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
	if _, err := pagecache.New(store, &o); !errors.Is(err, pagecache.ErrOptions) || !strings.Contains(err.Error(), says) {
		t.Errorf("New(%+v): error %v, want ErrOptions with %q", o, err, says)
	}
}
