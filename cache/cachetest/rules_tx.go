package cachetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/uncache/uncache/cache"
)

const (
	ruleAtOnce     = "The event and the data of the transaction become visible at once."
	ruleRolledBack = "If the transaction, or the savepoint around the call, is rolled back, the event is never in the log."
)

var txRules = []rule[txSubject]{
	{
		"TxLog/fields",
		"AppendTx adds e to the log in the transaction of exec.",
		func(ctx context.Context, s txSubject) error {
			head, err := s.head(ctx)
			if err != nil {
				return err
			}
			want := cache.Event{
				Time:         time.Date(2007, 11, 5, 19, 8, 53, 0, time.FixedZone("CET", 3600)),
				Dependencies: []cache.Dependency{cache.Path("/a'b\\c/"), cache.Group("a b,\n\x00\xff\"{}"), cache.Group("")},
				Soft:         true, Reason: "be'cause \\ \x00\xff", Origin: "host:1",
			}
			if err := s.in(ctx, true, func(tx Tx) error { return s.appendTx(ctx, tx, want) }); err != nil {
				return err
			}
			ev, err := since(ctx, s.Log, head)
			if err != nil {
				return err
			}
			if len(ev.List) != 1 {
				return answer(head, ev, "one event")
			}
			got := ev.List[0]
			if !slices.Equal(got.Dependencies, want.Dependencies) || got.Soft != want.Soft || got.Reason != want.Reason ||
				got.Origin != want.Origin || !got.Time.Equal(want.Time) {
				return fmt.Errorf("AppendTx of %+v: the log gives %+v", want, got)
			}
			return nil
		},
	},
	{
		"TxLog/committed",
		"No Since has the event before, and every Since that starts after the COMMIT has it.",
		func(ctx context.Context, s txSubject) error {
			head, err := s.head(ctx)
			if err != nil {
				return err
			}
			for n := range 10 {
				if err := s.in(ctx, true, func(tx Tx) error {
					if err := s.save(ctx, tx, n); err != nil {
						return err
					}
					return s.has(ctx, "before COMMIT", head)
				}); err != nil {
					return err
				}
				if err := s.has(ctx, "after COMMIT", head, strconv.Itoa(n)); err != nil {
					return err
				}
				if head, err = s.head(ctx); err != nil {
					return err
				}
			}
			return nil
		},
	},
	{
		"TxLog/at once",
		ruleAtOnce,
		func(ctx context.Context, s txSubject) error { return s.race(ctx) },
	},
	{
		"TxLog/rolled back",
		ruleRolledBack,
		func(ctx context.Context, s txSubject) error {
			head, err := s.head(ctx)
			if err != nil {
				return err
			}
			if err := s.in(ctx, false, func(tx Tx) error { return s.save(ctx, tx, 1) }); err != nil {
				return err
			}
			if err := s.has(ctx, "after ROLLBACK", head); err != nil {
				return err
			}
			if err := s.in(ctx, true, func(tx Tx) error { return s.save(ctx, tx, 2) }); err != nil {
				return err
			}
			return s.has(ctx, "after ROLLBACK and a COMMIT", head, "2")
		},
	},
	{
		"TxLog/savepoint",
		ruleRolledBack,
		func(ctx context.Context, s txSubject) error {
			head, err := s.head(ctx)
			if err != nil {
				return err
			}
			if err := s.in(ctx, true, func(tx Tx) error {
				run := func(query string) error { _, err := tx.Exec(ctx, query); return err }
				return errors.Join(s.save(ctx, tx, 1), run("SAVEPOINT a"), s.save(ctx, tx, 2), run("ROLLBACK TO SAVEPOINT a"),
					s.save(ctx, tx, 3), run("SAVEPOINT b"), s.save(ctx, tx, 4), run("RELEASE SAVEPOINT b"))
			}); err != nil {
				return err
			}
			return s.has(ctx, "after COMMIT", head, "1", "3", "4")
		},
	},
	{
		"TxLog/several",
		"A transaction may append several events.",
		func(ctx context.Context, s txSubject) error {
			head, err := s.head(ctx)
			if err != nil {
				return err
			}
			if err := s.in(ctx, true, func(tx Tx) error {
				return errors.Join(s.save(ctx, tx, 1), s.save(ctx, tx, 2), s.save(ctx, tx, 3))
			}); err != nil {
				return err
			}
			return s.has(ctx, "after COMMIT", head, "1", "2", "3")
		},
	},
	{
		"TxLog/elsewhere",
		"If the transaction is of another database, AppendTx returns false and no error, and the transaction goes on as if there had been no call.",
		func(ctx context.Context, s txSubject) error {
			head, err := s.head(ctx)
			if err != nil {
				return err
			}
			tx, err := s.h.Elsewhere(ctx, s.log())
			if err != nil {
				return err
			}
			err = s.h.Save(ctx, tx, 1)
			ok, failed := s.log().AppendTx(ctx, tx.Exec, cache.Event{Dependencies: []cache.Dependency{"a"}, Reason: "a"})
			if ok || failed != nil {
				return errors.Join(err, fmt.Errorf("AppendTx in another database: got %v, %w; want false, nil", ok, failed), tx.Rollback(ctx))
			}
			if err := errors.Join(err, s.h.Save(ctx, tx, 2), tx.Commit(ctx)); err != nil {
				return err
			}
			saved, err := s.h.Saved(ctx, s.log(), true)
			if err != nil {
				return err
			}
			if !saved[1] || !saved[2] {
				return fmt.Errorf("the other database has rows %v, want 1 and 2", saved)
			}
			return s.has(ctx, "after COMMIT elsewhere", head)
		},
	},
	{
		"TxLog/keeps a copy",
		"e.Dependencies stays the caller's: AppendTx keeps a copy.",
		func(ctx context.Context, s txSubject) error {
			head, err := s.head(ctx)
			if err != nil {
				return err
			}
			deps := []cache.Dependency{"group:a"}
			if err := s.in(ctx, true, func(tx Tx) error {
				err := s.appendTx(ctx, tx, cache.Event{Dependencies: deps})
				deps[0] = "group:b"
				return err
			}); err != nil {
				return err
			}
			ev, err := since(ctx, s.Log, head)
			if err != nil {
				return err
			}
			if len(ev.List) != 1 || len(ev.List[0].Dependencies) != 1 || ev.List[0].Dependencies[0] != "group:a" {
				return fmt.Errorf("the log gives %+v, want group:a", ev.List)
			}
			return nil
		},
	},
}

