package cachetest

import (
	"context"
	"errors"
	"maps"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/uncache/uncache/cache"
)

// fakeDB is a database with a log, both in memory. What a transaction did becomes
// visible at its COMMIT; the tests break copies of it.
type fakeDB struct {
	*sliceLog
	mu    sync.Mutex
	rows  map[int]bool
	other map[int]bool // of another database

	// appends, if it is set, is called in place of what an AppendTx does.
	appends func(db *fakeDB, tx *fakeTx, e cache.Event) (bool, error)
	// commits, if it is set, is called in place of COMMIT.
	commits func(db *fakeDB, tx *fakeTx)
}

// fakeTx is a transaction.
type fakeTx struct {
	elsewhere bool
	did       []any // rows and events
	marks     map[string]int
	failed    bool
}

func (db *fakeDB) Append(ctx context.Context, e cache.Event) (cache.Position, error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.sliceLog.Append(ctx, e)
}

func (db *fakeDB) Since(ctx context.Context, after cache.Position) (cache.Events, error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.sliceLog.Since(ctx, after)
}

// AppendTx finds the transaction by a statement that no other database has.
func (db *fakeDB) AppendTx(ctx context.Context, exec cache.Exec, e cache.Event) (bool, error) {
	var tx *fakeTx
	if n, err := exec(ctx, "TX", &tx); err != nil || n == 0 {
		return false, err
	}
	if db.appends != nil {
		return db.appends(db, tx, e)
	}
	return fakeAppend(tx, e), nil
}

func fakeAppend(tx *fakeTx, e cache.Event) bool {
	e.Dependencies = append([]cache.Dependency(nil), e.Dependencies...)
	tx.did = append(tx.did, e)
	return true
}

func (db *fakeDB) begin(elsewhere bool) Tx {
	tx := &fakeTx{elsewhere: elsewhere, marks: map[string]int{}}
	return Tx{
		Exec: func(_ context.Context, query string, args ...any) (int64, error) {
			if tx.failed {
				return 0, errors.New("the transaction has failed")
			}
			switch words := strings.Fields(query); words[0] {
			case "TX":
				*args[0].(**fakeTx) = tx
				if elsewhere {
					return 0, nil
				}
			case "ROW":
				tx.did = append(tx.did, args[0].(int))
			case "SAVEPOINT":
				tx.marks[words[1]] = len(tx.did)
			case "ROLLBACK":
				tx.did = tx.did[:tx.marks[words[3]]]
			}
			return 1, nil
		},
		Commit: func(context.Context) error {
			if tx.failed {
				return errors.New("the transaction has failed")
			}
			if db.commits != nil {
				db.commits(db, tx)
				return nil
			}
			db.mu.Lock()
			defer db.mu.Unlock()
			db.apply(tx, true, true)
			return nil
		},
		Rollback: func(context.Context) error { return nil },
	}
}

// apply makes what tx did visible. db.mu is held.
func (db *fakeDB) apply(tx *fakeTx, rows, events bool) {
	for _, d := range tx.did {
		switch d := d.(type) {
		case int:
			if rows && tx.elsewhere {
				db.other[d] = true
			} else if rows {
				db.rows[d] = true
			}
		case cache.Event:
			if events {
				_, _ = db.sliceLog.Append(context.Background(), d)
			}
		}
	}
}

// parts has two parts of a COMMIT become visible one after another.
func parts(rowsFirst bool) func(*fakeDB, *fakeTx) {
	return func(db *fakeDB, tx *fakeTx) {
		for _, rows := range []bool{rowsFirst, !rowsFirst} {
			db.mu.Lock()
			db.apply(tx, rows, !rows)
			db.mu.Unlock()
			for range 200 { // for a reader to look in between
				runtime.Gosched()
			}
		}
	}
}

