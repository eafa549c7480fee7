package outboxtest

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate/outbox"
)

// A Purger that is down uses up no tries, however long it takes.
func TestOutage(t *testing.T) {
	each(t, all, func(t *testing.T, d *database) {
		var seen observer
		p := newPurger()
		p.down = true
		box := d.relay(t, p, func(o *outbox.Options) { o.Observe, o.MaxTries = seen.observe, 2 })
		deps := numbered(20)
		d.enqueue(t, box, deps...)
		until(t, "five probes have failed", func() bool { _, _, probes := p.snapshot(); return probes >= 5 })
		if got := d.text(t, "SELECT SUM(tries) + SUM(dead) FROM {table}"); got != "0" {
			t.Errorf("tries and dead letters of an outage: %s", got)
		}
		p.set(func() { p.down = false })
		until(t, "all purged", func() bool { return p.has(deps...) && stats(t, box).Pending == 0 })
		if s := stats(t, box); s.Outages != 1 || s.Retried != 0 || s.Dead != 0 {
			t.Errorf("after one outage: %+v", s)
		}
		if n, m := len(seen.of(outbox.OpOutage)), len(seen.of(outbox.OpRecovered)); n != 1 || m != 1 {
			t.Errorf("observed %d outages, %d recoveries, want 1 of each", n, m)
		}
		if err := seen.of(outbox.OpOutage)[0].Err; !errors.Is(err, errDown) {
			t.Errorf("the outage is %v, want the Purger's own error", err)
		}
	})
}

// So does one that hangs, which is given PurgeTimeout.
func TestHungPurger(t *testing.T) {
	each(t, []outbox.Dialect{outbox.PostgreSQL, outbox.SQLite}, func(t *testing.T, d *database) {
		p := newPurger()
		p.enter = func(ctx context.Context, e cache.Event) error { <-ctx.Done(); return ctx.Err() }
		box := d.relay(t, p, func(o *outbox.Options) { o.PurgeTimeout, o.MaxTries = 20*time.Millisecond, 1 })
		d.enqueue(t, box, "path:/a/")
		until(t, "three probes hang", func() bool { _, _, probes := p.snapshot(); return probes >= 3 })
		p.set(func() { p.enter = nil })
		until(t, "purged", func() bool { return p.has("path:/a/") })
		if s := stats(t, box); s.Dead != 0 || s.Outages == 0 {
			t.Errorf("after the Purger hung: %+v", s)
		}
	})
}

// A Purger that does nothing for an event that names nothing needs a Probe of
// its own.
func TestProbe(t *testing.T) {
	each(t, []outbox.Dialect{outbox.SQLite}, func(t *testing.T, d *database) {
		p := newPurger()
		p.down = true
		asked := make(chan struct{}, 1000)
		box := d.relay(t, p, func(o *outbox.Options) {
			o.MaxTries = 1
			o.Probe = func(context.Context) error { asked <- struct{}{}; return errDown }
		})
		d.enqueue(t, box, "path:/a/")
		<-asked
		<-asked
		if s := stats(t, box); s.Dead != 0 {
			t.Error("a row died in an outage")
		}
		if _, _, probes := p.snapshot(); probes != 0 {
			t.Errorf("the Purger was probed %d times instead of Probe", probes)
		}
	})
}

