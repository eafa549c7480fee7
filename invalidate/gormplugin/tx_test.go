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

var errStop = errors.New("stop")

// rename is a write that purges two paths.
func rename(db *gorm.DB, to string) error {
	return db.Model(&Post{ID: 1}).Update("slug", to).Error
}

func retitle(db *gorm.DB, id uint) error {
	return db.Model(&Post{ID: id}).Update("title", "new").Error
}

// Whoever reads when it is purged has to find the new row.
func TestPurgesAfterCommit(t *testing.T) {
	tests := map[string]func(db *gorm.DB) error{
		"implicit": func(db *gorm.DB) error { return rename(db, "n") },
		"explicit": func(db *gorm.DB) error {
			return db.Transaction(func(tx *gorm.DB) error { return rename(tx, "n") })
		},
		"by hand": func(db *gorm.DB) error {
			tx := db.Begin()
			if err := rename(tx, "n"); err != nil {
				return err
			}
			return tx.Commit().Error
		},
		"none": func(db *gorm.DB) error {
			return rename(db.Session(&gorm.Session{SkipDefaultTransaction: true}), "n")
		},
		"explicit, where there is none by default": func(db *gorm.DB) error {
			return db.Session(&gorm.Session{SkipDefaultTransaction: true}).Transaction(func(tx *gorm.DB) error { return rename(tx, "n") })
		},
		"one connection": func(db *gorm.DB) error {
			return db.Connection(func(db *gorm.DB) error { return rename(db, "n") })
		},
		"prepared for a session": func(db *gorm.DB) error {
			return rename(db.Session(&gorm.Session{PrepareStmt: true}), "n")
		},
		"prepared for a session in a transaction": func(db *gorm.DB) error {
			return db.Transaction(func(tx *gorm.DB) error { return rename(tx.Session(&gorm.Session{PrepareStmt: true}), "n") })
		},
	}
	each(t, func(t *testing.T, d dialect) {
		for _, config := range []gorm.Config{{}, {PrepareStmt: true}, {SkipDefaultTransaction: true}} {
			b := newBlog(t, d, setup{gorm: config})
			for name, write := range tests {
				t.Run(name, func(t *testing.T) {
					b.reset(t)
					b.At = func() {
						if b.count(t, "SELECT COUNT(*) FROM posts WHERE slug = 'n'") != 1 {
							t.Error("purged before others can read the new row")
						}
					}
					if err := write(b.db); err != nil {
						t.Fatal(err)
					}
					b.Want(t, "path:/a path:/n")
				})
			}
		}
	})
}

func TestOneTransactionIsOneEvent(t *testing.T) {
	each(t, func(t *testing.T, d dialect) {
		b := newBlog(t, d, setup{})
		err := b.db.Transaction(func(tx *gorm.DB) error {
			b.Want(t)
			return errors.Join(rename(tx, "n"), retitle(tx, 2), tx.Create(&Post{ID: 9, Slug: "c"}).Error)
		})
		if err != nil {
			t.Fatal(err)
		}
		b.Want(t, "path:/a path:/b path:/c path:/n")
	})
}

