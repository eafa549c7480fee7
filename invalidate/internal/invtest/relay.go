package invtest

import (
	"context"
	"database/sql"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/outbox"
)

// RunRelay tests an adapter with the real outbox: what cannot be purged after COMMIT
// is a row, which a relay finds when the Purger is back.
//
// open registers a rule with the Invalidator, which names the group of a row's slug. It
// returns a function that saves a row with this slug in a transaction.
func RunRelay(t *testing.T, db *sql.DB, d outbox.Dialect, open func(inv *invalidate.Invalidator) (save func(slug string) error)) {
	t.Helper()
	var down atomic.Bool
	purged := make(chan cache.Event, 10)
	purger := invalidate.PurgerFunc(func(_ context.Context, e cache.Event) error {
		if down.Load() {
			return errors.New("redis: connection refused")
		}
		if len(e.Dependencies) > 0 { // no probe
			purged <- e
		}
		return nil
	})
	box, err := outbox.New(db, d, purger, &outbox.Options{Grace: time.Millisecond, Poll: 5 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if err := box.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	save := open(invalidate.New(purger, &invalidate.Options{Outbox: box}))

	down.Store(true)
	const slug = "a'?$1"
	if err := save(slug); !errors.Is(err, invalidate.ErrKept) {
		t.Fatalf("the save: got %v, want ErrKept", err)
	}
	down.Store(false)
	if err := box.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case e := <-purged:
		if len(e.Dependencies) != 1 || e.Dependencies[0] != cache.Group(slug) {
			t.Errorf("the relay purged %v, want the group %s", e.Dependencies, slug)
		}
	case <-time.After(30 * time.Second):
		t.Error("the relay has purged nothing in 30 s")
	}
	if err := box.Close(); err != nil {
		t.Error(err)
	}
}
