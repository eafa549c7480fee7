package outboxtest

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/outbox"
)

func TestRollbackLeavesNothing(t *testing.T) {
	each(t, all, func(t *testing.T, d *database) {
		p := newPurger()
		box := d.outbox(t, p, nil)
		tx, err := d.db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := box.Enqueue(t.Context(), tx, events("path:/a/", "path:/b/")); err != nil {
			t.Fatal(err)
		}
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		if err := box.Start(); err != nil {
			t.Fatal(err)
		}
		if err := box.Close(); err != nil {
			t.Fatal(err)
		}
		if _, calls, _ := p.snapshot(); calls != 0 {
			t.Errorf("the Purger was called %d times after a rollback", calls)
		}
		if s := stats(t, box); s.Pending != 0 || s.Enqueued != 2 {
			t.Errorf("after a rollback: %+v", s)
		}
	})
}

func TestSaverDiesAfterCommit(t *testing.T) {
	each(t, all, func(t *testing.T, d *database) {
		d.enqueue(t, d.outbox(t, newPurger(), nil), "path:/a/", "group:b")
		p := newPurger()
		box := d.relay(t, p, nil)
		until(t, "purged by the relay", func() bool { return p.has("path:/a/", "group:b") })
		until(t, "rows deleted", func() bool { return stats(t, box).Relayed == 2 })
		events, _, _ := p.snapshot()
		if len(events) != 1 {
			t.Errorf("two rows of one transaction were purged by %d events, want 1: %v", len(events), events)
		}
		if s := stats(t, box); s.Pending != 0 || s.Appended != 1 {
			t.Errorf("%d rows are left, %d events counted, want 0 and 1", s.Pending, s.Appended)
		}
	})
}

func TestWhatTheSaverPurgedIsDeleted(t *testing.T) {
	each(t, all, func(t *testing.T, d *database) {
		p := newPurger()
		box := d.relay(t, p, func(o *outbox.Options) { o.Grace = time.Hour })
		ids := d.enqueue(t, box, "path:/a/", "path:/b/", "path:/c/")
		ctx, cancel := context.WithCancel(t.Context())
		box.Purged(ctx, ids[:2])
		cancel() // the client has gone
		ids[0], ids[1] = "", ""
		until(t, "two rows deleted", func() bool { return stats(t, box).Purged == 2 })
		if s := stats(t, box); s.Pending != 1 {
			t.Errorf("%d rows are left, want the one whose purge was not told", s.Pending)
		}
		if _, calls, _ := p.snapshot(); calls != 0 {
			t.Errorf("the relay purged %d times within the grace", calls)
		}
	})
}

func TestKeep(t *testing.T) {
	each(t, all, func(t *testing.T, d *database) {
		p := newPurger()
		// What is kept is due at once, and nobody waits for a poll.
		box := d.relay(t, p, func(o *outbox.Options) { o.Grace, o.Poll = time.Hour, time.Hour })
		if err := box.Keep(t.Context(), events("path:/a/")); err != nil {
			t.Fatal(err)
		}
		until(t, "purged", func() bool { return p.has("path:/a/") })
		if s := stats(t, box); s.Kept != 1 {
			t.Errorf("Kept is %d, want 1", s.Kept)
		}
	})
}

// An event comes out of the database as it went in, and what people read never
// makes a save fail.
func TestEventsAreKeptAsTheyAre(t *testing.T) {
	each(t, all, func(t *testing.T, d *database) {
		p := newPurger()
		box := d.outbox(t, p, nil)
		want := cache.Event{
			Dependencies: []cache.Dependency{"group:\x00\xff", "group:日本", "path:/" + cache.Dependency(strings.Repeat("x", 70_000))},
			Soft:         true,
			Reason:       "blog.Post 日本 \x00 \xff 🙂 '; DROP TABLE posts; --" + strings.Repeat("y", 2000),
			Origin:       "host\n日本",
			Time:         time.Date(2026, 11, 22, 1, 2, 3, 4, time.UTC),
		}
		if err := box.Keep(t.Context(), []cache.Event{want}); err != nil {
			t.Fatal(err)
		}
		const reason = `blog.Post \u65e5\u672c \x00 \xff \U0001f642 '; DROP TABLE posts; --yyy`
		if got := d.text(t, "SELECT reason FROM {table}"); !strings.HasPrefix(got, reason) || len(got) > 512 {
			t.Errorf("reason in the table is %d bytes: %q, want %q ...", len(got), got, reason)
		}
		if got := d.text(t, "SELECT origin FROM {table}"); got != `host\n\u65e5\u672c` {
			t.Errorf("origin in the table is %q", got)
		}
		if err := box.Start(); err != nil {
			t.Fatal(err)
		}
		until(t, "purged", func() bool { return p.has(want.Dependencies...) })
		events, _, _ := p.snapshot()
		notes := cache.Event{Reason: want.Reason, Origin: want.Origin}.Bounded() // as a log would
		want.Reason, want.Origin = notes.Reason+" (by the outbox)", notes.Origin
		if !reflect.DeepEqual(events[0], want) {
			t.Errorf("purged %.300v\nwant %.300v", events[0], want)
		}
	})
}

func TestEnqueueMany(t *testing.T) {
	each(t, all, func(t *testing.T, d *database) {
		p := newPurger()
		box := d.outbox(t, p, nil)
		deps := numbered(250)
		seen := map[string]bool{}
		for _, id := range d.enqueue(t, box, deps...) {
			seen[id] = true
		}
		if s := stats(t, box); len(seen) != 250 || s.Pending != 250 {
			t.Errorf("%d ids, %d rows, want 250", len(seen), s.Pending)
		}
		if ids := d.enqueue(t, box); len(ids) != 0 {
			t.Errorf("no events have ids %v", ids)
		}
	})
}

// A relay that waits for its Purger holds locks, and must not hold up savers:
// under REPEATABLE READ it would, in MySQL.
func TestSaversDoNotWaitForARelay(t *testing.T) {
	each(t, all, func(t *testing.T, d *database) {
		p := newPurger()
		inside, release := make(chan struct{}, 100), make(chan struct{})
		p.enter = func(context.Context, cache.Event) error { inside <- struct{}{}; <-release; return nil }
		box := d.relay(t, p, nil)
		d.enqueue(t, box, numbered(20)...)
		<-inside
		ids := d.enqueue(t, box, numbered(300)...)
		box.Purged(t.Context(), ids)
		until(t, "rows of other savers deleted", func() bool { return stats(t, box).Purged == 300 })
		close(release)
	})
}

// A save whose pages have very long URLs is not refused by a database that takes
// statements up to some size only, MySQL's max_allowed_packet.
func TestLongNames(t *testing.T) {
	each(t, all, func(t *testing.T, d *database) {
		p := newPurger()
		inv := invalidate.New(p, &invalidate.Options{Outbox: d.outbox(t, p, nil)})
		invalidate.Register(inv, func(i int, to *invalidate.Targets) {
			to.URL(fmt.Sprintf("/?q=%d%s", i, strings.Repeat("x", 2000)))
		})
		numbers := make([]int, 9000) // 18 MB
		for i := range numbers {
			numbers[i] = i
		}
		err := inv.InTx(t.Context(), d.db, nil, func(ctx context.Context, _ *sql.Tx) error {
			return inv.Invalidate(ctx, numbers)
		})
		if err != nil {
			t.Fatalf("%.300s", err)
		}
		if n := len(p.purged()); n != len(numbers) {
			t.Errorf("%d URLs were purged, want %d", n, len(numbers))
		}
	})
}