func TestRollbackPurgesNothing(t *testing.T) {
	tests := map[string]func(db *gorm.DB) error{
		"error": func(db *gorm.DB) error {
			return db.Transaction(func(tx *gorm.DB) error { return errors.Join(rename(tx, "n"), errStop) })
		},
		"by hand": func(db *gorm.DB) error {
			tx := db.Begin()
			return errors.Join(rename(tx, "n"), tx.Rollback().Error, errStop)
		},
		"by hand, and then a commit": func(db *gorm.DB) error {
			tx := db.Begin()
			return errors.Join(rename(tx, "n"), tx.Rollback().Error, tx.Commit().Error)
		},
		"panic": func(db *gorm.DB) (err error) {
			defer func() { err, _ = recover().(error) }()
			return db.Transaction(func(tx *gorm.DB) error {
				if err := rename(tx, "n"); err != nil {
					return err
				}
				panic(errStop)
			})
		},
		"the client has gone": func(db *gorm.DB) error {
			ctx, cancel := context.WithCancel(db.Statement.Context)
			defer cancel()
			return db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
				if err := rename(tx, "n"); err != nil {
					return err
				}
				cancel()
				return nil
			})
		},
		"a hook fails": func(db *gorm.DB) error {
			return db.Create(&Strict{Note: "no"}).Error
		},
		"the statement fails": func(db *gorm.DB) error {
			return db.Create(&Post{ID: 9, Slug: "b", Author: &Author{ID: 9, Name: "cay"}}).Error
		},
		"the rule fails": func(db *gorm.DB) error {
			return rename(db, "")
		},
	}
	each(t, func(t *testing.T, d dialect) {
		for _, config := range []gorm.Config{{}, {PrepareStmt: true}} {
			b := newBlog(t, d, setup{gorm: config})
			b.migrateStrict(t)
			for name, write := range tests {
				t.Run(name, func(t *testing.T) {
					b.reset(t)
					if err := write(b.db.Session(&gorm.Session{})); err == nil {
						t.Error("no error")
					}
					b.Want(t)
					if n := b.count(t, "SELECT COUNT(*) FROM posts WHERE slug = 'a'"); n != 1 {
						t.Error("the row was changed")
					}
					if n := b.count(t, "SELECT COUNT(*) FROM authors WHERE id = 9"); n != 0 {
						t.Error("an association was saved")
					}
				})
			}
		}
	})
}

// A Strict does not like what it says, once it is written.
type Strict struct {
	ID   uint
	Note string
}

func (s *Strict) AfterSave(tx *gorm.DB) error {
	if s.Note == "no" {
		return errStop
	}
	return nil
}

func (b *blog) migrateStrict(t *testing.T) {
	t.Helper()
	if err := b.db.AutoMigrate(&Strict{}); err != nil {
		t.Fatal(err)
	}
	invalidate.Register(b.inv, func(s *Strict, to *invalidate.Targets) { to.Path("/strict/" + s.Note) })
}

