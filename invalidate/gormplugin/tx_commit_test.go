package gormplugin_test

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"gorm.io/gorm"
)

// PostgreSQL checks a deferred constraint at COMMIT, and says that it rolled back.
func TestCommitIsRefused(t *testing.T) {
	b := newBlog(t, dialects[1], setup{})
	for _, s := range []string{
		"ALTER TABLE posts DROP CONSTRAINT fk_posts_author",
		"ALTER TABLE posts ADD FOREIGN KEY (author_id) REFERENCES authors DEFERRABLE INITIALLY DEFERRED",
	} {
		if err := b.db.Exec(s).Error; err != nil {
			t.Fatal(err)
		}
	}
	for name, write := range map[string]func() error{
		"implicit": func() error { return b.db.Model(&Post{ID: 1}).Update("author_id", 99).Error },
		"explicit": func() error {
			return b.db.Transaction(func(tx *gorm.DB) error { return tx.Model(&Post{ID: 1}).Update("author_id", 99).Error })
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := write(); !errors.Is(err, invalidate.ErrRolledBack) || !strings.Contains(err.Error(), "foreign key") {
				t.Errorf("got %v, want %v and why", err, invalidate.ErrRolledBack)
			}
			b.Want(t)
		})
	}
}

func TestConnectionIsLostAtCommit(t *testing.T) {
	for _, lost := range []struct {
		dialect
		id, kill string
	}{
		{dialects[1], "SELECT pg_backend_pid()", "SELECT pg_terminate_backend($1)"},
		{dialects[2], "SELECT CONNECTION_ID()", "KILL ?"},
	} {
		t.Run(lost.name, func(t *testing.T) {
			b := newBlog(t, lost.dialect, setup{})
			err := b.db.Transaction(func(tx *gorm.DB) error {
				var id int
				if err := errors.Join(rename(tx, "n"), tx.Raw(lost.id).Scan(&id).Error); err != nil {
					return err
				}
				_, err := b.bare.Exec(strings.ReplaceAll(strings.ReplaceAll(lost.kill, "$1", "?"), "?", strconv.Itoa(id)))
				return err
			})
			if !errors.Is(err, invalidate.ErrCommitUnknown) {
				t.Errorf("got %v, want %v", err, invalidate.ErrCommitUnknown)
			}
			b.Want(t, "path:/a path:/n")
		})
	}
}

func TestSecondCommit(t *testing.T) {
	b := newBlog(t, dialects[0], setup{})
	tx := b.db.Begin()
	if err := errors.Join(rename(tx, "n"), tx.Commit().Error); err != nil {
		t.Fatal(err)
	}
	b.Want(t, "path:/a path:/n")
	if err := tx.Session(&gorm.Session{}).Commit().Error; !errors.Is(err, sql.ErrTxDone) {
		t.Errorf("a second Commit: %v, want %v", err, sql.ErrTxDone)
	}
	if err := tx.Session(&gorm.Session{}).Rollback().Error; !errors.Is(err, sql.ErrTxDone) {
		t.Errorf("a late Rollback: %v, want %v", err, sql.ErrTxDone)
	}
	b.Want(t)
}

func TestBeginFails(t *testing.T) {
	b := newBlog(t, dialects[0], setup{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := rename(b.db.WithContext(ctx), "n"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	tx := b.db.WithContext(ctx).Begin()
	if err := tx.Error; !errors.Is(err, context.Canceled) {
		t.Errorf("Begin: got %v, want %v", err, context.Canceled)
	}
	if err := tx.Rollback().Error; err == nil {
		t.Error("Rollback of what has not begun: no error")
	}
	b.Want(t)
}

// What a statement has committed is purged, though the transaction is rolled back after
// it.
func TestStatementThatCommits(t *testing.T) {
	each(t, func(t *testing.T, d dialect) {
		for _, prepared := range []bool{false, true} {
			b := newBlog(t, d, setup{gorm: gorm.Config{PrepareStmt: prepared}})
			for _, test := range []struct {
				name      string
				statement string
				commits   bool
			}{
				{"commit", " commit", true},
				{"table", "CREATE TABLE things (id INTEGER)", d.name == "mysql"},
				{"comment", "UPDATE notes SET text = 'COMMIT'", false},
			} {
				b.reset(t)
				tx := b.db.Begin()
				if err := rename(tx, "n"); err != nil {
					t.Fatal(err)
				}
				if err := tx.Exec(test.statement).Error; err != nil {
					t.Fatalf("%s: %v", test.statement, err)
				}
				tx.Rollback() // of nothing, which some databases call an error
				if n := b.count(t, "SELECT count(*) FROM posts WHERE slug = 'n'"); (n == 1) != test.commits {
					t.Errorf("%s: %d posts are renamed, committed: %v", test.name, n, test.commits)
				}
				if test.commits {
					b.Want(t, "path:/a path:/n")
				} else {
					b.Want(t)
				}
			}
			if _, err := b.bare.Exec("DROP TABLE IF EXISTS things"); err != nil {
				t.Error(err)
			}
		}
	})
}

// A page that is rendered in the context of what was rolled back is not stored.
func TestRolledBackIsTold(t *testing.T) {
	each(t, func(t *testing.T, d dialect) {
		b := newBlog(t, d, setup{})
		for name, back := range map[string]func(tx *gorm.DB) error{
			"transaction": func(*gorm.DB) error { return errStop },
			"savepoint": func(tx *gorm.DB) error {
				_ = tx.Transaction(func(tx *gorm.DB) error { return errors.Join(rename(tx, "n"), errStop) })
				return nil
			},
		} {
			told := false
			ctx := cache.WithRolledBack(t.Context(), func() { told = true })
			_ = b.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
				if err := rename(tx, "m"); err != nil {
					t.Error(err)
				}
				return back(tx)
			})
			if !told {
				t.Errorf("%s: the page was not told", name)
			}
		}
	})
}
