package txtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/integrate"
	"github.com/uncache/uncache/invalidate/outbox"
)

func begin(t *testing.T, x *site) *sql.Tx {
	t.Helper()
	tx, err := x.db.BeginTx(x.ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	return tx
}

// What is committed is purged, what is rolled back is not, and the outbox is
// empty in the end.
func TestCommitAndRollback(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		x := s.site(t, s.db)
		tx := begin(t, x)
		x.save(t, tx, "a")
		x.wantPurged(t)
		if !cache.Bypassed(x.ctx) {
			t.Error("the cache is not bypassed in the transaction")
		}
		if err := tx.Commit(); err != nil {
			t.Error(err)
		}
		x.want(t, "a")

		tx = begin(t, x)
		x.save(t, tx, "b")
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
		x.want(t, "a")

		x.save(t, x.db, "c") // in no transaction
		x.want(t, "a", "c")

		// A statement that fails, and one that is prepared, with rows to read.
		tx = begin(t, x)
		stmt, err := tx.PrepareContext(x.ctx, "SELECT slug, n FROM posts ORDER BY slug")
		if err != nil {
			t.Fatal(err)
		}
		var slug string
		var n sql.NullInt64
		if err := stmt.QueryRowContext(x.ctx).Scan(&slug, &n); err != nil || slug != "a" || n.Valid {
			t.Errorf("SELECT: got %q, %v, %v, want a, NULL", slug, n, err)
		}
		if err := stmt.Close(); err != nil {
			t.Error(err)
		}
		x.save(t, tx, "d")
		if err := tx.Commit(); err != nil {
			t.Error(err)
		}
		x.want(t, "a", "c", "d")
		if err := x.outbox.Close(); err != nil { // deletes what was purged
			t.Error(err)
		}
		if n := s.rows(t, outbox.DefaultTable); n != 0 {
			t.Errorf("the outbox has %d rows, want 0", n)
		}
		if cache.Bypassed(x.ctx) {
			t.Error("the cache is bypassed after the transactions")
		}
	})
}

// Statements on one connection. What every database does with them is what is
// purged; a slug stands for its save.
func TestStatements(t *testing.T) {
	tests := []struct{ script, want string }{
		{"BEGIN|a|COMMIT", "a"},
		{"BEGIN|a|ROLLBACK|b", "b"},
		{"BEGIN|a|SAVEPOINT s|b|ROLLBACK TO SAVEPOINT s|c|COMMIT", "a c"},
		{"begin|a|savepoint s1|b|savepoint s2|c|release savepoint s2|rollback to savepoint S1|d|commit", "a d"},
		{"BEGIN|SAVEPOINT s|a|SAVEPOINT s|b|ROLLBACK TO s|RELEASE SAVEPOINT s|COMMIT", "a"},
		{"BEGIN|a|SAVEPOINT s|b|ROLLBACK TO s|c|ROLLBACK TO s|d|COMMIT /* done */;", "a d"},
		{"BEGIN|a", ""}, // given back
	}
	each(t, func(t *testing.T, s *server) {
		for _, tt := range tests {
			t.Run(tt.script, func(t *testing.T) {
				s.exec(t, "DELETE FROM posts")
				x := s.site(t, s.db)
				c, err := x.db.Conn(x.ctx)
				if err != nil {
					t.Fatal(err)
				}
				for step := range strings.SplitSeq(tt.script, "|") {
					if len(step) == 1 {
						x.save(t, c, step)
					} else if _, err := c.ExecContext(x.ctx, step); err != nil {
						t.Errorf("%s: %v", step, err)
					}
				}
				if tt.want == "" { // or else it stays in the pool, with its locks
					if _, err := c.ExecContext(x.ctx, "ROLLBACK"); err != nil {
						t.Error(err)
					}
				}
				if err := c.Close(); err != nil {
					t.Error(err)
				}
				x.want(t, strings.Fields(tt.want)...)
			})
		}
	})
}

