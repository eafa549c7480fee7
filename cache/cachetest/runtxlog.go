package cachetest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/uncache/uncache/cache"
)

// TxLogHarness is a [cache.TxLog] to be checked, with transactions of its database.
// Every field but Elsewhere must be set.
type TxLogHarness struct {
	// Open returns an empty log that nobody else uses, in a database without rows. What
	// has to be closed is closed by t.Cleanup.
	Open func(t *testing.T) cache.TxLog

	// Begin begins a transaction in the log's database. Some eight are open at once.
	Begin func(ctx context.Context, l cache.TxLog) (Tx, error)

	// Elsewhere begins a transaction in another database, as Begin does. Nil if there
	// is none: the duty that needs it is skipped.
	Elsewhere func(ctx context.Context, l cache.TxLog) (Tx, error)

	// Save writes a row with this number in a transaction of Begin or Elsewhere.
	Save func(ctx context.Context, tx Tx, n int) error

	// Saved returns the numbers of the rows that are committed in the database of Begin,
	// or if elsewhere in that of Elsewhere.
	Saved func(ctx context.Context, l cache.TxLog, elsewhere bool) (map[int]bool, error)
}

// A Tx is an open transaction.
type Tx struct {
	Exec     cache.Exec                      // runs a statement in it
	Commit   func(ctx context.Context) error // ends it
	Rollback func(ctx context.Context) error // ends it, without what it did
}

// RunTxLog checks each duty of a [cache.TxLog] in a sub-test of its own: that an event is
// visible with the data, never before, never without. [RunLog] checks the others.
func RunTxLog(t *testing.T, h TxLogHarness) {
	t.Helper()
	runRules(t, txRules, nil, func(t *testing.T) txSubject {
		return txSubject{logSubject{Log: h.Open(t)}, h}
	}, func(name string, _ txSubject) (bool, string) {
		if name == "TxLog/elsewhere" && h.Elsewhere == nil {
			return true, "Elsewhere"
		}
		return true, ""
	})
}

// txSubject is a log with the calls that rules are written in.
type txSubject struct {
	logSubject
	h TxLogHarness
}

func (s txSubject) log() cache.TxLog { return s.Log.(cache.TxLog) }

// in runs f in a transaction, and commits or rolls back.
func (s txSubject) in(ctx context.Context, commit bool, f func(tx Tx) error) error {
	tx, err := s.h.Begin(ctx, s.log())
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback(ctx))
	}
	end, name := tx.Commit, "commit"
	if !commit {
		end, name = tx.Rollback, "roll back"
	}
	if err := end(ctx); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// save writes row n and appends the event with that reason.
func (s txSubject) save(ctx context.Context, tx Tx, n int) error {
	if err := s.h.Save(ctx, tx, n); err != nil {
		return fmt.Errorf("save row %d: %w", n, err)
	}
	return s.appendTx(ctx, tx, cache.Event{Dependencies: []cache.Dependency{cache.Group(fmt.Sprint(n))}, Reason: fmt.Sprint(n)})
}

func (s txSubject) appendTx(ctx context.Context, tx Tx, e cache.Event) error {
	ok, err := s.log().AppendTx(ctx, tx.Exec, e)
	if err != nil || !ok {
		return fmt.Errorf("AppendTx(%s): got %v, %v; want true, nil", e.Reason, ok, err)
	}
	return nil
}

// named returns how often the reasons of events after a position occur, without those
// of positions that were rolled back.
func (s txSubject) named(ctx context.Context, after cache.Position) (map[string]int, cache.Position, error) {
	ev, err := since(ctx, s.Log, after)
	if err != nil {
		return nil, 0, err
	}
	if err := continuous(after, ev); err != nil {
		return nil, 0, err
	}
	if ev.From != after {
		return nil, 0, answer(after, ev, "nothing forgotten")
	}
	found := make(map[string]int)
	for _, e := range ev.List {
		if len(e.Dependencies) > 0 {
			found[e.Reason]++
		}
	}
	return found, ev.Head, nil
}

// has wants events with these reasons after a position, once each, and no others.
func (s txSubject) has(ctx context.Context, when string, after cache.Position, reasons ...string) error {
	found, _, err := s.named(ctx, after)
	if err != nil {
		return err
	}
	ok := len(found) == len(reasons)
	for _, r := range reasons {
		ok = ok && found[r] == 1
	}
	if !ok {
		return fmt.Errorf("%s: the log has %v after %d, want %q once each", when, found, after, reasons)
	}
	return nil
}
