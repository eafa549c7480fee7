package gormplugin_test

import (
	"context"
	"errors"
	"testing"

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

// At the time of the purge others can read the new row.
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

// A Strict fails in a hook, once it is written.
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

// The transaction commits in spite of a hook that failed: the row is saved.
func TestHookFailsInCommittedTransaction(t *testing.T) {
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
			// The rows are read after the hook has failed, without another error.
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