// A Purger may refuse an event that names nothing for just that. When it works
// again, that is seen by what it does not refuse: by what was purged before, or by
// any of the rows.
func TestProbesAreRefused(t *testing.T) {
	each(t, []outbox.Dialect{outbox.PostgreSQL, outbox.SQLite}, func(t *testing.T, d *database) {
		for _, before := range []bool{false, true} {
			p := newPurger()
			p.enter = func(_ context.Context, e cache.Event) error {
				if len(e.Dependencies) == 0 {
					return errors.New("400 Bad Request")
				}
				return nil
			}
			p.refuses["path:/poison/"] = errors.New("this one does not let itself be purged")
			box := d.relay(t, p, func(o *outbox.Options) { o.MaxTries = 2 })
			if before {
				d.enqueue(t, box, "path:/before/")
				until(t, "purged", func() bool { return p.has("path:/before/") })
			}
			p.set(func() { p.down = true })
			d.enqueue(t, box, "path:/poison/", "path:/a/", "path:/b/")
			until(t, "an outage", func() bool { return stats(t, box).Outages == 1 })
			p.set(func() { p.down = false })
			until(t, "purged after it", func() bool { return p.has("path:/a/", "path:/b/") })
			until(t, "what cannot be purged is dead", func() bool { return stats(t, box).GivenUp == 1 })
			if s := stats(t, box); s.Pending != 0 {
				t.Errorf("purged something before: %v: %+v", before, s)
			}
			if err := box.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

// A row that fails alone is tried MaxTries times, and the rest does not wait for
// it.
func TestPoison(t *testing.T) {
	each(t, all, func(t *testing.T, d *database) {
		const tries = 4
		var seen observer
		poison := errors.New("this one does not let itself be purged")
		p := newPurger()
		p.refuses["path:/7/"] = poison
		deps := numbered(20)
		box := d.outbox(t, p, func(o *outbox.Options) { o.Observe, o.MaxTries = seen.observe, tries })
		d.enqueue(t, box, deps...)
		if err := box.Start(); err != nil {
			t.Fatal(err)
		}
		until(t, "the others are purged", func() bool { return p.has(append(deps[:7:7], deps[8:]...)...) })
		until(t, "one is dead", func() bool { return len(seen.of(outbox.OpDead)) == 1 })
		if s := stats(t, box); s.Retried != tries-1 || s.GivenUp != 1 || s.Dead != 1 || s.Pending != 0 || s.Outages != 0 {
			t.Errorf("with one poisonous row: %+v", s)
		}
		if dead := seen.of(outbox.OpDead); !errors.Is(dead[0].Err, poison) || dead[0].ID != d.text(t, "SELECT id FROM {table}") {
			t.Errorf("observed dead letters %+v", dead)
		}
		if got := d.text(t, "SELECT last_error FROM {table}"); got != poison.Error() {
			t.Errorf("last_error is %q", got)
		}
		if got := d.text(t, "SELECT reason FROM {table}"); got != "test of path:/7/" {
			t.Errorf("reason is %q", got)
		}

		// It is dead: the relay goes on, and does not touch it.
		before := stats(t, box)
		d.enqueue(t, box, "path:/more/")
		until(t, "the relay goes on", func() bool { return p.has("path:/more/") && stats(t, box).Pending == 0 })
		if s := stats(t, box); s.Dead != 1 || s.Retried != before.Retried {
			t.Errorf("a dead letter was tried: %+v", s)
		}

		p.set(func() { delete(p.refuses, "path:/7/") })
		n, err := box.Revive(t.Context())
		if n != 1 || err != nil {
			t.Errorf("Revive: %d, %v, want 1", n, err)
		}
		until(t, "the dead letter is purged", func() bool { return p.has("path:/7/") && stats(t, box).Pending == 0 })
		if s := stats(t, box); s.Dead != 0 {
			t.Errorf("after Revive: %+v", s)
		}
	})
}

// One that hangs is a poison too, and does not block what it was merged with.
func TestPoisonThatHangs(t *testing.T) {
	each(t, []outbox.Dialect{outbox.SQLite}, func(t *testing.T, d *database) {
		p := newPurger()
		p.enter = func(ctx context.Context, e cache.Event) error {
			for _, dep := range e.Dependencies {
				if dep == "path:/0/" {
					<-ctx.Done()
					return ctx.Err()
				}
			}
			return nil
		}
		deps := numbered(20)
		box := d.outbox(t, p, func(o *outbox.Options) { o.PurgeTimeout, o.MaxTries = 50*time.Millisecond, 2 })
		d.enqueue(t, box, deps...)
		if err := box.Start(); err != nil {
			t.Fatal(err)
		}
		until(t, "the others are purged", func() bool { return p.has(deps[1:]...) })
		until(t, "one is dead", func() bool { return stats(t, box).Dead == 1 })
	})
}

// A Purger that panics does not take the process with it.
func TestPurgerPanics(t *testing.T) {
	each(t, []outbox.Dialect{outbox.SQLite}, func(t *testing.T, d *database) {
		p := newPurger()
		p.enter = func(ctx context.Context, e cache.Event) error {
			if len(e.Dependencies) > 0 {
				panic("oops")
			}
			return nil
		}
		box := d.relay(t, purgerFunc(func(ctx context.Context, e cache.Event) error { return p.enter(ctx, e) }),
			func(o *outbox.Options) { o.MaxTries = 1 })
		d.enqueue(t, box, "path:/a/")
		until(t, "dead", func() bool { return stats(t, box).Dead == 1 })
		if got := d.text(t, "SELECT last_error FROM {table}"); !strings.HasPrefix(got, "the Purger panicked: oops, at ") {
			t.Errorf("last_error is %q", got)
		}
	})
}

// A Purger that ends the goroutine of the relay (runtime.Goexit) does not end the
// relay: the rows behind it are purged.
func TestPurgerExits(t *testing.T) {
	each(t, []outbox.Dialect{outbox.PostgreSQL, outbox.SQLite}, func(t *testing.T, d *database) {
		p := newPurger()
		var calls atomic.Int64
		p.enter = func(context.Context, cache.Event) error {
			if calls.Add(1) <= 3 {
				runtime.Goexit()
			}
			return nil
		}
		box := d.relay(t, purgerFunc(func(ctx context.Context, e cache.Event) error { return p.enter(ctx, e) }), nil)
		d.enqueue(t, box, "path:/a/")
		until(t, "purged", func() bool { return stats(t, box).Pending == 0 })
	})
}

// A row that somebody else has written into is a dead letter at once, and one
// that a later version wrote is left to it.
func TestRowsThatCannotBeRead(t *testing.T) {
	each(t, all, func(t *testing.T, d *database) {
		p := newPurger()
		box := d.outbox(t, p, nil)
		ids := d.enqueue(t, box, "path:/corrupt/", "path:/newer/", "path:/fine/")
		d.exec(t, "UPDATE {table} SET event = 'nonsense' WHERE id = '"+ids[0]+"'")
		d.exec(t, "UPDATE {table} SET format = 3 WHERE id = '"+ids[1]+"'")
		if err := box.Start(); err != nil {
			t.Fatal(err)
		}
		until(t, "the third is purged", func() bool { return p.has("path:/fine/") && stats(t, box).Dead == 1 })
		if s := stats(t, box); s.Pending != 1 || s.Newer != 1 {
			t.Errorf("want one row of a later version that waits: %+v", s)
		}
		got := d.text(t, "SELECT last_error FROM {table} WHERE id = '"+ids[0]+"'")
		if !strings.HasPrefix(got, outbox.ErrCorrupt.Error()) {
			t.Errorf("last_error is %q, want %q ...", got, outbox.ErrCorrupt)
		}
		d.exec(t, "UPDATE {table} SET format = 1 WHERE format = 3")
		until(t, "the second is purged", func() bool { return p.has("path:/newer/") })
	})
}

// A connection may lead to a server that was the primary before a failover, and
// reads only. The relay takes another.
func TestTheConnectionReadsOnly(t *testing.T) {
	each(t, rowLocks, func(t *testing.T, d *database) {
		other := *d
		other.db = connect(t, d.dialect, d.dsn)
		other.db.SetMaxOpenConns(1)
		statement := map[outbox.Dialect]string{
			outbox.PostgreSQL: "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
			outbox.MySQL:      "SET SESSION TRANSACTION READ ONLY",
		}[d.dialect]
		other.exec(t, statement)
		p := newPurger()
		var seen observer
		box := other.relay(t, p, func(o *outbox.Options) { o.Observe = seen.observe })
		d.enqueue(t, box, "path:/a/")
		until(t, "purged", func() bool { return p.has("path:/a/") && stats(t, box).Pending == 0 })
		if len(seen.of(outbox.OpClaim)) == 0 {
			t.Error("nothing failed: the connection was not what it was to be")
		}
	})
}

// Without a database, Purged is heard of, and nothing else happens.
func TestTheDatabaseIsGone(t *testing.T) {
	each(t, all, func(t *testing.T, d *database) {
		var seen observer
		other := *d
		other.db = connect(t, d.dialect, d.dsn)
		box := other.relay(t, newPurger(), func(o *outbox.Options) { o.Observe = seen.observe })
		other.db.Close()
		box.Purged(t.Context(), []string{"A", "B"})
		until(t, "observed", func() bool {
			return len(seen.of(outbox.OpDelete)) == 1 && len(seen.of(outbox.OpClaim)) > 1
		})
		if obs := seen.of(outbox.OpDelete)[0]; obs.Rows != 2 || obs.Err == nil {
			t.Errorf("observed %+v", obs)
		}
		if err := box.Keep(t.Context(), events("path:/a/")); err == nil {
			t.Error("Keep without a database: no error")
		}
		if _, err := box.Stats(t.Context()); err == nil {
			t.Error("Stats without a database: no error")
		}
		if err := box.Close(); err == nil {
			t.Error("Close could not look whether rows are left: no error")
		}
	})
}
