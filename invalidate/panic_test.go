package invalidate_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
)

// A Purger that panics after COMMIT has failed: other Purgers are told, and the caller
// learns what to purge again.
func TestPurgerPanics(t *testing.T) {
	broken := true
	good := newPurger()
	register := func(inv *invalidate.Invalidator) *invalidate.Invalidator {
		invalidate.Register(inv, func(_ Author, to *invalidate.Targets) { to.Path("/a") })
		return inv
	}
	observed := 0
	bad := register(invalidate.New(invalidate.PurgerFunc(func(context.Context, cache.Event) error {
		if broken {
			panic("out of order")
		}
		good.Add("PURGE at last")
		return nil
	}), &invalidate.Options{Observe: func(o invalidate.Observation) {
		if o.Err != nil {
			observed++
		}
	}}))
	inv := register(invalidate.New(good, nil))
	db, tr := newDB(t, good.Trace)
	save := func(ctx context.Context) error {
		return errors.Join(bad.Invalidate(ctx, Author{}), inv.Invalidate(ctx, Author{}))
	}

	err := inv.InTx(t.Context(), db, nil, func(ctx context.Context, _ *sql.Tx) error { return save(ctx) })
	var failed *invalidate.PurgeError
	if !errors.As(err, &failed) || !strings.Contains(err.Error(), "out of order") || len(invalidate.Unpurged(err)) != 1 {
		t.Errorf("got %v, want a PurgeError that says of the panic, and what to purge again", err)
	}
	tr.Want(t, "BEGIN", "COMMIT", "PURGE path:/a")

	// A batch keeps it for the next Flush.
	ctx, batch := invalidate.WithBatch(t.Context())
	if err := save(ctx); err != nil {
		t.Error(err)
	}
	if err := batch.Flush(ctx); !errors.As(err, &failed) {
		t.Errorf("Flush: got %v, want a PurgeError", err)
	}
	broken = false
	if err := batch.Flush(ctx); err != nil {
		t.Errorf("the second Flush: got %v, want nil", err)
	}
	tr.Want(t, "BEGIN", "COMMIT", "PURGE path:/a", "PURGE path:/a", "PURGE at last")
	if observed != 2 {
		t.Errorf("Observe was told of %d failures, want 2", observed)
	}
}

// When Observe panics everything has been purged, by other Invalidators too.
func TestObservePanics(t *testing.T) {
	p := newPurger()
	first := invalidate.New(p, &invalidate.Options{Observe: func(invalidate.Observation) { panic("observed") }})
	second := invalidate.New(p, nil)
	ctx, batch := invalidate.WithBatch(t.Context())
	for name, inv := range map[string]*invalidate.Invalidator{"/1": first, "/2": second} {
		invalidate.Register(inv, func(_ Author, to *invalidate.Targets) { to.Path(name) })
	}
	if err := errors.Join(first.Invalidate(ctx, Author{}), second.Invalidate(ctx, Author{})); err != nil {
		t.Fatal(err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic of Observe did not go on")
			}
		}()
		_ = batch.Flush(ctx)
	}()
	p.Want(t, "PURGE path:/1", "PURGE path:/2")
	if err := batch.Flush(ctx); err != nil { // waits for nothing
		t.Error(err)
	}
}
