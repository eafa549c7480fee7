package invalidate_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
)

func TestFlushAgainAfterAnError(t *testing.T) {
	good, bad := newPurger(), newPurger()
	bad.err = errors.New("refused")
	ctx, batch := invalidate.WithBatch(t.Context())
	invalidatePost(t, ctx, newBlog(bad, nil), "a")
	invalidatePost(t, ctx, newBlog(good, nil), "b")

	err := batch.Flush(ctx)
	var failed *invalidate.PurgeError
	if !errors.As(err, &failed) || !errors.Is(err, bad.err) {
		t.Errorf("Flush: got %v, want a PurgeError that wraps %v", err, bad.err)
	}
	good.Trace.Want(t, "PURGE path:/blog/ path:/blog/b/")

	bad.err = nil
	flush(t, ctx, batch)
	flush(t, ctx, batch)
	bad.Trace.Want(t, "PURGE path:/blog/ path:/blog/a/", "PURGE path:/blog/ path:/blog/a/")
	good.one(t)
}

// What was saved is purged, also after a Discard.
func TestDiscardAfterAFailedFlush(t *testing.T) {
	p := newPurger()
	p.err = errors.New("refused")
	ctx, batch := invalidate.WithBatch(t.Context())
	invalidatePost(t, ctx, newBlog(p, nil), "a")
	if err := batch.Flush(ctx); !errors.Is(err, p.err) {
		t.Errorf("Flush: got %v, want %v", err, p.err)
	}
	batch.Discard()
	p.err = nil
	flush(t, ctx, batch)
	flush(t, ctx, batch)
	p.Trace.Want(t, "PURGE path:/blog/ path:/blog/a/", "PURGE path:/blog/ path:/blog/a/")
}

// A Flush that returns nil says that everything is purged, though another one did it.
// If the other could not, this one tries again.
func TestFlushWaitsForAnother(t *testing.T) {
	refused := errors.New("refused")
	for name, first := range map[string]error{"purged": nil, "refused": refused} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun, purged := 0, 0
				inv := newBlog(invalidate.PurgerFunc(func(context.Context, cache.Event) error {
					begun++
					if begun > 1 {
						purged++
						return nil
					}
					time.Sleep(time.Second)
					if first == nil {
						purged++
					}
					return first
				}), nil)
				ctx, batch := invalidate.WithBatch(t.Context())
				invalidatePost(t, ctx, inv, "a")
				done := make(chan error)
				go func() { done <- batch.Flush(ctx) }()
				synctest.Wait()
				if begun != 1 {
					t.Fatalf("the first Flush has begun %d purges, want 1", begun)
				}
				go func() {
					flush(t, ctx, batch)
					if purged != 1 {
						t.Errorf("the second Flush returned nil with %d purges done, want 1", purged)
					}
					done <- nil
				}()
				if err := errors.Join(<-done, <-done); !errors.Is(err, first) {
					t.Errorf("the first Flush: got %v, want %v", err, first)
				}
			})
		})
	}
}
