package outboxtest

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate/outbox"
)

// A large Batch is more than a statement has arguments.
func TestLargeBatch(t *testing.T) {
	each(t, onTextIDs, func(t *testing.T, d *database) {
		p := newPurger()
		box := d.outbox(t, p, func(o *outbox.Options) { o.Batch = 1 << 62 })
		deps := numbered(40_000)
		if err := box.Keep(t.Context(), events(deps...)); err != nil {
			t.Fatal(err)
		}
		if err := box.Start(); err != nil {
			t.Fatal(err)
		}
		until(t, "all purged and deleted", func() bool { return stats(t, box).Relayed == int64(len(deps)) })
	})
}

// A claim is bounded by bytes, and leaves the other rows to other relays.
func TestClaimsAreBoundedInBytes(t *testing.T) {
	const events, size = 24, 4 << 20
	each(t, all, func(t *testing.T, d *database) {
		name := strings.Repeat("x", size)
		box := d.outbox(t, newPurger(), nil)
		for i := range events {
			if err := box.Keep(t.Context(), []cache.Event{{Dependencies: []cache.Dependency{cache.Dependency(fmt.Sprintf("path:/%d/%s", i, name))}}}); err != nil {
				t.Fatal(err)
			}
		}
		p := newPurger()
		p.enter = func(ctx context.Context, e cache.Event) error {
			if d.dialect == outbox.SQLite || len(p.purged()) > 0 {
				return nil
			}
			if free := unlocked(t, d); free < events-6 {
				t.Errorf("%d of %d rows of 4 MiB are left to others, want %d at least", free, events, events-6)
			}
			return nil
		}
		most := 0
		relay := d.relay(t, p, func(o *outbox.Options) {
			o.PurgeTimeout = time.Minute
			o.Observe = func(obs outbox.Observation) {
				if obs.Op == outbox.OpRelay {
					most = max(most, obs.Rows)
				}
			}
		})
		until(t, "all purged", func() bool { return stats(t, relay).Relayed == events })
		if err := relay.Close(); err != nil {
			t.Error(err)
		}
		if most > 4 {
			t.Errorf("a claim took %d rows of 4 MiB, want 16 MiB at most", most)
		}
	})
}

// unlocked counts the rows that another relay could claim.
func unlocked(t *testing.T, d *database) (n int) {
	tx, err := d.db.BeginTx(context.Background(), &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		t.Error(err)
		return 0
	}
	defer tx.Rollback()
	rows, err := tx.Query("SELECT id FROM " + d.table + " FOR UPDATE SKIP LOCKED")
	if err != nil {
		t.Error(err)
		return 0
	}
	defer rows.Close()
	for rows.Next() {
		n++
	}
	return n
}

// An event that no relay would read is refused when it is enqueued, and not later.
func TestEventsThatAreTooLarge(t *testing.T) {
	each(t, onSQLite, func(t *testing.T, d *database) {
		box := d.outbox(t, newPurger(), nil)
		for name, e := range map[string]cache.Event{
			"bytes": {Dependencies: []cache.Dependency{cache.Dependency(strings.Repeat("x", 65<<20))}},
			"names": {Dependencies: numbered(1<<17 + 1)},
		} {
			if err := box.Keep(t.Context(), []cache.Event{e}); err == nil || !strings.Contains(err.Error(), "split it") {
				t.Errorf("too many %s: %.200v", name, err)
			}
		}
		if s := stats(t, box); s.Pending != 0 {
			t.Errorf("%d rows are there", s.Pending)
		}
	})
}
