package gormplugin_test

import (
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Random writes, some of them rolled back: every page that differs before and after was
// purged, and after a ROLLBACK nothing was.
func TestRandomTransactions(t *testing.T) {
	each(t, func(t *testing.T, d dialect) {
		seed := uint64(time.Now().UnixNano())
		r := rand.New(rand.NewPCG(seed, 0))
		b := newBlog(t, d, setup{gorm: gorm.Config{PrepareStmt: seed%2 == 0}})
		changed := 0
		for i := range 100 {
			if i%20 == 0 {
				b.reset(t)
			}
			before := b.pages(t)
			var log []string
			roll := r.IntN(4) == 0
			err := b.db.Transaction(func(tx *gorm.DB) error {
				nest(r, tx, &log, 0)
				if roll {
					return errStop
				}
				return nil
			})
			if roll != errors.Is(err, errStop) || !roll && err != nil {
				t.Fatalf("seed %d: %v: %v", seed, log, err)
			}
			after := b.pages(t)
			purged := strings.Fields(strings.Join(b.Take(), " "))
			stale := before.differs(after)
			changed += len(stale)
			for _, page := range stale {
				if !slices.Contains(purged, page) {
					t.Errorf("seed %d: after %s: %s is stale, purged were %q", seed, strings.Join(log, "; "), page, purged)
				}
			}
			if roll && len(purged) > 0 {
				t.Errorf("seed %d: rolled back, and purged %q", seed, purged)
			}
		}
		if changed < 50 {
			t.Errorf("seed %d: %d pages have changed in all: the test does next to nothing", seed, changed)
		}
	})
}

// nest makes random writes, some of them and some groups of them in a savepoint.
func nest(r *rand.Rand, tx *gorm.DB, log *[]string, depth int) {
	for range 1 + r.IntN(3) {
		_ = tx.Transaction(func(tx *gorm.DB) error {
			if depth < 2 && r.IntN(3) == 0 {
				*log = append(*log, "(")
				nest(r, tx, log, depth+1)
				*log = append(*log, ")")
			} else if err := write(r, tx, log); err != nil {
				*log = append(*log, "failed")
				return err
			}
			if r.IntN(5) == 0 {
				*log = append(*log, "rolled back")
				return errStop
			}
			return nil
		})
	}
}

// write makes one write, of few values, so that there are conflicts.
func write(r *rand.Rand, db *gorm.DB, log *[]string) error {
	id := func() uint { return uint(1 + r.IntN(4)) }
	word := func() string { return string(rune('a' + r.IntN(5))) }
	post := func() *Post {
		author := uint(1 + r.IntN(2))
		return &Post{ID: id(), Slug: word(), Title: word(), AuthorID: &author}
	}
	writes := []struct {
		name string
		do   func() error
	}{
		{"create", func() error { return db.Create(post()).Error }},
		{"create with tags", func() error {
			p := post()
			p.Tags = []Tag{{ID: id(), Name: word()}, {ID: 2}}
			return db.Create(p).Error
		}},
		{"save", func() error { return db.Save(post()).Error }},
		{"save two", func() error { return db.Save([]*Post{post(), post()}).Error }},
		{"upsert by slug", func() error {
			p := post()
			p.ID += 10
			return db.Clauses(clause.OnConflict{
				Columns: []clause.Column{{Name: "slug"}}, DoUpdates: clause.AssignmentColumns([]string{"title"}),
			}).Create(p).Error
		}},
		{"update", func() error { return db.Model(&Post{ID: id()}).Update("slug", word()).Error }},
		{"updates where", func() error { return db.Model(&Post{}).Where("title < ?", word()).Update("title", word()).Error }},
		{"updates or", func() error {
			return db.Model(&Post{ID: id()}).Where("title = ?", word()).Or("slug = ?", word()).UpdateColumn("title", word()).Error
		}},
		{"delete softly", func() error { return db.Where("title = ?", word()).Delete(&Post{ID: id()}).Error }},
		{"delete", func() error { return db.Unscoped().Select("Tags", "Comments").Delete(&Post{ID: id()}).Error }},
		{"restore", func() error { return db.Unscoped().Model(&Post{ID: id()}).Update("deleted_at", nil).Error }},
		{"rename the author", func() error { return db.Save(&Author{ID: id(), Name: word()}).Error }},
		{"rename a tag", func() error { return db.Model(&Tag{}).Where("id = ?", id()).Update("name", word()).Error }},
		{"append tag", func() error {
			return db.Model(&Post{ID: id()}).Association("Tags").Append(&Tag{ID: id(), Name: word()})
		}},
		{"replace tags", func() error {
			return db.Model(&Post{ID: id()}).Association("Tags").Replace(&Tag{ID: id(), Name: word()})
		}},
		{"clear tags", func() error { return db.Model(&Post{ID: id()}).Association("Tags").Clear() }},
		{"append comment", func() error {
			return db.Model(&Post{ID: id()}).Association("Comments").Append(&Comment{ID: id(), Text: word()})
		}},
		{"replace comments", func() error {
			return db.Model(&Post{ID: id()}).Association("Comments").Replace(&Comment{ID: id(), Text: word()})
		}},
	}
	w := writes[r.IntN(len(writes))]
	*log = append(*log, w.name)
	return w.do()
}

// content is what the pages are made from: page, row, what is in it.
type content map[string]map[string]string

// pages reads the database without GORM.
func (b *blog) pages(t *testing.T) content {
	t.Helper()
	c := content{}
	for _, query := range []string{ // kind and name of the page, kind and id of the row, and what is in it
		"SELECT 'path:/', slug, 'title', id, COALESCE(title, '') FROM posts",
		"SELECT 'path:/', slug, 'author', id, COALESCE(author_id, 0) FROM posts",
		"SELECT 'path:/', slug, 'gone', id, '' FROM posts WHERE deleted_at IS NOT NULL",
		"SELECT 'path:/', slug, 'tag', tag_id, '' FROM posts p JOIN post_tags j ON j.post_id = p.id",
		"SELECT 'path:/tag/', t.name, 'tag', t.id, '' FROM tags t",
		"SELECT 'path:/tag/', t.name, 'post', j.post_id, '' FROM tags t JOIN post_tags j ON j.tag_id = t.id",
		"SELECT 'path:/by/', name, 'author', id, '' FROM authors a",
		"SELECT 'group:comments:', post_id, 'comment', id, text FROM comments WHERE post_id IS NOT NULL",
	} {
		rows, err := b.bare.Query(query)
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		for rows.Next() {
			var kind, name, row, id, text string
			if err := rows.Scan(&kind, &name, &row, &id, &text); err != nil {
				t.Fatal(err)
			}
			if c[kind+name] == nil {
				c[kind+name] = map[string]string{}
			}
			c[kind+name][row+id] = text
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// differs returns the pages that are not made from the same.
func (c content) differs(other content) []string {
	var all []string
	for page, rows := range c {
		if !maps.Equal(rows, other[page]) {
			all = append(all, page)
		}
	}
	for page := range other {
		if c[page] == nil {
			all = append(all, page)
		}
	}
	return all
}