// SQLite begins a transaction with a savepoint.
func TestSQLiteSavepoint(t *testing.T) {
	s := lite(t)
	x := s.site(t, s.db)
	c, err := x.db.Conn(x.ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, step := range []string{"SAVEPOINT r", "a", "SAVEPOINT s", "b", "ROLLBACK TO s", "RELEASE r"} {
		x.wantPurged(t)
		if len(step) == 1 {
			x.save(t, c, step)
		} else if _, err := c.ExecContext(x.ctx, step); err != nil {
			t.Errorf("%s: %v", step, err)
		}
	}
	x.want(t, "a")
}

// SQLite keeps the transaction of a COMMIT that it has refused; what it commits
// in the end is purged then.
func TestSQLiteCommitsLater(t *testing.T) {
	s := lite(t)
	s.exec(t, "CREATE TABLE comments (post TEXT REFERENCES posts (slug) DEFERRABLE INITIALLY DEFERRED)")
	x := s.site(t, s.db)
	c, err := x.db.Conn(x.ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, q := range []string{"PRAGMA foreign_keys = ON", "BEGIN", "INSERT INTO comments VALUES ('b')"} {
		if _, err := c.ExecContext(x.ctx, q); err != nil {
			t.Fatal(err)
		}
	}
	x.save(t, c, "a")
	if _, err := c.ExecContext(x.ctx, "COMMIT"); err == nil {
		t.Error("COMMIT of a comment without its post: got nil, want an error")
	}
	x.want(t)
	x.save(t, c, "b")
	if _, err := c.ExecContext(x.ctx, "COMMIT"); err != nil {
		t.Error(err)
	}
	x.want(t, "a", "b")
}

// MySQL commits what was done before a CREATE TABLE, whatever comes then.
func TestMySQLCommitsBeforeDDL(t *testing.T) {
	s := mariadb(t)
	x := s.site(t, s.db)
	tx := begin(t, x)
	x.save(t, tx, "a")
	if _, err := tx.ExecContext(x.ctx, "CREATE TABLE other (n INTEGER)"); err != nil {
		t.Error(err)
	}
	if err := tx.Rollback(); err != nil {
		t.Error(err)
	}
	x.want(t, "a")
}

// A pool of one connection: Commit holds it while it purges, and needs no other.
func TestOneConnection(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		s.db.SetMaxOpenConns(1)
		x := s.site(t, s.db)
		start := time.Now()
		for _, slug := range []string{"a", "b"} {
			tx := begin(t, x)
			x.save(t, tx, slug)
			if err := tx.Commit(); err != nil {
				t.Error(err)
			}
		}
		// Had anything waited for another, it would have done so for 5 s.
		if took := time.Since(start); took > 4*time.Second {
			t.Errorf("two transactions took %v", took)
		}
		x.want(t, "a", "b")
	})
}

// The answer to COMMIT is lost: it is saved, and purged, and the event waits for
// a relay.
func TestLostAnswer(t *testing.T) {
	eachRemote(t, func(t *testing.T, s *server) {
		db, proxy := s.proxy(t)
		x := s.site(t, db)
		for _, raw := range []bool{false, true} {
			slug := fmt.Sprint("raw-", raw)
			var err error
			var cut <-chan struct{}
			if raw {
				c, failed := x.db.Conn(x.ctx)
				if failed != nil {
					t.Fatal(failed)
				}
				if _, err := c.ExecContext(x.ctx, "BEGIN"); err != nil {
					t.Fatal(err)
				}
				x.save(t, c, slug)
				cut = proxy.CutAfter("commit")
				_, err = c.ExecContext(x.ctx, "COMMIT")
				_ = c.Close()
			} else {
				tx := begin(t, x)
				x.save(t, tx, slug)
				cut = proxy.CutAfter("commit")
				err = tx.Commit()
			}
			if err == nil {
				t.Error("COMMIT: got nil, want an error")
			}
			select {
			case <-cut:
			default:
				t.Errorf("%s: no answer was lost", slug)
			}
		}
		x.want(t, "raw-false", "raw-true")
		if n := s.rows(t, outbox.DefaultTable); n != 2 {
			t.Errorf("the outbox has %d rows, want 2: the relay is to purge again", n)
		}
	})
}

