package outboxtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/connector"
	"github.com/uncache/uncache/invalidate/outbox"
)

// A clockedPurger notes when it purged, in a process and in others alike.
type clockedPurger struct {
	*purger
	mu    sync.Mutex
	times []time.Time
}

func (p *clockedPurger) Purge(ctx context.Context, e cache.Event) error {
	err := p.purger.Purge(ctx, e)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil && len(e.Dependencies) > 0 {
		p.times = append(p.times, time.Now())
	}
	return err
}

func (p *clockedPurger) at() []time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.times)
}

var twice = []time.Duration{300 * time.Millisecond, 700 * time.Millisecond}

// wantTwice waits for the purges after the first one, and checks that none comes early
// and that nothing is left.
func wantTwice(t *testing.T, box *outbox.Outbox, p *clockedPurger, first time.Time, before int) {
	t.Helper()
	until(t, "nothing is left", func() bool { s := stats(t, box); return s.Pending+s.Repeats+s.Dead == 0 })
	times := p.at()[before:]
	if len(times) != len(twice) {
		t.Fatalf("purged %d times again, want %d", len(times), len(twice))
	}
	for i, at := range times {
		if d := at.Sub(first); d < twice[i]-2*time.Millisecond {
			t.Errorf("purged again after %v, want %v at least", d, twice[i])
		}
	}
}

// Every road of a save leads to repeats, which the relay makes.
func TestRepeat(t *testing.T) {
	roads := map[string]func(ctx context.Context, inv *invalidate.Invalidator, d *database) error{
		"InTx": func(ctx context.Context, inv *invalidate.Invalidator, d *database) error {
			return inv.InTx(ctx, d.db, nil, func(ctx context.Context, _ *sql.Tx) error { return inv.Invalidate(ctx, 1) })
		},
		"no transaction": func(ctx context.Context, inv *invalidate.Invalidator, _ *database) error {
			return inv.Invalidate(ctx, 1)
		},
		"a batch": func(ctx context.Context, inv *invalidate.Invalidator, _ *database) error {
			ctx, batch := invalidate.WithBatch(ctx)
			return errors.Join(inv.Invalidate(ctx, 1), batch.Flush(ctx))
		},
		"a batch and Enqueue": func(ctx context.Context, inv *invalidate.Invalidator, d *database) error {
			ctx, batch := invalidate.WithBatch(ctx)
			err := inv.Invalidate(ctx, 1)
			tx, failed := d.db.Begin()
			if failed != nil {
				return failed
			}
			return errors.Join(err, batch.Enqueue(ctx, tx), tx.Commit(), batch.Flush(ctx))
		},
		"a driver that sees COMMIT": func(ctx context.Context, inv *invalidate.Invalidator, d *database) error {
			return followed(ctx, inv, d, 0)
		},
		// Its purge holds the only connection.
		"a pool of one connection": func(ctx context.Context, inv *invalidate.Invalidator, d *database) error {
			return followed(ctx, inv, d, 1)
		},
	}
	for name, save := range roads {
		t.Run(name, func(t *testing.T) {
			each(t, all, func(t *testing.T, d *database) {
				p := &clockedPurger{purger: newPurger()}
				box := d.relay(t, p, func(o *outbox.Options) { o.Grace = time.Hour })
				inv := invalidate.New(p, &invalidate.Options{Outbox: box, Repeat: twice})
				defer inv.Close()
				invalidate.Register(inv, func(i int, to *invalidate.Targets) { to.Path(fmt.Sprintf("/%d/", i)) })
				if err := save(t.Context(), inv, d); err != nil {
					t.Fatal(err)
				}
				first := p.at()[0]
				until(t, "the row waits to be purged again", func() bool { s := stats(t, box); return s.Repeats == 1 || len(p.at()) > 1 })
				wantTwice(t, box, p, first, 1)
				events, _, _ := p.snapshot()
				if got := events[1].Reason; !strings.HasSuffix(got, " (again) (by the outbox)") {
					t.Errorf("the reason is %q", got)
				}
			})
		})
	}
}

