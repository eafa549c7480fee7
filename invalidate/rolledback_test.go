package invalidate_test

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/integrate"
	"github.com/uncache/uncache/invalidate/internal/invtest"
)

// A handler that saves, shows what it has saved, and rolls back, answers 200 with what
// never was committed. Nothing will ever purge that. So it is not stored, nor given to
// requests that wait, in whichever way the transaction was rolled back.
func TestRolledBackPageIsNotStored(t *testing.T) {
	oops := errors.New("oops")
	db, _ := newDB(t, new(invtest.Trace))
	inTx := func(end error) func(ctx context.Context, inv *invalidate.Invalidator, show func()) {
		return func(ctx context.Context, inv *invalidate.Invalidator, show func()) {
			_ = inv.InTx(ctx, db, nil, func(ctx context.Context, _ *sql.Tx) error {
				show()
				if end != nil {
					return end // before Invalidate was called
				}
				return inv.Invalidate(ctx, Author{})
			})
		}
	}
	reading := func(ctx context.Context, inv *invalidate.Invalidator, show func()) {
		err := inv.InTx(ctx, db, &sql.TxOptions{ReadOnly: true}, func(context.Context, *sql.Tx) error { show(); return oops })
		if !errors.Is(err, oops) {
			t.Errorf("InTx: got %v, want %v", err, oops)
		}
	}
	for _, tt := range []struct {
		name   string
		render func(ctx context.Context, inv *invalidate.Invalidator, show func())
		stored bool
	}{
		{"a transaction", inTx(oops), false},
		{"a transaction that fn has rolled back itself", func(ctx context.Context, inv *invalidate.Invalidator, show func()) {
			err := inv.InTx(ctx, db, nil, func(_ context.Context, tx *sql.Tx) error {
				show()
				return errors.Join(tx.Rollback(), oops)
			})
			if !errors.Is(err, invalidate.ErrCommitUnknown) {
				t.Errorf("InTx: got %v, want ErrCommitUnknown", err)
			}
		}, false},
		{"a transaction that only reads", reading, true},
		{"a savepoint", func(ctx context.Context, inv *invalidate.Invalidator, show func()) {
			_ = inv.InTx(ctx, db, nil, func(ctx context.Context, tx *sql.Tx) error {
				err := invalidate.Savepoint(ctx, tx, func(context.Context) error { show(); return oops })
				if !errors.Is(err, invalidate.ErrRolledBack) {
					t.Errorf("Savepoint: got %v, want ErrRolledBack", err)
				}
				return nil
			})
		}, false},
		{"a batch", func(ctx context.Context, inv *invalidate.Invalidator, show func()) {
			ctx, batch := invalidate.WithBatch(ctx)
			show()
			_ = inv.Invalidate(ctx, Author{})
			batch.Discard()
		}, false},
		{"a mark", func(ctx context.Context, inv *invalidate.Invalidator, show func()) {
			ctx, batch := invalidate.WithBatch(ctx)
			m := integrate.NewMark(batch)
			show()
			_ = inv.Invalidate(ctx, Author{})
			integrate.Rewind(batch, m)
			_ = batch.Flush(ctx)
		}, false},
		{"a driver", func(ctx context.Context, inv *invalidate.Invalidator, show func()) {
			ctx, _ = invalidate.Follow(ctx)
			tx := integrate.Begin(ctx)
			show()
			_ = inv.Invalidate(ctx, Author{})
			tx.Discard()
		}, false},
		{"an adapter", func(ctx context.Context, inv *invalidate.Invalidator, show func()) {
			batch := integrate.NewBatch(ctx)
			show()
			_ = inv.Invalidate(integrate.WithBatch(context.Background(), batch), Author{})
			batch.Discard()
		}, false},
		{"a batch in which nothing was invalidated: it only read", func(ctx context.Context, _ *invalidate.Invalidator, show func()) {
			_, batch := invalidate.WithBatch(ctx)
			show()
			batch.Discard()
		}, true},
		{"nothing", func(_ context.Context, _ *invalidate.Invalidator, show func()) { show() }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			values, err := coherent.New(memory.New(nil), nil)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = values.Close() })
			pages, err := pagecache.New(values, &pagecache.Options{TTL: time.Hour})
			if err != nil {
				t.Fatal(err)
			}
			inv := invalidate.New(pages, nil)
			invalidate.Register(inv, func(_ Author, to *invalidate.Targets) { to.Path("/elsewhere") })
			site := pages.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				ctx, show := r.Context(), func() { _, _ = io.WriteString(w, "what never was") }
				if r.URL.Path == "/value" {
					// The page shows a value of Fetch, whose making was rolled back.
					text, err := coherent.Fetch(ctx, values, "value", time.Hour, func(ctx context.Context, _ *coherent.Deps) (string, error) {
						tt.render(ctx, inv, func() {})
						return "what never was", nil
					})
					if err != nil {
						t.Error(err)
					}
					_, _ = io.WriteString(w, text)
					return
				}
				tt.render(ctx, inv, show)
			}))
			status := func(path string) string {
				w := httptest.NewRecorder()
				site.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
				if got := w.Body.String(); got != "what never was" {
					t.Errorf("GET %s: got %q", path, got)
				}
				return w.Header().Get("Cache-Status")
			}
			want := "uncache; fwd=miss; detail=rolled-back"
			if tt.stored {
				want = "uncache; fwd=miss; stored"
			}
			for _, path := range []string{"/page", "/value"} {
				if got := status(path); got != want {
					t.Errorf("GET %s: got %q, want %q", path, got, want)
				}
				if !tt.stored {
					if got := status(path); got != want {
						t.Errorf("GET %s again: got %q, want %q", path, got, want)
					}
				}
			}
			loaded := false
			_, err = coherent.Fetch(t.Context(), values, "value", time.Hour, func(context.Context, *coherent.Deps) (string, error) {
				loaded = true
				return "", nil
			})
			if err != nil || loaded == tt.stored {
				t.Errorf("the value was stored: %v, %v; want %v", !loaded, err, tt.stored)
			}
		})
	}
}