// The connection is lost before COMMIT: nothing is saved. Without an outbox
// nobody notices before COMMIT, and it is purged in vain.
func TestTerminated(t *testing.T) {
	eachRemote(t, func(t *testing.T, s *server) {
		for _, withOutbox := range []bool{true, false} {
			x := s.site(t, s.db)
			if !withOutbox {
				x.inv = invalidate.New(invalidate.PurgerFunc(func(_ context.Context, e cache.Event) error {
					x.purged["in vain"] = true
					return nil
				}), nil)
				invalidate.Register(x.inv, func(p Post, to *invalidate.Targets) { to.Path("/" + p.Slug) })
			}
			tx := begin(t, x)
			x.save(t, tx, "a")
			var pid int
			if err := tx.QueryRowContext(x.ctx, s.pid).Scan(&pid); err != nil {
				t.Fatal(err)
			}
			s.exec(t, fmt.Sprintf(s.kill, pid))
			err := tx.Commit()
			if err == nil {
				t.Error("Commit: got nil, want an error")
			}
			if got := errors.Is(err, invalidate.ErrRolledBack); got != withOutbox {
				t.Errorf("outbox: %v: errors.Is(%v, ErrRolledBack): got %v", withOutbox, err, got)
			}
			if got := s.saved(t); len(got) > 0 {
				t.Errorf("saved: got %q, want nothing", got)
			}
			if withOutbox {
				x.wantPurged(t)
			} else {
				x.wantPurged(t, "in vain")
			}
		}
	})
}

// The context is done in the middle: database/sql rolls back.
func TestCancelled(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		x := s.site(t, s.db)
		ctx, cancel := context.WithCancel(x.ctx)
		tx, err := x.db.BeginTx(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		x.save(t, tx, "a")
		cancel()
		if err := tx.Commit(); err == nil {
			t.Error("Commit: got nil, want an error")
		}
		for deadline := time.Now().Add(time.Minute); cache.Bypassed(x.ctx); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("database/sql has not rolled back within a minute")
			}
		}
		x.want(t)
	})
}

// A constraint that PostgreSQL checks in COMMIT says that it has rolled back.
func TestRolledBackInCommit(t *testing.T) {
	s := postgres(t)
	s.exec(t, "ALTER TABLE posts ADD CONSTRAINT n UNIQUE (n) DEFERRABLE INITIALLY DEFERRED")
	s.exec(t, "INSERT INTO posts VALUES ('old', 1)")
	x := s.site(t, s.db)
	tx := begin(t, x)
	x.save(t, tx, "a")
	if _, err := tx.ExecContext(x.ctx, "UPDATE posts SET n = 1"); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(); !integrate.RolledBack(err) {
		t.Errorf("Commit: got %v, want an error that says that it has rolled back", err)
	}
	x.wantPurged(t)
}

// Several transactions at once in one request, over a real pool.
func TestConcurrent(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		x := s.site(t, s.db)
		done := make(chan struct{})
		var want []string
		for g := range 4 {
			if s.dialect == outbox.SQLite && g > 0 {
				break // one writer at a time
			}
			want = append(want, fmt.Sprintf("%d-0", g), fmt.Sprintf("%d-1", g))
		}
		for g := range len(want) / 2 {
			go func() {
				defer func() { done <- struct{}{} }()
				for i := range 2 {
					tx, err := x.db.BeginTx(x.ctx, nil)
					if err != nil {
						t.Error(err)
						return
					}
					x.save(t, tx, fmt.Sprintf("%d-%d", g, i))
					if err := tx.Commit(); err != nil {
						t.Error(err)
					}
				}
			}()
		}
		for range len(want) / 2 {
			<-done
		}
		x.want(t, want...)
	})
}

// Beside a transaction that only reads a save is purged at once, and the reader may
// commit; beside one that is rolled back it is not dropped with it.
func TestSavesBesideATransaction(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		x := s.site(t, s.db)
		reader, err := x.db.BeginTx(x.ctx, &sql.TxOptions{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		x.save(t, x.db, "a")
		if !cache.Bypassed(x.ctx) {
			t.Error("the cache is not bypassed")
		}
		x.want(t, "a")
		if err := reader.Commit(); err != nil {
			t.Errorf("COMMIT of what has only read: %v", err)
		}
		if s.dialect == outbox.SQLite { // where one at a time writes
			return
		}
		tx := begin(t, x)
		x.save(t, x.db, "b")
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
		x.want(t, "a", "b")
	})
}
