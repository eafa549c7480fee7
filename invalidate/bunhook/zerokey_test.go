package bunhook_test

import (
	"context"
	"testing"

	"github.com/uptrace/bun"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/bunhook"
)

// A Leaf has keys in which a zero value is a value, or stands for another.
type Leaf struct {
	bun.BaseModel `bun:"table:leaves"`

	ID      int64  `bun:",pk,autoincrement"`
	Section string `bun:"type:varchar(20),unique:place"`
	Name    string `bun:"type:varchar(20),unique:place"`
	Lang    string `bun:"type:varchar(20),nullzero,notnull,default:'en',unique"`
	Title   string `bun:"type:varchar(20)"`
}

// An upsert also finds its row by a zero value in a key, and by a default of the
// database.
func TestUpsertByZeroValues(t *testing.T) {
	each(t, bunhook.Options{}, func(t *testing.T, b *blog) {
		if _, err := b.NewCreateTable().Model((*Leaf)(nil)).Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
		invalidate.Register(b.inv, func(l *Leaf, to *invalidate.Targets) { to.Path("/" + l.Title) })
		for _, tt := range []struct {
			on   string
			leaf Leaf
			want string
		}{
			{"(section, name)", Leaf{Name: "n", Lang: "x", Title: "c"}, "path:/a path:/c"},
			{"(lang)", Leaf{Name: "m", Title: "c"}, "all: path:/c"},
			{"(id)", Leaf{ID: 1, Name: "m", Lang: "x", Title: "c"}, "path:/a path:/c"},
		} {
			for _, own := range []bool{true, false} {
				for _, query := range []string{"DELETE FROM leaves", "INSERT INTO leaves (id, section, name, lang, title) VALUES (1, '', 'n', 'en', 'a')"} {
					if _, err := b.DB.DB.Exec(query); err != nil {
						t.Fatal(err)
					}
				}
				leaf := tt.leaf
				save := func(c bun.IDB) error {
					q := c.NewInsert().Model(&leaf).Set("title = 'c'")
					if b.isMySQL() {
						return exec(q.On("DUPLICATE KEY UPDATE").Exec(t.Context()))
					}
					return exec(q.On("CONFLICT " + tt.on + " DO UPDATE").Exec(t.Context()))
				}
				var err error
				if own {
					err = save(b.DB)
				} else {
					err = b.hook.InTx(t.Context(), b.DB, nil, func(_ context.Context, tx bun.Tx) error { return save(tx) })
				}
				if err != nil {
					t.Fatalf("%s: %v", tt.on, err)
				}
				b.Want(t, tt.want)
			}
		}
	})
}

// A Seat has a key of two columns, and each may be zero.
type Seat struct {
	bun.BaseModel `bun:"table:seats"`

	Hall   int64  `bun:",pk"`
	Number int64  `bun:",pk"`
	Guest  string `bun:"type:varchar(20)"`
}

// The row that an upsert by its key has changed is read as it was, and as it is.
func TestUpsertByZeroKey(t *testing.T) {
	each(t, bunhook.Options{}, func(t *testing.T, b *blog) {
		if _, err := b.NewCreateTable().Model((*Seat)(nil)).Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
		invalidate.Register(b.inv, func(s *Seat, to *invalidate.Targets) { to.Path("/" + s.Guest) })
		for _, seat := range []Seat{{Guest: "b"}, {Hall: 1, Guest: "b"}, {Hall: 1, Number: 1, Guest: "b"}} {
			there := Seat{Hall: seat.Hall, Number: seat.Number, Guest: "a"}
			if _, err := b.NewInsert().Model(&there).Exec(t.Context()); err != nil {
				t.Fatal(err)
			}
			b.Purged = nil
			q := b.NewInsert().Model(&seat).Set("guest = 'c'")
			if b.isMySQL() {
				q = q.On("DUPLICATE KEY UPDATE")
			} else {
				q = q.On("CONFLICT (hall, number) DO UPDATE")
			}
			if _, err := q.Exec(t.Context()); err != nil {
				t.Fatal(err)
			}
			b.wantBoth(t, "upsert", "a", "c")
		}
	})
}
