package invalidate_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
)

// Outside of a transaction an event is kept when its purge has failed.
func TestKeep(t *testing.T) {
	refused, full := errors.New("refused"), errors.New("disk full")
	tests := []struct {
		name        string
		purge, keep error
		kept        bool
		unpurged    int
	}{
		{"purged", nil, nil, false, 0},
		{"refused", refused, nil, true, 0},
		{"refused twice", refused, full, false, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x, o := newOutboxTest(t)
			x.purger.err, o.keep = tt.purge, tt.keep
			var observed []error
			x.inv = newBlog(x.purger, &invalidate.Options{Outbox: o, Observe: func(seen invalidate.Observation) {
				observed = append(observed, seen.Err)
			}})
			ctx, cancel := context.WithCancel(t.Context())
			cancel() // the client has hung up
			err := x.inv.Invalidate(ctx, &Post{Slug: "a"})
			for _, is := range []error{tt.purge, tt.keep} {
				if is != nil && !errors.Is(err, is) {
					t.Errorf("errors.Is(%v, %v): got false", err, is)
				}
			}
			for _, err := range append(observed, err) {
				if got := errors.Is(err, invalidate.ErrKept); got != tt.kept {
					t.Errorf("errors.Is(%v, ErrKept): got %v, want %v", err, got, tt.kept)
				}
			}
			if len(observed) != 1 {
				t.Errorf("observed %d times, want once", len(observed))
			}
			if got := len(invalidate.Unpurged(err)); got != tt.unpurged {
				t.Errorf("Unpurged: got %d events, want %d", got, tt.unpurged)
			}
			want := []string{purgeA}
			if tt.purge != nil {
				want = append(want, keepA)
			}
			x.Want(t, want...)
		})
	}
}

func TestPurgeErrorSaysThatItIsKept(t *testing.T) {
	x, _ := newOutboxTest(t)
	x.purger.err = errors.New("refused")
	err := x.inv.Invalidate(t.Context(), &Post{Slug: "a"})
	wantError(t, err, "invalidate: invalidate_test.Post: purge /blog/, /blog/a/: refused; it is kept in the outbox")
}

// The next Flush leaves alone what is kept, and purges the rest.
func TestFlushAgainWithOutbox(t *testing.T) {
	x, o := newOutboxTest(t)
	x.purger.err, o.keep = errors.New("refused"), errors.New("disk full")
	ctx, batch := invalidate.WithBatch(t.Context())
	invalidatePost(t, ctx, x.inv, "a")
	if err := batch.Flush(ctx); len(invalidate.Unpurged(err)) != 1 {
		t.Errorf("Flush: got %v, want one event that is not kept", err)
	}
	o.keep = nil
	if err := batch.Flush(ctx); !errors.Is(err, invalidate.ErrKept) {
		t.Errorf("Flush: got %v, want ErrKept", err)
	}
	flush(t, ctx, batch)
	x.Want(t, purgeA, keepA, purgeA, keepA)
}

// Events fail one by one. The rows of those that were purged are deleted. The others
// are kept, in one call.
func TestOutboxOfManyEvents(t *testing.T) {
	for _, inTx := range []bool{true, false} {
		t.Run(fmt.Sprint("in a transaction: ", inTx), func(t *testing.T) {
			x, o := newOutboxTest(t)
			refused := errors.New("refused")
			var told []cache.Event
			x.inv = newBlog(invalidate.PurgerFunc(func(_ context.Context, e cache.Event) error {
				told = append(told, e)
				if len(told) == 2 || len(told) == 3 {
					return refused
				}
				return nil
			}), &invalidate.Options{Outbox: o})
			posts := numbered(3*maxEvent + 5)
			var err error
			if inTx {
				err = x.inv.InTx(t.Context(), x.db, nil, func(ctx context.Context, tx *sql.Tx) error {
					return x.inv.Invalidate(ctx, posts)
				})
				x.Want(t, "BEGIN", "ENQUEUE 10000 dependencies", "ENQUEUE 10000 dependencies", "ENQUEUE 10000 dependencies", "ENQUEUE 6 dependencies", "COMMIT", "PURGED #1 #4")
			} else {
				err = x.inv.Invalidate(t.Context(), posts)
				x.Want(t, "KEEP 10000 dependencies", "KEEP 10000 dependencies")
			}
			if !errors.Is(err, refused) || !errors.Is(err, invalidate.ErrKept) || len(invalidate.Unpurged(err)) > 0 {
				t.Errorf("got an error that is refused: %v, kept: %v, with %d events unpurged; want true, true, 0",
					errors.Is(err, refused), errors.Is(err, invalidate.ErrKept), len(invalidate.Unpurged(err)))
			}
			seen := map[cache.Dependency]bool{}
			for _, e := range told {
				for _, d := range e.Dependencies {
					seen[d] = true
				}
			}
			if len(seen) != 3*maxEvent+6 {
				t.Errorf("the events name %d dependencies, want %d", len(seen), 3*maxEvent+6)
			}
		})
	}
}