var brokenTxLogs = []struct {
	name   string
	breaks func(*fakeDB)
	caught []string
}{
	{"keeps the contract", func(*fakeDB) {}, nil},
	{"appends at once", func(db *fakeDB) {
		db.appends = func(db *fakeDB, tx *fakeTx, e cache.Event) (bool, error) {
			if tx.elsewhere {
				return false, nil
			}
			e.Dependencies = append([]cache.Dependency(nil), e.Dependencies...)
			_, err := db.Append(context.Background(), e)
			return err == nil, err
		}
	}, []string{"TxLog/committed", "TxLog/at once", "TxLog/rolled back", "TxLog/savepoint"}},
	{"never appends", func(db *fakeDB) {
		db.appends = func(*fakeDB, *fakeTx, cache.Event) (bool, error) { return true, nil }
	}, []string{"TxLog/fields", "TxLog/committed", "TxLog/at once", "TxLog/rolled back", "TxLog/savepoint", "TxLog/several", "TxLog/keeps a copy"}},
	{"appends a little after the data", func(db *fakeDB) { db.commits = parts(true) }, []string{"TxLog/at once"}},
	{"appends a little before the data", func(db *fakeDB) { db.commits = parts(false) }, []string{"TxLog/at once"}},
	{"one event a transaction", func(db *fakeDB) {
		db.appends = func(_ *fakeDB, tx *fakeTx, e cache.Event) (bool, error) {
			for _, d := range tx.did {
				if _, ok := d.(cache.Event); ok {
					return true, nil
				}
			}
			return fakeAppend(tx, e), nil
		}
	}, []string{"TxLog/savepoint", "TxLog/several"}},
	{"drops Soft", func(db *fakeDB) {
		db.appends = func(_ *fakeDB, tx *fakeTx, e cache.Event) (bool, error) {
			e.Soft = false
			return fakeAppend(tx, e), nil
		}
	}, []string{"TxLog/fields"}},
	{"keeps the caller's slice", func(db *fakeDB) {
		db.appends = func(_ *fakeDB, tx *fakeTx, e cache.Event) (bool, error) {
			tx.did = append(tx.did, e)
			return true, nil
		}
	}, []string{"TxLog/keeps a copy"}},
}

// txSubjects returns what opens a log that is broken in one way.
func txSubjects(breaks func(*fakeDB)) func() txSubject {
	return func() txSubject {
		db := &fakeDB{sliceLog: &sliceLog{}, rows: map[int]bool{}, other: map[int]bool{}}
		breaks(db)
		h := TxLogHarness{
			Begin:     func(context.Context, cache.TxLog) (Tx, error) { return db.begin(false), nil },
			Elsewhere: func(context.Context, cache.TxLog) (Tx, error) { return db.begin(true), nil },
			Save: func(ctx context.Context, tx Tx, n int) error {
				_, err := tx.Exec(ctx, "ROW", n)
				return err
			},
			Saved: func(_ context.Context, _ cache.TxLog, elsewhere bool) (map[int]bool, error) {
				db.mu.Lock()
				defer db.mu.Unlock()
				if elsewhere {
					return maps.Clone(db.other), nil
				}
				return maps.Clone(db.rows), nil
			},
		}
		return txSubject{logSubject{Log: db}, h}
	}
}

func TestBrokenTxLogsAreCaught(t *testing.T) {
	for _, tt := range brokenTxLogs {
		t.Run(tt.name, func(t *testing.T) { wantCaught(t, txRules, tt.caught, txSubjects(tt.breaks)) })
	}
}

// A log that does not see that a transaction is another database's takes it for its own,
// or breaks it.
func TestBrokenElsewhereIsCaught(t *testing.T) {
	for name, appends := range map[string]cache.Exec{
		"takes it for its own": func(_ context.Context, _ string, args ...any) (int64, error) { return 1, nil },
		"breaks it": func(_ context.Context, _ string, args ...any) (int64, error) {
			return 0, errors.New("no such function")
		},
	} {
		t.Run(name, func(t *testing.T) {
			wantCaught(t, txRules, []string{"TxLog/elsewhere"}, func() txSubject {
				s := txSubjects(func(*fakeDB) {})()
				begin := s.h.Elsewhere
				s.h.Elsewhere = func(ctx context.Context, l cache.TxLog) (Tx, error) {
					tx, err := begin(ctx, l)
					exec := tx.Exec
					tx.Exec = func(ctx context.Context, query string, args ...any) (int64, error) {
						if query != "TX" {
							return exec(ctx, query, args...)
						}
						*args[0].(**fakeTx) = &fakeTx{}
						return appends(ctx, query, args...)
					}
					return tx, err
				}
				return s
			})
		})
	}
}
