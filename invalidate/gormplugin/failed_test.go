package gormplugin_test

import (
	"context"
	"errors"
	"testing"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

type failKey struct{}

// failing makes the hooks after a write fail.
func failing(db *gorm.DB) *gorm.DB {
	return db.WithContext(context.WithValue(db.Statement.Context, failKey{}, true))
}

// A write that returns an error may have changed rows: it commits by itself, statement
// by statement, or its transaction commits nevertheless. The rows are purged.
func TestFailedWritesThatChangeRows(t *testing.T) {
	each(t, func(t *testing.T, d dialect) {
		b := newBlog(t, d, setup{})
		fail := func(db *gorm.DB) {
			if db.Error == nil && db.Statement.Context.Value(failKey{}) != nil {
				_ = db.AddError(errStop)
			}
		}
		const commit = "gorm:commit_or_rollback_transaction"
		err := errors.Join(
			b.db.Callback().Create().After("gorm:after_create").Before(commit).Register("test:fail", fail),
			b.db.Callback().Update().After("gorm:after_update").Before(commit).Register("test:fail", fail),
			b.db.Callback().Delete().After("gorm:after_delete").Before(commit).Register("test:fail", fail))
		if err != nil {
			t.Fatal(err)
		}
		for _, test := range []struct {
			name  string
			stays bool // in no transaction: something has changed
			write func(db *gorm.DB) error
		}{
			{"create from maps whose answer cannot be read", d.name == "sqlite", func(db *gorm.DB) error {
				return db.Model(&Post{}).Create([]map[string]any{{"slug": "m"}, {"slug": "n"}}).Error
			}},
			{"a later batch", true, func(db *gorm.DB) error {
				return db.CreateInBatches([]Post{{Slug: "m"}, {Slug: "n"}, {Slug: "a"}, {Slug: "o"}}, 2).Error
			}},
			{"a parent whose association was saved before", true, func(db *gorm.DB) error {
				return db.Create(&Post{Slug: "a", Author: &Author{ID: 9, Name: "cay"}}).Error
			}},
			{"an association that is saved after its parent", d.name == "postgres", func(db *gorm.DB) error {
				return db.Create(&Post{ID: 9, Slug: "n", Tags: []Tag{{Name: "new"}, {Name: "new"}}}).Error
			}},
			{"an upsert of an association, in an update", true, func(db *gorm.DB) error {
				return db.Session(&gorm.Session{FullSaveAssociations: true}).Updates(&Post{ID: 1, Slug: "b", Author: &Author{ID: 1, Name: "cay"}}).Error
			}},
			{"a hook after a create", true, func(db *gorm.DB) error { return failing(db).Create(&Post{Slug: "n"}).Error }},
			{"a hook after a create from a map", true, func(db *gorm.DB) error {
				return failing(db).Model(&Post{}).Create(map[string]any{"slug": "n"}).Error
			}},
			{"a hook after an update", true, func(db *gorm.DB) error {
				return failing(db).Model(&Post{ID: 1}).Update("slug", "n").Error
			}},
			{"a hook after an update by condition", true, func(db *gorm.DB) error {
				return failing(db).Model(&Post{}).Where("slug = ?", "a").Update("slug", "n").Error
			}},
			{"a hook after a save", true, func(db *gorm.DB) error { return failing(db).Save(&Post{ID: 1, Slug: "n"}).Error }},
			{"a hook after an upsert", true, func(db *gorm.DB) error {
				return failing(db).Clauses(clause.OnConflict{UpdateAll: true}).Create(&Post{ID: 1, Slug: "n"}).Error
			}},
			{"a hook after a soft deletion", true, func(db *gorm.DB) error { return failing(db).Delete(&Post{ID: 1}).Error }},
			{"a hook after a deletion", true, func(db *gorm.DB) error { return failing(db).Unscoped().Delete(&Post{ID: 2}).Error }},
			{"a hook after a deletion with associations", true, func(db *gorm.DB) error {
				return failing(db).Select("Tags", "Comments").Delete(&Post{ID: 1}).Error
			}},
		} {
			for name, in := range map[string]func() error{
				"none":     func() error { return test.write(skipping(b.db)) },
				"its own":  func() error { return test.write(b.db.Session(&gorm.Session{})) },
				"explicit": func() error { return b.db.Transaction(test.write) },
				"explicit, which commits for all that": func() (err error) {
					_ = b.db.Transaction(func(tx *gorm.DB) error {
						err = test.write(tx)
						return nil
					})
					return err
				},
			} {
				b.reset(t)
				before := b.pages(t)
				if err := in(); err == nil && test.stays {
					t.Errorf("%s, transaction %s: no error", test.name, name)
				}
				n, purged := b.wantFresh(t, test.name+", transaction "+name, before)
				if name == "none" && test.stays && n == 0 {
					t.Errorf("%s: nothing has changed: the test does nothing", test.name)
				}
				if (name == "its own" || name == "explicit") && n == 0 && len(purged) > 0 {
					t.Errorf("%s, transaction %s: rolled back, and purged %q", test.name, name, purged)
				}
			}
		}
	})
}

// SQLite keeps what a statement has done before it failed, if the statement says so.
func TestInsertOrFail(t *testing.T) {
	b := newBlog(t, dialects[0], setup{})
	for name, in := range transactions {
		b.reset(t)
		before := b.pages(t)
		_ = in(b.db, func(db *gorm.DB) error {
			if err := db.Clauses(clause.Insert{Modifier: "OR FAIL"}).Create([]Post{{ID: 8, Slug: "n"}, {ID: 9, Slug: "a"}}).Error; err == nil {
				t.Error("no error")
			}
			return nil
		})
		b.wantFresh(t, "transaction "+name, before)
	}
}
