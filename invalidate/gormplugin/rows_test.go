package gormplugin_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/uncache/uncache/invalidate"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// A Page has a column that the database fills, and a field that a hook fills.
type Page struct {
	ID   uint
	Name string `gorm:"size:20;default:home"`
	URL  string `gorm:"-"`
}

func (p *Page) AfterFind(*gorm.DB) error {
	p.URL = "/pages/" + p.Name
	return nil
}

// What a model does not know of its row is read.
func TestRowsAreWhole(t *testing.T) {
	each(t, func(t *testing.T, d dialect) {
		b := newBlog(t, d, setup{})
		if err := b.db.AutoMigrate(&Page{}); err != nil {
			t.Fatal(err)
		}
		invalidate.Register(b.inv, func(p *Page, to *invalidate.Targets) {
			to.Path("/" + p.Name)
			if p.URL != "" {
				to.Path(p.URL)
			}
		})
		for i, test := range []struct {
			write func() error
			want  string // among what is purged
		}{
			{func() error { return b.db.Create(&Page{ID: 1}).Error }, "path:/home"},
			{func() error { return b.db.Select("ID").Create(&Page{ID: 2, Name: "unsaid"}).Error }, "path:/pages/home"},
			{func() error { return b.db.Model(&Page{ID: 1}).UpdateColumn("name", "new").Error }, "path:/pages/new"},
			{func() error { return b.db.Omit("Name").Save(&Page{ID: 1, Name: "unsaid"}).Error }, "path:/pages/new"},
			{func() error { return b.db.Select("Name").Save(&Page{ID: 1, Name: "newer"}).Error }, "path:/pages/newer"},
		} {
			if err := test.write(); err != nil {
				t.Fatal(err)
			}
			purged := strings.Fields(strings.Join(b.Take(), " "))
			if !slices.Contains(purged, test.want) || slices.Contains(purged, "path:/unsaid") {
				t.Errorf("write %d purged %q, want %s among them", i, purged, test.want)
			}
		}
	})
}

// The rows are read in the table that is written.
func TestAnotherTable(t *testing.T) {
	each(t, func(t *testing.T, d dialect) {
		b := newBlog(t, d, setup{})
		for _, s := range []string{
			"CREATE TABLE archive AS SELECT * FROM posts",
			"UPDATE archive SET slug = 'old'",
		} {
			if _, err := b.bare.Exec(s); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.db.Table("archive").Model(&Post{ID: 1}).Update("slug", "older").Error; err != nil {
			t.Fatal(err)
		}
		b.Want(t, "path:/old path:/older")
		if err := b.db.Table("archive").Where("id = ?", 1).Delete(&Post{}).Error; err != nil {
			t.Fatal(err)
		}
		b.Want(t, "path:/older")
	})
}

// The rows that were read are the rows that are written: nobody else writes them in
// between.
func TestRowsAreLocked(t *testing.T) {
	for _, d := range dialects[1:] {
		t.Run(d.name, func(t *testing.T) {
			b := newBlog(t, d, setup{})
			tried := 0
			try := func(*gorm.DB) {
				tried++
				if _, err := b.bare.Exec("SELECT * FROM posts WHERE id = 1 FOR UPDATE NOWAIT"); err == nil {
					t.Error("the row is not locked")
				}
			}
			err := errors.Join(
				b.db.Callback().Update().Before("gorm:update").Register("test:try", try),
				b.db.Callback().Delete().Before("gorm:delete").Register("test:try", try),
				b.db.Callback().Create().After("uncache:before").Before("gorm:create").Register("test:try", try))
			if err != nil {
				t.Fatal(err)
			}
			err = errors.Join(
				rename(b.db, "n"),
				b.db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&Post{ID: 1, Slug: "o"}).Error,
				b.db.Delete(&Post{ID: 1}).Error)
			if err != nil || tried != 3 {
				t.Errorf("tried %d times, want 3; %v", tried, err)
			}
		})
	}
}

// The ends of a join are not renamed until it is committed: see collectParents.
func TestJoinedRowsAreLocked(t *testing.T) {
	b := newBlog(t, dialects[1], setup{})
	err := b.db.Transaction(func(tx *gorm.DB) error {
		if err := tx.Model(&Post{ID: 1}).Association("Tags").Append(&Tag{ID: 2}); err != nil {
			return err
		}
		// The lock that an UPDATE takes, and that a foreign key does not wait for.
		if _, err := b.bare.Exec("SELECT * FROM tags WHERE id = 2 FOR NO KEY UPDATE NOWAIT"); err == nil {
			t.Error("the tag can be renamed")
		}
		// The tag may be added to other posts.
		_, err := b.bare.Exec("SELECT * FROM tags WHERE id = 2 FOR SHARE NOWAIT")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestConcurrentWrites(t *testing.T) {
	each(t, func(t *testing.T, d dialect) {
		if d.name == "sqlite" { // where only one writes at a time
			open := d.dsn
			d.dsn = func(t *testing.T) string { return open(t) + "&_txlock=immediate" }
		}
		b := newBlog(t, d, setup{gorm: gorm.Config{PrepareStmt: true}})
		const writers, times = 4, 5
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				for i := range times {
					err := b.db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&Post{ID: uint(10 + w), Slug: fmt.Sprintf("u%d-%d", w, i)}).Error
					if err != nil {
						t.Error(err)
					}
					err = b.db.Transaction(func(tx *gorm.DB) error {
						p := &Post{ID: uint(10 + w), Slug: fmt.Sprintf("w%d-%d", w, i)}
						if err := tx.Save(p).Error; err != nil {
							return err
						}
						undone := tx.Transaction(func(tx *gorm.DB) error { return errors.Join(rename(tx, "undone"), errStop) })
						if !errors.Is(undone, errStop) {
							return undone
						}
						return nil
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		purged := strings.Fields(strings.Join(b.Take(), " "))
		if slices.Contains(purged, "path:/undone") {
			t.Error("what was rolled back to a savepoint was purged")
		}
		for w := range writers {
			for i := range times {
				for _, kind := range "wu" {
					if page := fmt.Sprintf("path:/%c%d-%d", kind, w, i); !slices.Contains(purged, page) {
						t.Errorf("%s was saved and not purged", page)
					}
				}
			}
		}
	})
}
