package gormplugin_test

import (
	"errors"
	"testing"

	"gorm.io/gorm"
)

func TestFailedStatementPurgesNothing(t *testing.T) {
	each(t, func(t *testing.T, d dialect) {
		b := newBlog(t, d, setup{})
		err := b.db.Transaction(func(tx *gorm.DB) error {
			// In a savepoint, since PostgreSQL gives up the whole transaction.
			_ = tx.Transaction(func(tx *gorm.DB) error {
				return tx.Create(&Post{ID: 9, Slug: "b"}).Error // such a row exists
			})
			return retitle(tx, 1)
		})
		if err != nil {
			t.Fatal(err)
		}
		b.Want(t, "path:/a")
	})
}

// For databases in which a failed statement leaves the transaction as it was.
func TestFailedStatementIsIgnored(t *testing.T) {
	for _, d := range []dialect{dialects[0], dialects[2]} {
		t.Run(d.name, func(t *testing.T) {
			b := newBlog(t, d, setup{})
			err := b.db.Transaction(func(tx *gorm.DB) error {
				if err := rename(tx, "b"); err == nil { // such a row exists
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

// After a savepoint is released, its name means the older one again.
func TestTwoSavepointsOfOneName(t *testing.T) {
	for _, d := range dialects[:2] { // MariaDB has only one of a name
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
