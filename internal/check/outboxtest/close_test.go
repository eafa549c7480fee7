package outboxtest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate/outbox"
)

func TestCloseDrains(t *testing.T) {
	each(t, all, func(t *testing.T, d *database) {
		p := newPurger()
		box := d.relay(t, p, func(o *outbox.Options) { o.Grace, o.Poll, o.Batch = time.Hour, time.Hour, 7 })
		deps := numbered(30)
		ids := d.enqueue(t, box, deps...)
		box.Purged(t.Context(), ids[20:])
		if err := box.Close(); err != nil {
			t.Fatal(err)
		}
		// What the saver had purged is not purged again, though it was not
		// deleted yet.
		if !p.has(deps[:20]...) || len(p.purged()) != 20 {
			t.Errorf("Close purged %d rows, want the 20 within the grace", len(p.purged()))
		}
		if s := stats(t, box); s.Pending != 0 {
			t.Errorf("%d rows are left", s.Pending)
		}
		if err := box.Close(); err != nil {
			t.Errorf("a second Close: %v", err)
		}
		if err := box.Start(); !errors.Is(err, cache.ErrClosed) {
			t.Errorf("Start after Close: %v", err)
		}

		// Who saves now is not lost, and cleans up himself.
		ids = d.enqueue(t, box, "path:/a/", "path:/b/")
		box.Purged(t.Context(), ids[:1])
		if s := stats(t, box); s.Pending != 1 {
			t.Errorf("%d rows are pending, want 1", s.Pending)
		}
	})
}

func TestCloseWithoutARelayPurgesNothing(t *testing.T) {
	each(t, all, func(t *testing.T, d *database) {
		p := newPurger()
		box := d.outbox(t, p, nil)
		ids := d.enqueue(t, box, "path:/a/", "path:/b/")
		box.Purged(t.Context(), ids[:1])
		if err := box.Close(); err != nil {
			t.Fatal(err)
		}
		if s := stats(t, box); s.Pending != 1 || len(p.purged()) != 0 {
			t.Errorf("%d pending, purged %v, want the other row to wait for a relay", s.Pending, p.purged())
		}
	})
}

func TestCloseFinishesTheClaimInHand(t *testing.T) {
	each(t, all, func(t *testing.T, d *database) {
		p := newPurger()
		inside, release := make(chan struct{}, 10), make(chan struct{})
		p.enter = func(context.Context, cache.Event) error { inside <- struct{}{}; <-release; return nil }
		box := d.relay(t, p, func(o *outbox.Options) { o.PurgeTimeout = time.Minute })
		d.enqueue(t, box, "path:/a/")
		<-inside
		done := make(chan error)
		go func() { done <- box.Close() }()
		select {
		case err := <-done:
			t.Fatalf("Close returned %v with a claim in hand", err)
		case <-time.After(50 * time.Millisecond): // a Close that does not wait would be seen, mostly
		}
		close(release)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if n := p.purged()["path:/a/"]; n != 1 || stats(t, box).Pending != 0 {
			t.Errorf("purged %d times, %d rows left", n, stats(t, box).Pending)
		}
	})
}

func TestCloseDoesNotWaitForEver(t *testing.T) {
	each(t, all, func(t *testing.T, d *database) {
		p := newPurger()
		inside := make(chan struct{}, 10)
		p.enter = func(ctx context.Context, _ cache.Event) error { inside <- struct{}{}; <-ctx.Done(); return ctx.Err() }
		box := d.relay(t, p, func(o *outbox.Options) { o.PurgeTimeout, o.CloseTimeout = time.Hour, 20*time.Millisecond })
		d.enqueue(t, box, "path:/a/")
		<-inside
		if err := box.Close(); err == nil {
			t.Error("Close broke a purge off: no error")
		}
		if s := stats(t, box); s.Pending != 1 || s.Dead != 0 || s.Outages != 0 {
			t.Errorf("the row must stay as it was: %+v", s)
		}
		if got := d.text(t, "SELECT tries FROM {table}"); got != "0" {
			t.Errorf("%s tries counted", got)
		}
	})
}

// Where others save all the time something is left whenever one looks. Close does
// not wait for that to end.
func TestCloseWhileOthersSave(t *testing.T) {
	each(t, rowLocks, func(t *testing.T, d *database) {
		p := newPurger()
		box := d.relay(t, p, func(o *outbox.Options) { o.Grace, o.Poll = time.Hour, time.Hour })
		p.enter = func(context.Context, cache.Event) error { // between two claims
			d.enqueue(t, box, "path:/more/")
			return nil
		}
		d.enqueue(t, box, "path:/a/", "path:/b/")
		if err := box.Close(); err != nil {
			t.Error(err)
		}
		if n := p.purged()["path:/more/"]; !p.has("path:/a/", "path:/b/") || n > 0 {
			t.Errorf("purged %v: what was saved during Close is for others", p.purged())
		}
	})
}

func TestCloseInAnOutage(t *testing.T) {
	each(t, all, func(t *testing.T, d *database) {
		p := newPurger()
		p.down = true
		box := d.relay(t, p, func(o *outbox.Options) { o.Grace, o.Poll = time.Hour, time.Hour })
		d.enqueue(t, box, "path:/a/")
		if err := box.Close(); !errors.Is(err, errDown) {
			t.Errorf("Close with a Purger that is down: %v", err)
		}
		if s := stats(t, box); s.Pending != 1 {
			t.Errorf("%d rows pending, want 1", s.Pending)
		}
	})
}

// A Purger that does not heed its context does not hold up the end of the process.
func TestCloseDoesNotWaitForThePurger(t *testing.T) {
	each(t, all, func(t *testing.T, d *database) {
		p := newPurger()
		inside, release := make(chan struct{}, 10), make(chan struct{})
		p.enter = func(context.Context, cache.Event) error { inside <- struct{}{}; <-release; return nil }
		defer close(release)
		box := d.relay(t, p, func(o *outbox.Options) { o.CloseTimeout = 20 * time.Millisecond })
		d.enqueue(t, box, "path:/a/")
		<-inside
		start := time.Now()
		if err := box.Close(); err == nil {
			t.Error("Close left a purge behind: no error")
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("Close took %v", took)
		}
	})
}

// A save that ends after Close, and holds the only connection when it says that its
// events are purged, does not wait for another one.
func TestPurgedAfterCloseDoesNotWait(t *testing.T) {
	each(t, all, func(t *testing.T, d *database) {
		var o observer
		box := d.outbox(t, newPurger(), func(opts *outbox.Options) { opts.Observe = o.observe })
		ids := d.enqueue(t, box, "path:/a/", "path:/b/")
		if err := box.Close(); err != nil {
			t.Fatal(err)
		}
		d.db.SetMaxOpenConns(1)
		conn, err := d.db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		box.Purged(t.Context(), ids[:1])
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("Purged waited for %v", took)
		}
		if n := len(o.of(outbox.OpDelete)); n != 1 {
			t.Errorf("Observe heard of %d rows that were not deleted, want 1", n)
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		box.Purged(t.Context(), ids[1:])
		if got := d.text(t, "SELECT id FROM {table}"); got != ids[0] {
			t.Errorf("the row %s is left, want %s", got, ids[0])
		}
	})
}
