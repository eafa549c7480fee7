package outboxtest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate/outbox"
)

func numbered(n int) (deps []cache.Dependency) {
	for i := range n {
		deps = append(deps, cache.Path(fmt.Sprintf("/%d/", i)))
	}
	return deps
}

// Four relays of four processes: no two have the same row at a time, every row
// is purged, and the work is shared.
func TestRelaysShare(t *testing.T) {
	each(t, all, func(t *testing.T, d *database) {
		const rows = 1000
		deps := numbered(rows)
		var seen observer
		p := newPurger()
		// Nobody's first purge goes on until two relays are at it.
		var here atomic.Int32
		both := make(chan struct{})
		var relays []*outbox.Outbox
		for range 4 {
			other := *d
			other.db = connect(t, d.dialect, d.dsn)
			var first sync.Once
			relays = append(relays, other.relay(t, purgerFunc(func(ctx context.Context, e cache.Event) error {
				first.Do(func() {
					if here.Add(1) == 2 {
						close(both)
					}
					<-both
				})
				return p.Purge(ctx, e)
			}), func(o *outbox.Options) { o.Batch, o.PurgeTimeout, o.Observe = 10, time.Minute, seen.observe }))
		}
		d.enqueue(t, d.outbox(t, newPurger(), nil), deps...)
		relayed := func() (sum int64) {
			for _, r := range relays {
				sum += stats(t, r).Relayed
			}
			return sum
		}
		until(t, "all purged and settled", func() bool { return p.has(deps...) && relayed() >= rows })
		if d.dialect == outbox.SQLite {
			return
		}
		for _, obs := range seen.of(outbox.OpClaim) {
			t.Errorf("a claim failed: %v", obs.Err)
		}
		if len(p.twice) > 0 {
			t.Errorf("claimed by two relays at a time: %v", p.twice)
		}
		for dep, n := range p.purged() {
			if n != 1 {
				t.Errorf("%s was purged %d times, though nothing failed", dep, n)
			}
		}
		working := 0
		for _, r := range relays {
			if stats(t, r).Relayed > 0 {
				working++
			}
		}
		if sum := relayed(); sum != rows || working < 2 || stats(t, relays[0]).Pending != 0 {
			t.Errorf("%d relays settled %d rows, want at least 2, and %d", working, sum, rows)
		}
	})
}

type purgerFunc func(ctx context.Context, e cache.Event) error

func (f purgerFunc) Purge(ctx context.Context, e cache.Event) error { return f(ctx, e) }

// A relay gives the Purger the names that were enqueued, also when it tries again.
// A probe names nothing.
func TestRelayKeepsNames(t *testing.T) {
	each(t, []outbox.Dialect{outbox.SQLite}, func(t *testing.T, d *database) {
		var calls atomic.Int32
		relay := d.relay(t, purgerFunc(func(ctx context.Context, e cache.Event) error {
			if want := []cache.Dependency{cache.Path("/blog/%2A")}; len(e.Dependencies) > 0 && !slices.Equal(e.Dependencies, want) {
				t.Errorf("Purge(%v), want %v", e.Dependencies, want)
			}
			if calls.Add(1) < 4 {
				return errDown // so that it probes
			}
			return nil
		}), nil)
		d.enqueue(t, relay, cache.Path("/blog/%2A"))
		until(t, "purged", func() bool { return stats(t, relay).Relayed > 0 })
	})
}

// What begins first may commit last. A relay with a cursor would have passed it
// by.
func TestALateCommitIsNotSkipped(t *testing.T) {
	each(t, rowLocks, func(t *testing.T, d *database) {
		p := newPurger()
		lateCommit(t, d, p)
	})
}

// Nor is it purged before it has committed, by a relay whose sessions may read
// what is not committed.
func TestReadUncommitted(t *testing.T) {
	each(t, []outbox.Dialect{outbox.MySQL}, func(t *testing.T, d *database) {
		level := "transaction_isolation"
		if strings.Contains(d.text(t, "SELECT VERSION()"), "MariaDB") {
			level = "tx_isolation" // until 11.1, which has both
		}
		d.db = connect(t, d.dialect, d.dsn+"?"+level+"=%27READ-UNCOMMITTED%27")
		if got := d.text(t, "SELECT @@SESSION."+level); got != "READ-UNCOMMITTED" {
			t.Fatalf("sessions are %s", got)
		}
		lateCommit(t, d, newPurger())
	})
}

func lateCommit(t *testing.T, d *database, p *purger) {
	box := d.relay(t, p, nil)
	tx, err := d.db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := box.Enqueue(t.Context(), tx, events("path:/late/")); err != nil {
		t.Fatal(err)
	}
	for i, dep := range numbered(3) { // three turns of the relay, with the late one open
		d.enqueue(t, box, dep)
		until(t, "the early one is relayed", func() bool { return stats(t, box).Relayed == int64(i+1) })
	}
	if p.has("path:/late/") {
		t.Fatal("purged before it was committed")
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	until(t, "the late one is relayed", func() bool { return p.has("path:/late/") })
}

// A relay looks when a row is due that it has seen, and not at the next poll
// only.
func TestWake(t *testing.T) {
	each(t, all, func(t *testing.T, d *database) {
		p := newPurger()
		box := d.relay(t, p, func(o *outbox.Options) { o.Poll, o.Grace = 10*time.Hour, 50*time.Millisecond })
		d.enqueue(t, box, "path:/a/")
		box.Wake()
		until(t, "purged", func() bool { return p.has("path:/a/") })
		if err := box.Start(); err != nil {
			t.Errorf("a second Start: %v", err)
		}
	})
}

func TestMergedEventsAreBounded(t *testing.T) {
	each(t, []outbox.Dialect{outbox.SQLite}, func(t *testing.T, d *database) {
		p := newPurger()
		box := d.outbox(t, p, nil)
		deps := numbered(24_000)
		list := []cache.Event{
			{Dependencies: deps[:9000]}, {Dependencies: deps[8000:10_000], Reason: "shares a thousand"},
			{Dependencies: deps[10_000:11_000]}, {Dependencies: deps[11_000:], Reason: "too much already"},
			{Dependencies: []cache.Dependency{"group:soft"}, Soft: true},
		}
		for _, e := range list { // in order of due, which has milliseconds in SQLite
			if err := box.Keep(t.Context(), []cache.Event{e}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Millisecond)
		}
		if err := box.Start(); err != nil {
			t.Fatal(err)
		}
		until(t, "purged", func() bool { return p.has(deps...) && p.has("group:soft") })
		got, _, _ := p.snapshot()
		var sizes []int
		for _, e := range got {
			sizes = append(sizes, len(e.Dependencies))
		}
		if fmt.Sprint(sizes) != "[10000 1000 13000 1]" || !got[3].Soft {
			t.Errorf("events of %v dependencies, want 10000, 1000, 13000 (one row's) and the soft one", sizes)
		}
	})
}
