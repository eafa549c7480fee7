package bunhook_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/mysqldialect"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/bunhook"
)

func postsTable(b *blog) {
	invalidate.Register(b.inv, func(table bunhook.Table, to *invalidate.Targets) { to.Group("all:" + table.Name) })
}

// However an upsert is written, and by whichever key it finds its row, the existing row
// is loaded, or the rule for the table is asked.
func TestUpserts(t *testing.T) {
	each(t, bunhook.Options{}, func(t *testing.T, b *blog) {
		if b.isMySQL() { // see TestMySQLUpserts
			return
		}
		postsTable(b)
		for _, tt := range []struct {
			on, want string
			id       func(p *Post) int64
			slug     string
		}{
			{"CONFLICT (id) DO UPDATE", "path:/a path:/c", func(p *Post) int64 { return p.ID }, "a"},
			{"conflict(id) do update", "path:/a path:/c", func(p *Post) int64 { return p.ID }, "a"},
			{"CONFLICT\n( \"id\" ) DO UPDATE", "path:/a path:/c", func(p *Post) int64 { return p.ID }, "a"},
			{"CONFLICT (slug) DO UPDATE", "path:/a path:/c", func(p *Post) int64 { return 0 }, "a"},
			{"CONFLICT (slug) DO UPDATE", "path:/a path:/c", func(p *Post) int64 { return p.ID + 1000 }, "a"},
			{"CONFLICT (slug) DO NOTHING", "path:/a", func(p *Post) int64 { return 0 }, "a"},
		} {
			p, _ := b.reset(t)
			if err := b.hook.InTx(t.Context(), b.DB, nil, func(ctx context.Context, tx bun.Tx) error {
				q := tx.NewInsert().Model(&Post{ID: tt.id(p), Slug: tt.slug}).On(tt.on)
				if !strings.Contains(tt.on, "NOTHING") {
					q = q.Set("slug = 'c'")
				}
				return exec(q.Exec(ctx))
			}); err != nil {
				t.Fatalf("%s: %v", tt.on, err)
			}
			b.Want(t, tt.want)
		}
	})
}

// MySQL does not say by which key a row is found.
func TestMySQLUpserts(t *testing.T) {
	b := newBlog(t, openMySQL(t), mysqldialect.New(), bunhook.Options{})
	postsTable(b)
	for _, tt := range []struct {
		save func(tx bun.Tx, p *Post) *bun.InsertQuery
		want string
	}{
		{func(tx bun.Tx, p *Post) *bun.InsertQuery {
			return tx.NewInsert().Model(&Post{ID: p.ID, Slug: "c"}).On("DUPLICATE KEY UPDATE").Set("slug = 'd'")
		}, "path:/a path:/c path:/d"},
		{func(tx bun.Tx, _ *Post) *bun.InsertQuery {
			return tx.NewInsert().Model(&Post{Slug: "a"}).On("DUPLICATE KEY UPDATE").Set("slug = 'd'")
		}, "path:/a path:/d"},
		{func(tx bun.Tx, p *Post) *bun.InsertQuery {
			return tx.NewInsert().Model(&Post{ID: p.ID, Slug: "c"}).Replace()
		}, "path:/a path:/c"},
		{func(tx bun.Tx, _ *Post) *bun.InsertQuery { return tx.NewInsert().Model(&Post{Slug: "c"}).Ignore() }, "path:/c"},
	} {
		p, _ := b.reset(t)
		if err := b.hook.InTx(t.Context(), b.DB, nil, func(ctx context.Context, tx bun.Tx) error {
			return exec(tt.save(tx, p).Exec(ctx))
		}); err != nil {
			t.Fatal(err)
		}
		b.Want(t, tt.want)
	}
}

// An UPDATE that changes the primary key leaves a row that cannot be found.
func TestUpdateOfKey(t *testing.T) {
	each(t, bunhook.Options{}, func(t *testing.T, b *blog) {
		save := func() error {
			p, _ := b.reset(t)
			return b.hook.InTx(t.Context(), b.DB, nil, func(ctx context.Context, tx bun.Tx) error {
				return exec(tx.NewUpdate().Model(p).Set("id = 12345, slug = 'c'").WherePK().Exec(ctx))
			})
		}
		if err := save(); err != nil {
			t.Fatal(err)
		}
		b.Want(t, "all: path:/a") // without a rule for the table
		postsTable(b)
		if err := save(); err != nil {
			t.Fatal(err)
		}
		b.Want(t, "group:all:posts path:/a")
	})
}

// A Draft is deleted softly.
type Draft struct {
	ID        int64 `bun:",pk,autoincrement"`
	Slug      string
	DeletedAt time.Time `bun:",soft_delete,nullzero"`
}

// A row that was deleted softly exists, for an UPDATE that deletes or restores as well.
func TestSoftDelete(t *testing.T) {
	each(t, bunhook.Options{}, func(t *testing.T, b *blog) {
		invalidate.Register(b.inv, func(d *Draft, to *invalidate.Targets) { to.Path("/draft/" + d.Slug) })
		if _, err := b.NewCreateTable().Model((*Draft)(nil)).Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
		d := &Draft{Slug: "a"}
		for _, tt := range []struct {
			name string
			save func(ctx context.Context, tx bun.Tx) error
			want string
		}{
			{"insert", func(ctx context.Context, tx bun.Tx) error { return exec(tx.NewInsert().Model(d).Exec(ctx)) }, "path:/draft/a"},
			{"delete", func(ctx context.Context, tx bun.Tx) error {
				return exec(tx.NewDelete().Model(&Draft{ID: d.ID}).WherePK().Exec(ctx))
			}, "path:/draft/a"},
			{"restore and rename", func(ctx context.Context, tx bun.Tx) error {
				return exec(tx.NewUpdate().Model(&Draft{ID: d.ID}).Set("deleted_at = NULL, slug = 'b'").WherePK().WhereAllWithDeleted().Exec(ctx))
			}, "path:/draft/a path:/draft/b"},
			{"delete by an UPDATE", func(ctx context.Context, tx bun.Tx) error {
				return exec(tx.NewUpdate().Model(&Draft{ID: d.ID}).Set("deleted_at = ?", time.Now()).WherePK().Exec(ctx))
			}, "path:/draft/b"},
			{"delete for good", func(ctx context.Context, tx bun.Tx) error {
				return exec(tx.NewDelete().Model(&Draft{ID: d.ID}).WherePK().ForceDelete().Exec(ctx))
			}, "path:/draft/b"},
		} {
			if err := b.hook.InTx(t.Context(), b.DB, nil, tt.save); err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
			b.Want(t, tt.want)
		}
	})
}
