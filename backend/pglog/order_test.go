package pglog_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/uncache/uncache/cache"
)

// Two histories in which a reader misses an event for ever, each possible with a lock
// that is wrong in one way. docs/pglog.md has them side by side. The lock is not held
// until COMMIT:
//
//	saver A is given position 6
//	saver B is given position 7, and commits
//	a reader finds 7 and no 6, takes 6 for rolled back, and goes on from 7
//	A commits, and nobody reads 6
//
// The position is taken before the lock:
//
//	saver A takes position 6, and waits for the lock
//	saver B takes position 7, has the lock first, and commits
//	a reader goes on from 7
//	A has the lock and commits, and nobody reads 6
func TestWrongLockLosesEvents(t *testing.T) {
	for name, tt := range map[string]struct {
		change [2]string // in the function push
		hold   string    // what the function hold does
		loses  bool
	}{
		"right":                       {},
		"released before COMMIT":      {hold: "SELECT pg_advisory_xact_lock(1, 1) WHERE false", loses: true},
		"position taken before":       {change: [2]string{"PERFORM {hold};\n\tp := nextval({positions});", "p := nextval({positions});\n\tIF reason = 'A' THEN PERFORM pg_sleep(1); END IF;\n\tPERFORM {hold};"}, loses: true},
		"position taken under it":     {change: [2]string{"p := nextval({positions});", "IF reason = 'A' THEN PERFORM pg_sleep(1); END IF;\n\tp := nextval({positions});"}},
		"held until COMMIT, no event": {change: [2]string{"p := nextval({positions});", "p := nextval({positions});\n\tIF reason = 'A' THEN PERFORM pg_sleep(1); END IF;"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProcess(t)
			p.spoil(t, tt.change, tt.hold)
			start := p.since(t, 0).Head

			// A is given its position and lock, as far as it goes, and has not committed.
			a, b := p.begin(t, pgx.TxOptions{}), p.begin(t, pgx.TxOptions{})
			p.purgeIn(t, a, "A")
			p.purgeIn(t, b, "B")
			pushed := make(chan error, 1)
			push := func(tx pgx.Tx) error {
				_, err := tx.Exec(t.Context(), "SET CONSTRAINTS ALL IMMEDIATE")
				return err
			}
			go func() {
				err := push(a)
				time.Sleep(500 * time.Millisecond)
				if err == nil {
					err = a.Commit(context.WithoutCancel(t.Context()))
				}
				pushed <- err
			}()
			time.Sleep(300 * time.Millisecond) // A is in push, or behind it
			must(t, push(b), b.Commit(t.Context()))
			first := p.since(t, start)
			must(t, <-pushed)
			second := p.since(t, first.Head)
			var got []string
			for _, e := range append(first.List, second.List...) {
				if len(e.Dependencies) > 0 {
					got = append(got, e.Reason)
				}
			}
			if lost := len(got) != 2; lost != tt.loses {
				t.Errorf("the reader got %q; want both: %v", got, !tt.loses)
			}
		})
	}
}

// spoil changes the functions of a log.
func (p process) spoil(t testing.TB, change [2]string, hold string) {
	t.Helper()
	ctx := t.Context()
	if hold != "" {
		must(t, p.exec(ctx, "CREATE OR REPLACE FUNCTION {schema}.hold() RETURNS void LANGUAGE sql AS $$ "+hold+" $$"))
	}
	if change[0] == "" {
		return
	}
	var def string
	must(t, p.pool.QueryRow(ctx, "SELECT pg_get_functiondef(p.oid) FROM pg_proc p WHERE proname = 'push' AND pronamespace = to_regnamespace($1)", p.schema).Scan(&def))
	in := strings.NewReplacer("{hold}", `"`+p.schema+`".hold()`, "{positions}", `E'"`+p.schema+`".positions'`)
	changed := strings.Replace(def, in.Replace(change[0]), in.Replace(change[1]), 1)
	if changed == def {
		t.Fatalf("the function has no %q:\n%s", in.Replace(change[0]), def)
	}
	must(t, p.exec(ctx, changed))
}

