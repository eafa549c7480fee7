package gormplugin_test

import (
	"errors"
	"testing"
	"time"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/outbox"
	"gorm.io/gorm"
)

const inOutbox = "SELECT COUNT(*) FROM " + outbox.DefaultTable

var saves = map[string]func(*gorm.DB) error{
	"implicit": func(db *gorm.DB) error { return rename(db, "n") },
	"explicit": func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			// What is rolled back to a savepoint is not written.
			_ = tx.Transaction(func(tx *gorm.DB) error { return errors.Join(retitle(tx, 2), errStop) })
			return rename(tx, "n")
		})
	},
}

// When it is purged for the first time, the event has committed with the save.
func TestOutboxIsWrittenInTheTransaction(t *testing.T) {
	each(t, func(t *testing.T, d dialect) {
		for name, save := range saves {
			t.Run(name, func(t *testing.T) {
				b := newBlog(t, d, setup{outbox: true})
				b.At = func() {
					if n := b.count(t, inOutbox); n != 1 {
						t.Errorf("%d events in the outbox at the purge, want 1", n)
					}
				}
				if err := save(b.db); err != nil {
					t.Fatal(err)
				}
				b.Want(t, "path:/a path:/n")
				b.At = nil
				err := b.db.Transaction(func(tx *gorm.DB) error { return errors.Join(rename(tx, "o"), errStop) })
				if !errors.Is(err, errStop) {
					t.Fatal(err)
				}
				if err := b.outbox.Close(); err != nil { // deletes the rows of purged events
					t.Fatal(err)
				}
				if n := b.count(t, inOutbox); n != 0 {
					t.Errorf("%d events in the outbox at the end, want none", n)
				}
			})
		}
	})
}

// A save whose purge is kept has not failed, and the relay purges.
func TestKeptIsNoError(t *testing.T) {
	all := map[string]func(*gorm.DB) error{
		"none": func(db *gorm.DB) error {
			return rename(db.Session(&gorm.Session{SkipDefaultTransaction: true}), "n")
		},
	}
	for name, save := range saves {
		all[name] = save
	}
	each(t, func(t *testing.T, d dialect) {
		for name, save := range all {
			t.Run(name, func(t *testing.T) {
				b := newBlog(t, d, setup{outbox: true})
				b.Err = errStop
				if err := save(b.db); err != nil {
					t.Errorf("the save: %v", err)
				}
				b.Want(t, "path:/a path:/n")
				if n := b.count(t, inOutbox); n != 1 {
					t.Errorf("%d events in the outbox, want 1", n)
				}
				b.Heal()
				if err := b.outbox.Start(); err != nil {
					t.Fatal(err)
				}
				until(t, func() bool { return b.count(t, inOutbox) == 0 })
				b.Want(t, "path:/a path:/n")
			})
		}
	})
}

func until(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited for 30 s in vain")
		}
	}
}

// A save that cannot be enqueued is rolled back.
func TestOutboxFails(t *testing.T) {
	each(t, func(t *testing.T, d dialect) {
		for name, save := range saves {
			t.Run(name, func(t *testing.T) {
				b := newBlog(t, d, setup{outbox: true})
				if _, err := b.bare.Exec("DROP TABLE " + outbox.DefaultTable); err != nil {
					t.Fatal(err)
				}
				if err := save(b.db); !errors.Is(err, invalidate.ErrRolledBack) {
					t.Errorf("got %v, want %v", err, invalidate.ErrRolledBack)
				}
				if n := b.count(t, "SELECT COUNT(*) FROM posts WHERE slug = 'a'"); n != 1 {
					t.Error("it was saved")
				}
				b.Want(t)
				if err := b.outbox.Migrate(t.Context()); err != nil {
					t.Fatal(err)
				}
			})
		}
	})
}