// Whoever commits in spite of a hook that failed has saved the row.
func TestHookFailsAndTheTransactionIsCommitted(t *testing.T) {
	each(t, func(t *testing.T, d dialect) {
		b := newBlog(t, d, setup{})
		b.migrateStrict(t)
		err := b.db.Transaction(func(tx *gorm.DB) error {
			if err := tx.Create(&Strict{Note: "no"}).Error; !errors.Is(err, errStop) {
				t.Errorf("got %v, want that of the hook", err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		b.Want(t, "path:/strict/no")
		err = b.db.Transaction(func(tx *gorm.DB) error {
			// The rows are read after the hook has failed, and no other error comes of it.
			if err := tx.Model(&Strict{Note: "no"}).Where("note = ?", "no").Update("id", 9).Error; err != errStop {
				t.Errorf("got %v, want that of the hook", err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		b.Want(t, "path:/strict/no")
	})
}

func TestFailedStatementPurgesNothing(t *testing.T) {
	each(t, func(t *testing.T, d dialect) {
		b := newBlog(t, d, setup{})
		err := b.db.Transaction(func(tx *gorm.DB) error {
			// In a savepoint, since PostgreSQL gives up the whole transaction.
			_ = tx.Transaction(func(tx *gorm.DB) error {
				return tx.Create(&Post{ID: 9, Slug: "b"}).Error // there is one
			})
			return retitle(tx, 1)
		})
		if err != nil {
			t.Fatal(err)
		}
		b.Want(t, "path:/a")
	})
}

// Where a statement that fails leaves the transaction as it was.
func TestFailedStatementIsIgnored(t *testing.T) {
	for _, d := range []dialect{dialects[0], dialects[2]} {
		t.Run(d.name, func(t *testing.T) {
			b := newBlog(t, d, setup{})
			err := b.db.Transaction(func(tx *gorm.DB) error {
				if err := rename(tx, "b"); err == nil { // there is one
					t.Error("no error")
				}
				return retitle(tx, 2)
			})
			if err != nil {
				t.Fatal(err)
			}
			b.Want(t, "path:/b")
		})
	}
}

func TestSavepoints(t *testing.T) {
	tests := []struct {
		name string
		do   func(tx *gorm.DB) error
		want []string
	}{
		{"nested, and rolled back", func(tx *gorm.DB) error {
			_ = tx.Transaction(func(tx *gorm.DB) error { return errors.Join(rename(tx, "n"), errStop) })
			return retitle(tx, 2)
		}, []string{"path:/b"}},
		{"nested, and kept", func(tx *gorm.DB) error {
			return errors.Join(retitle(tx, 2), tx.Transaction(func(tx *gorm.DB) error { return rename(tx, "n") }))
		}, []string{"path:/a path:/b path:/n"}},
		{"nested twice, the inner rolled back", func(tx *gorm.DB) error {
			return tx.Transaction(func(tx *gorm.DB) error {
				_ = tx.Transaction(func(tx *gorm.DB) error { return errors.Join(retitle(tx, 2), errStop) })
				return rename(tx, "n")
			})
		}, []string{"path:/a path:/n"}},
		{"nested twice, the outer rolled back", func(tx *gorm.DB) error {
			_ = tx.Transaction(func(tx *gorm.DB) error {
				return errors.Join(tx.Transaction(func(tx *gorm.DB) error { return rename(tx, "n") }), errStop)
			})
			return retitle(tx, 2)
		}, []string{"path:/b"}},
		{"by hand", func(tx *gorm.DB) error {
			return errors.Join(
				retitle(tx, 2), tx.SavePoint("here").Error, rename(tx, "n"), tx.RollbackTo("here").Error,
				rename(tx, "o"), tx.RollbackTo("here").Error)
		}, []string{"path:/b"}},
		{"in SQL", func(tx *gorm.DB) error {
			return errors.Join(
				tx.Exec("savepoint One").Error, retitle(tx, 2), tx.Exec(" SAVEPOINT two;").Error, rename(tx, "n"),
				tx.Exec("ROLLBACK TO two").Error, tx.Exec("RELEASE SAVEPOINT two").Error,
				tx.Exec("rollback to savepoint one").Error, tx.Create(&Post{ID: 9, Slug: "c"}).Error)
		}, []string{"path:/c"}},
		{"released, and so a part of the outer one", func(tx *gorm.DB) error {
			return errors.Join(
				tx.Exec("SAVEPOINT one").Error, tx.Exec("SAVEPOINT two").Error, rename(tx, "n"),
				tx.Exec("RELEASE SAVEPOINT two").Error, tx.Exec("ROLLBACK TO SAVEPOINT one").Error, retitle(tx, 2))
		}, []string{"path:/b"}},
	}
	each(t, func(t *testing.T, d dialect) {
		for _, config := range []gorm.Config{{}, {PrepareStmt: true}} {
			b := newBlog(t, d, setup{gorm: config})
			for _, test := range tests {
				t.Run(test.name, func(t *testing.T) {
					b.reset(t)
					if err := b.db.Transaction(test.do); err != nil {
						t.Fatal(err)
					}
					b.Want(t, test.want...)
				})
			}
		}
	})
}

// A released savepoint gives way to the older one of its name.
func TestTwoSavepointsOfOneName(t *testing.T) {
	for _, d := range dialects[:2] { // MariaDB has one of a name
		t.Run(d.name, func(t *testing.T) {
			b := newBlog(t, d, setup{})
			err := b.db.Transaction(func(tx *gorm.DB) error {
				return errors.Join(
					tx.Exec("SAVEPOINT s").Error, rename(tx, "n"), tx.Exec("SAVEPOINT s").Error, retitle(tx, 2),
					tx.Exec("RELEASE s").Error, tx.Exec("ROLLBACK TO s").Error)
			})
			if err != nil {
				t.Fatal(err)
			}
			b.Want(t)
		})
	}
}

func TestDisabledNestedTransactions(t *testing.T) {
	b := newBlog(t, dialects[0], setup{gorm: gorm.Config{DisableNestedTransaction: true}})
	err := b.db.Transaction(func(tx *gorm.DB) error {
		_ = tx.Transaction(func(tx *gorm.DB) error { return errors.Join(rename(tx, "n"), errStop) })
		return nil // there was no savepoint: it is written
	})
	if err != nil {
		t.Fatal(err)
	}
	b.Want(t, "path:/a path:/n")
}

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

// What a statement has committed is purged, though the transaction be rolled back after
// it.
func TestCommittedByAStatement(t *testing.T) {
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
				tx.Rollback() // of nothing, which some call an error
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

// A page that is rendered in the context of what was rolled back may show it, and hears
// of that.
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