// race has transactions commit and roll back at the same time, while readers compare
// the data with the log, in either order, and a follower reads each event once.
func (s txSubject) race(ctx context.Context) error {
	const writers, each, readers = 4, 25, 3
	start, err := s.head(ctx)
	if err != nil {
		return err
	}
	var writing atomic.Int64
	writing.Store(writers)
	followed, last := make(map[string]int), start
	follow := func() error {
		found, head, err := s.named(ctx, last)
		for reason, n := range found {
			followed[reason] += n
		}
		last = head
		return err
	}
	err = together(writers+readers, func(i int) error {
		if i < writers {
			defer writing.Add(-1)
			for j := range each {
				n := i*each + j
				if err := s.in(ctx, n%5 != 4, func(tx Tx) error { return s.save(ctx, tx, n) }); err != nil {
					return err
				}
			}
			return nil
		}
		for writing.Load() > 0 {
			var err error
			switch i - writers {
			case 0:
				err = follow()
			case 1:
				err = s.dataThenLog(ctx, start)
			default:
				err = s.logThenData(ctx, start)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := follow(); err != nil {
		return err
	}
	for n := range writers * each {
		want := 1
		if n%5 == 4 {
			want = 0
		}
		if got := followed[strconv.Itoa(n)]; got != want {
			return fmt.Errorf("a reader that asked again and again, each time after the last head, got event %d %d times, want %d", n, got, want)
		}
	}
	return errors.Join(s.dataThenLog(ctx, start), s.logThenData(ctx, start))
}

// dataThenLog wants the event of each row that is visible.
func (s txSubject) dataThenLog(ctx context.Context, after cache.Position) error {
	saved, err := s.h.Saved(ctx, s.log(), false)
	if err != nil {
		return err
	}
	found, _, err := s.named(ctx, after)
	if err != nil {
		return err
	}
	for n := range saved {
		if found[strconv.Itoa(n)] != 1 {
			return fmt.Errorf("row %d is visible, and its event is in the log %d times, want once", n, found[strconv.Itoa(n)])
		}
	}
	return nil
}

// logThenData wants the row of each event that is visible.
func (s txSubject) logThenData(ctx context.Context, after cache.Position) error {
	found, _, err := s.named(ctx, after)
	if err != nil {
		return err
	}
	saved, err := s.h.Saved(ctx, s.log(), false)
	if err != nil {
		return err
	}
	for reason := range found {
		if n, err := strconv.Atoi(reason); err != nil || !saved[n] {
			return fmt.Errorf("event %q is in the log, and its row is not visible", reason)
		}
	}
	return nil
}