// What was rolled back leaves positions without events, which a reader fills.
func TestRolledBackPositionsAreGaps(t *testing.T) {
	p := newProcess(t)
	start := p.since(t, 0).Head
	for range 3 {
		tx := p.begin(t, pgx.TxOptions{})
		p.purgeIn(t, tx, "never")
		_, err := tx.Exec(t.Context(), "SET CONSTRAINTS ALL IMMEDIATE") // it has a position now
		must(t, err, tx.Rollback(t.Context()))
	}
	pos := p.purge(t, "saved")
	if pos != start+4 {
		t.Errorf("got position %d, want %d", pos, start+4)
	}
	for after := start; after < pos; after++ {
		ev := p.since(t, after)
		if ev.Head != pos || ev.From != after || len(ev.List) != int(pos-after) || len(ev.List[len(ev.List)-1].Dependencies) != 1 {
			t.Errorf("Since(%d) = %+v; want events up to %d, the last one with a name", after, ev, pos)
		}
	}
	for _, e := range p.since(t, start).List[:3] {
		if len(e.Dependencies) != 0 {
			t.Errorf("a position that was rolled back has %v", e.Dependencies)
		}
	}
}

// Somebody sets the sequence: a gap that is too long to be filled is one that is known.
func TestSequenceIsSet(t *testing.T) {
	p := newProcess(t)
	first := p.purge(t, "first")
	must(t, p.exec(t.Context(), "SELECT setval('{schema}.positions', $1::bigint)", int64(first)+1_000_000))
	last := p.purge(t, "ahead")
	if ev := p.since(t, first); ev.From != last-1 || len(ev.List) != 1 || ev.Head != last {
		t.Errorf("Since(%d) = %+v; want From %d and one event", first, ev, last-1)
	}
	// Set back, it would give positions again: a new era.
	must(t, p.exec(t.Context(), "SELECT setval('{schema}.positions', $1::bigint)", int64(first)))
	ev := p.since(t, last)
	if ev.From <= last || ev.From != ev.Head {
		t.Errorf("Since(%d) after the sequence was set back = %+v; want a new era", last, ev)
	}
	if pos := p.purge(t, "in the new era"); pos != ev.Head+1 {
		t.Errorf("got position %d, want %d", pos, ev.Head+1)
	}
}

// Positions ahead of the clock, by less than ten years, are gone on with; by more they
// are damage.
func TestClockIsWrong(t *testing.T) {
	const year = cache.Position(365 * 24 * time.Hour / time.Microsecond)
	p := newProcess(t)
	now := p.purge(t, "now")
	ahead := p.since(t, now+9*year) // a process that was told by a clock that is ahead
	if ahead.Head <= now+9*year {
		t.Errorf("Since(in nine years): got Head %d, want one beyond", ahead.Head)
	}
	must(t, p.exec(t.Context(), "DELETE FROM {schema}.state"))
	again := p.since(t, 0) // the clock is right again
	if again.Head <= ahead.Head || again.Head > ahead.Head+year {
		t.Errorf("a new era when positions are ahead: got Head %d, want just beyond %d", again.Head, ahead.Head)
	}
	must(t, p.exec(t.Context(), "SELECT setval('{schema}.positions', $1::bigint)", int64(now+20*year)))
	p.purge(t, "in twenty years")
	if ev := p.since(t, 0); ev.Head < again.Head || ev.Head > again.Head+year {
		t.Errorf("a head twenty years ahead: got a Head of %d, want one just beyond %d", ev.Head, again.Head)
	}
	// A process that has read it gives up all that it knows.
	if ev := p.since(t, now+20*year); ev.Head > now+15*year || ev.From != ev.Head || len(ev.List) > 0 {
		t.Errorf("Since(in twenty years) = %+v; want the era of now, and no events", ev)
	}
}
