package pagecache_test

import (
	"errors"
	"net/http"
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
	const want = "pagecache: New: the coherent cache is nil; look at the error that came with it"
	if _, err := pagecache.New(nil, nil); !errors.Is(err, pagecache.ErrOptions) || err.Error() != want {
		t.Errorf("New(nil, nil): %v, want ErrOptions with %q", err, want)
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
