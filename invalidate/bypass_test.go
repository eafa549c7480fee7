package invalidate_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/integrate"
	"github.com/uncache/uncache/invalidate/internal/invtest"
)

// site is a row that a page shows, over a real cache.
type site struct {
	inv    *invalidate.Invalidator
	values *coherent.Cache
	pages  http.Handler
	// row is what a reader with this context sees: the writer's own row, which is in
	// its context, or the committed one.
	committed string
}

type rowKey struct{}

func newSite(t *testing.T) *site {
	values, err := coherent.New(memory.New(nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := values.Close(); err != nil {
			t.Error(err)
		}
	})
	pages, err := pagecache.New(values, &pagecache.Options{TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	s := &site{values: values, committed: "old"}
	s.pages = pages.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, s.row(r.Context()))
	}))
	s.inv = invalidate.New(pages, nil)
	invalidate.Register(s.inv, func(*Post, *invalidate.Targets) {})
	invalidate.Register(s.inv, func(_ Author, to *invalidate.Targets) { to.Path("/row"); to.Group("row") })
	return s
}

func (s *site) row(ctx context.Context) string {
	if own, ok := ctx.Value(rowKey{}).(*string); ok {
		return *own
	}
	return s.committed
}

// get returns the page, and whether it came from the cache.
func (s *site) get(t *testing.T, ctx context.Context) (body string, hit bool) {
	t.Helper()
	w := httptest.NewRecorder()
	s.pages.ServeHTTP(w, httptest.NewRequest("GET", "/row", nil).WithContext(ctx))
	all, err := io.ReadAll(w.Body)
	if err != nil {
		t.Error(err)
	}
	return string(all), strings.Contains(w.Header().Get("Cache-Status"), "hit")
}

func (s *site) fetch(t *testing.T, ctx context.Context) string {
	t.Helper()
	v, err := coherent.Fetch(ctx, s.values, "row", time.Hour, func(ctx context.Context, deps *coherent.Deps) (string, error) {
		deps.Add(cache.Group("row"))
		return s.row(ctx), nil
	})
	if err != nil {
		t.Error(err)
	}
	return v
}

// wantBoth fails unless both the page and the value are want.
func (s *site) wantBoth(t *testing.T, ctx context.Context, who, want string) {
	t.Helper()
	if got, _ := s.get(t, ctx); got != want {
		t.Errorf("%s is given the page %q, want %q", who, got, want)
	}
	if got := s.fetch(t, ctx); got != want {
		t.Errorf("%s is given the value %q, want %q", who, got, want)
	}
}

// The writer reads what it has written. Others read it only after COMMIT, whether or
// not the old row was cached before.
func TestTransactionBypassesTheCache(t *testing.T) {
	oops := errors.New("oops")
	for _, warm := range []bool{true, false} {
		for _, end := range []error{nil, oops} {
			t.Run(fmt.Sprintf("warm: %v, end: %v", warm, end), func(t *testing.T) {
				s := newSite(t)
				db, _ := newDB(t, new(invtest.Trace))
				everybody := t.Context()
				if warm {
					s.wantBoth(t, everybody, "a reader", "old")
				}
				err := s.inv.InTx(t.Context(), db, nil, func(ctx context.Context, _ *sql.Tx) error {
					own := "new"
					ctx = context.WithValue(ctx, rowKey{}, &own)
					if err := s.inv.Invalidate(ctx, Author{}); err != nil {
						t.Error(err)
					}
					s.wantBoth(t, ctx, "the writer", "new")
					own = "newer"
					s.wantBoth(t, ctx, "the writer", "newer")
					if _, hit := s.get(t, ctx); hit {
						t.Error("the writer was served from the cache")
					}
					s.wantBoth(t, everybody, "a reader", "old")
					if end == nil {
						s.committed = own // as COMMIT does before it returns
					}
					return end
				})
				if !errors.Is(err, end) {
					t.Errorf("InTx: got %v, want %v", err, end)
				}
				want := "newer"
				if end != nil {
					want = "old"
				}
				s.wantBoth(t, everybody, "a reader", want)
				if _, hit := s.get(t, everybody); !hit {
					t.Error("a reader is not served from the cache after the transaction")
				}
			})
		}
	}
}

// In a context that follows transactions the cache serves, except while one is open.
func TestFollowedTransactionBypassesTheCache(t *testing.T) {
	s := newSite(t)
	everybody := t.Context()
	s.wantBoth(t, everybody, "a reader", "old")
	ctx, _ := invalidate.Follow(t.Context())
	if _, hit := s.get(t, ctx); !hit {
		t.Error("the cache does not serve before the transaction")
	}

	own := "new"
	inside := context.WithValue(ctx, rowKey{}, &own)
	tx := integrate.Begin(ctx)
	if err := s.inv.Invalidate(inside, Author{}); err != nil {
		t.Error(err)
	}
	s.wantBoth(t, inside, "the writer", "new")
	s.wantBoth(t, everybody, "a reader", "old")
	s.committed = "new"
	if err := tx.Flush(ctx); err != nil {
		t.Error(err)
	}
	s.wantBoth(t, everybody, "a reader", "new")
	if _, hit := s.get(t, ctx); !hit {
		t.Error("the cache does not serve after the transaction")
	}
}