// followed saves by a driver that sees the transaction, and has conns connections.
func followed(ctx context.Context, inv *invalidate.Invalidator, d *database, conns int) error {
	base := d.db.Driver()
	c, err := connector.Open(base, d.dsn)
	if err != nil {
		return err
	}
	db := sql.OpenDB(c)
	defer db.Close()
	db.SetMaxOpenConns(conns)
	ctx, batch := invalidate.Follow(ctx)
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	return errors.Join(inv.Invalidate(ctx, 1), tx.Commit(), batch.Flush(ctx))
}

// When the saver has died, the durations count from the purge that the relay makes; so
// they do when the Purger was down, and Keep has kept the event.
func TestRepeatAfterTheRelaysPurge(t *testing.T) {
	each(t, all, func(t *testing.T, d *database) {
		p := &clockedPurger{purger: newPurger()}
		box := d.outbox(t, p, nil)
		enqueueRepeat(t, d, box, twice, "path:/a/")
		if err := box.Start(); err != nil {
			t.Fatal(err)
		}
		until(t, "purged", func() bool { return len(p.at()) > 0 })
		wantTwice(t, box, p, p.at()[0], 1)

		p.set(func() { p.down = true })
		inv := invalidate.New(p, &invalidate.Options{Outbox: box, Repeat: twice})
		invalidate.Register(inv, func(i int, to *invalidate.Targets) { to.Path(fmt.Sprintf("/%d/", i)) })
		if err := inv.Invalidate(t.Context(), 1); !errors.Is(err, invalidate.ErrKept) {
			t.Fatalf("with a Purger that is down: %v", err)
		}
		before := len(p.at())
		time.Sleep(twice[0])
		p.set(func() { p.down = false })
		until(t, "purged", func() bool { return len(p.at()) > before })
		wantTwice(t, box, p, p.at()[before], before+1)
		if err := inv.Close(); err != nil {
			t.Error(err)
		}
	})
}

