package pagecache_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/pagecache"
)

// logged returns a logger from a level on, and what it has written since the last call,
// without times.
func logged(level slog.Level) (*slog.Logger, func() string) {
	var out bytes.Buffer
	h := slog.NewTextHandler(&out, &slog.HandlerOptions{Level: level, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})
	return slog.New(h), func() string {
		defer out.Reset()
		return out.String()
	}
}

// What is not stored is logged once for each route and reason. What is stored, and a hit,
// is not.
func TestSlogObserverOfUnstored(t *testing.T) {
	logger, written := logged(slog.LevelInfo)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /private/{id}", func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Cache-Control", "private") })
	mux.HandleFunc("GET /public/{id}", func(w http.ResponseWriter, r *http.Request) {})
	s := newSite(t, nil, &pagecache.Options{TTL: time.Hour, Observe: pagecache.SlogObserver(logger)}, mux.ServeHTTP)
	for i := range 3 {
		s.get(fmt.Sprint("/public/", i%2))
		s.get(fmt.Sprint("/private/", i))
		s.do(http.MethodPost, "/private/1")
	}
	s.purge(cache.Path("/public/1"))
	s.get("/public/1")
	const want = `level=INFO msg="cache: responses of this route are not stored" method=GET path=/private/0 outcome=miss detail=private status=200 bytes=0 handler=H pattern="GET /private/{id}"
`
	got := written()
	if _, after, ok := strings.Cut(got, " handler="); ok {
		took, _, _ := strings.Cut(after, " ")
		got = strings.Replace(got, took, "H", 1)
	}
	if got != want {
		t.Errorf("logged\n%swant\n%s", got, want)
	}
}

// The levels of what is told.
func TestSlogObserver(t *testing.T) {
	logger, written := logged(slog.LevelDebug)
	observe := pagecache.SlogObserver(logger)
	r := httptest.NewRequest(http.MethodPost, "/a", nil)
	for _, tt := range []struct {
		o    pagecache.Observation
		want string
	}{
		{pagecache.Observation{Hit: true, Status: 200, Bytes: 7, Pattern: "/a"}, `level=DEBUG msg="cache: request" method=POST path=/a outcome=hit status=200 bytes=7 pattern=/a`},
		{pagecache.Observation{Forward: "miss", Stored: true, Status: 200, Groups: []string{"g"}, Warm: true}, `level=DEBUG msg="cache: request" method=POST path=/a outcome=miss stored=true status=200 bytes=0 groups=[g] warm=true`},
		{pagecache.Observation{Forward: "miss", Detail: "purged", Refreshed: true}, `level=DEBUG msg="cache: request" method=POST path=/a outcome=miss detail=purged bytes=0 refreshed=true`},
		{pagecache.Observation{Forward: "miss", Collapsed: true, Detail: "purged"}, `level=DEBUG msg="cache: request" method=POST path=/a outcome=collapsed detail=purged bytes=0`},
		{pagecache.Observation{Forward: "bypass", Detail: "unknown-host"}, `level=INFO msg="cache: responses of this route are not stored" method=POST path=/a outcome=bypass detail=unknown-host bytes=0`},
		{pagecache.Observation{Forward: "bypass", Detail: "unknown-host"}, `level=DEBUG msg="cache: request" method=POST path=/a outcome=bypass detail=unknown-host bytes=0`},
		{pagecache.Observation{Detail: "name more fields"}, `level=INFO msg="cache: name more fields" method=POST path=/a detail="name more fields"`},
		{pagecache.Observation{Forward: "method", Err: errors.New("refused")}, `level=ERROR msg="cache: a purge after an unsafe request failed" method=POST path=/a outcome=method bytes=0 error=refused`},
		{pagecache.Observation{Forward: "miss", Detail: "set-cookie", Err: pagecache.ErrNotStored}, `level=WARN msg="cache: a response was not stored, although its Cache-Status says so" method=POST path=/a outcome=miss detail=set-cookie bytes=0 error="` + pagecache.ErrNotStored.Error() + `"`},
		{pagecache.Observation{Detail: "AddGroups", Err: fmt.Errorf("x: %w", pagecache.ErrContext)}, `level=WARN msg="cache: a call with a context that leads to no request was lost" method=POST path=/a detail=AddGroups error="x: ` + pagecache.ErrContext.Error() + `"`},
		{pagecache.Observation{Detail: "oh", Err: fmt.Errorf("oh: %w", cache.ErrPanic)}, `level=ERROR msg="cache: a panic" method=POST path=/a detail=oh error="oh: ` + cache.ErrPanic.Error() + `"`},
	} {
		observe(r, tt.o)
		if got := written(); got != tt.want+"\n" {
			t.Errorf("%+v: logged\n%swant\n%s", tt.o, got, tt.want)
		}
	}
}

func TestSlogObserverOfNil(t *testing.T) {
	defer func() {
		if p := recover(); !strings.HasPrefix(fmt.Sprint(p), "pagecache: SlogObserver") {
			t.Errorf("panic: %v", p)
		}
	}()
	pagecache.SlogObserver(nil)
}