func enqueueRepeat(t testing.TB, d *database, box *outbox.Outbox, repeat []time.Duration, dep cache.Dependency) (ids []string) {
	t.Helper()
	tx, err := d.db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	ids, err = box.EnqueueRepeat(context.Background(), tx, events(dep), repeat)
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// purgeOnce is a saver that has purged, and said so, when it is killed.
func purgeOnce(d *sql.DB, box *outbox.Outbox) error {
	tx, err := d.Begin()
	if err != nil {
		return err
	}
	ids, err := box.EnqueueRepeat(context.Background(), tx, events("path:/a/"), []time.Duration{time.Second})
	if err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	box.Purged(context.Background(), ids)
	for {
		s, err := box.Stats(context.Background())
		if err != nil {
			return err
		}
		if s.Repeats == 1 {
			fmt.Println("purged")
			return nil
		}
		time.Sleep(time.Millisecond)
	}
}

// A process is killed between a purge and its repeat, which comes nevertheless.
func TestASaverIsKilledBeforeARepeat(t *testing.T) {
	each(t, all, func(t *testing.T, d *database) {
		began := time.Now()
		if err := d.start(t, "repeater", "purged", time.Minute).Kill(); err != nil {
			t.Fatal(err)
		}
		p := &clockedPurger{purger: newPurger()}
		box := d.relay(t, p, nil)
		until(t, "purged again", func() bool { return p.has("path:/a/") })
		if d := p.at()[0].Sub(began); d < time.Second {
			t.Errorf("purged again after %v, want a second at least", d)
		}
		until(t, "nothing is left", func() bool { s := stats(t, box); return s.Pending+s.Repeats == 0 })
		if n := p.purged()["path:/a/"]; n != 1 {
			t.Errorf("purged %d times again, want once", n)
		}
	})
}

// A saver that says late that it has purged takes no repeat from what a relay has
// purged in its place, nor does a relay that ends take what is not due.
func TestARepeatIsNeitherSkippedNorEarly(t *testing.T) {
	each(t, all, func(t *testing.T, d *database) {
		p := newPurger()
		box := d.relay(t, p, nil)
		ids := enqueueRepeat(t, d, box, []time.Duration{time.Hour, 2 * time.Hour}, "path:/a/")
		until(t, "the relay was first", func() bool { return stats(t, box).Repeats == 1 })
		due := d.text(t, "SELECT due FROM {table}")
		box.Purged(t.Context(), ids)
		if err := box.Close(); err != nil { // Purged is done then
			t.Fatal(err)
		}
		if got := d.text(t, "SELECT purged FROM {table}"); got != "1" {
			t.Errorf("purged %s times by the table, want 1", got)
		}
		if got := d.text(t, "SELECT due FROM {table}"); got != due {
			t.Errorf("due was %s, and is %s", due, got)
		}
		if n := p.purged()["path:/a/"]; n != 1 {
			t.Errorf("purged %d times within an hour", n)
		}
		if s := stats(t, box); s.Pending != 0 || s.Oldest != 0 {
			t.Errorf("a row that waits for a repeat is counted as not purged: %+v", s)
		}
	})
}

// A repeat that fails is tried again like any row, and uses up its own tries.
func TestARepeatThatFails(t *testing.T) {
	each(t, all, func(t *testing.T, d *database) {
		p := newPurger()
		box := d.relay(t, p, func(o *outbox.Options) { o.MaxTries = 3 })
		enqueueRepeat(t, d, box, []time.Duration{100 * time.Millisecond}, "path:/a/")
		until(t, "purged", func() bool { return p.has("path:/a/") })
		p.set(func() { p.refuses["path:/a/"] = errDown })
		until(t, "a dead letter", func() bool { return stats(t, box).Dead == 1 })
		if got := d.text(t, "SELECT tries FROM {table}"); got != "3" {
			t.Errorf("%s tries, want 3", got)
		}
		p.set(func() { clear(p.refuses) })
		if _, err := box.Revive(t.Context()); err != nil {
			t.Fatal(err)
		}
		until(t, "purged again", func() bool { return p.purged()["path:/a/"] == 2 })
		until(t, "nothing is left", func() bool { s := stats(t, box); return s.Pending+s.Repeats+s.Dead == 0 })
	})
}

func TestRepeatsThatMakeNoSense(t *testing.T) {
	each(t, onSQLite, func(t *testing.T, d *database) {
		box := d.outbox(t, newPurger(), nil)
		for _, repeat := range [][]time.Duration{{0}, {-1}, {time.Hour, time.Second}} {
			if err := box.KeepRepeat(t.Context(), events("path:/a/"), repeat, true); err == nil {
				t.Errorf("KeepRepeat with %v: no error", repeat)
			}
			if _, err := box.EnqueueRepeat(t.Context(), d.db, events("path:/a/"), repeat); err == nil {
				t.Errorf("EnqueueRepeat with %v: no error", repeat)
			}
		}
	})
}

// toVersion1 makes the table what it was before there were repeats.
func (d *database) toVersion1(t *testing.T) {
	d.exec(t, "ALTER TABLE {table} DROP COLUMN repeats")
	d.exec(t, "ALTER TABLE {table} DROP COLUMN purged")
	d.exec(t, "DELETE FROM {table}_schema WHERE version = 2")
}

// A table of the first version is brought up to date with its rows in it, also if
// somebody was killed while at it. Until then Start says what is missing.
func TestMigrateFromVersion1(t *testing.T) {
	each(t, all, func(t *testing.T, d *database) {
		p := newPurger()
		box := d.outbox(t, p, nil)
		d.enqueue(t, box, numbered(3)...)
		d.toVersion1(t)
		if err := box.Start(); err == nil || !strings.Contains(err.Error(), "has Migrate been called?") {
			t.Errorf("Start with a table of version 1: %v", err)
		}
		for range 2 {
			if err := box.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if d.dialect == outbox.MySQL { // the others commit both or nothing
			d.exec(t, "DELETE FROM {table}_schema WHERE version = 2")
			if err := box.Migrate(t.Context()); err != nil {
				t.Fatalf("after the process was killed before it noted the version: %v", err)
			}
		}
		if got := d.text(t, "SELECT MAX(version) FROM {table}_schema"); got != "2" {
			t.Errorf("version %s, want 2", got)
		}
		if err := box.Start(); err != nil {
			t.Fatal(err)
		}
		until(t, "the rows that were there are purged", func() bool { return p.has(numbered(3)...) && stats(t, box).Pending == 0 })
	})
}
