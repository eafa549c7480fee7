package bunhook_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/uptrace/bun"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/bunhook"
)

// exec drops the result.
func exec(_ sql.Result, err error) error { return err }

// Every kind of write. In InTx it is one event, after COMMIT, in the outbox, and
// nothing after ROLLBACK. By itself it is purged when it has ended.
func TestSaves(t *testing.T) {
	each(t, bunhook.Options{}, func(t *testing.T, b *blog) {
		for _, tt := range []struct {
			name string
			// save writes with c; p and q are the posts a and b.
			save func(ctx context.Context, c bun.IDB, p, q *Post) error
			want string // what is purged; "" for nothing
		}{
			{"insert", func(ctx context.Context, c bun.IDB, _, _ *Post) error {
				return exec(c.NewInsert().Model(&Post{Slug: "c"}).Exec(ctx))
			}, "path:/c"},
			{"insert many", func(ctx context.Context, c bun.IDB, _, _ *Post) error {
				return exec(c.NewInsert().Model(&[]Post{{Slug: "c"}, {Slug: "d"}}).Exec(ctx))
			}, "path:/c path:/d"},
			{"update of one column, by key", func(ctx context.Context, c bun.IDB, p, _ *Post) error {
				return exec(c.NewUpdate().Model(&Post{ID: p.ID, Title: "x"}).Column("title").WherePK().Exec(ctx))
			}, "path:/a"},
			{"update of the URL names the old and the new", func(ctx context.Context, c bun.IDB, p, _ *Post) error {
				return exec(c.NewUpdate().Model(&Post{ID: p.ID, Slug: "c"}).WherePK().Exec(ctx))
			}, "path:/a path:/c"},
			{"update by expression", func(ctx context.Context, c bun.IDB, p, _ *Post) error {
				return exec(c.NewUpdate().Model(p).Set("slug = 'c'").WherePK().Exec(ctx))
			}, "path:/a path:/c"},
			{"bulk update", func(ctx context.Context, c bun.IDB, p, q *Post) error {
				posts := []*Post{{ID: p.ID, Slug: "c"}, {ID: q.ID, Slug: "d"}}
				return exec(c.NewUpdate().Model(&posts).Column("slug").Bulk().Exec(ctx))
			}, "path:/a path:/b path:/c path:/d"},
			{"update by condition", func(ctx context.Context, c bun.IDB, _, _ *Post) error {
				return exec(c.NewUpdate().Model((*Post)(nil)).Set("title = 'x'").Where("slug = 'a'").Exec(ctx))
			}, "group:all:posts"},
			{"update by condition that returns the rows", func(ctx context.Context, c bun.IDB, _, _ *Post) error {
				var rows []*Post
				return exec(c.NewUpdate().Model(&rows).Set("title = 'x'").Where("slug >= 'a'").Returning("*").Exec(ctx))
			}, "group:all:posts path:/a path:/b"}, // nothing returns them as they were
			{"a wider condition than the key", func(ctx context.Context, c bun.IDB, p, _ *Post) error {
				return exec(c.NewUpdate().Model(p).Set("title = 'x'").Where("slug >= 'a'").Exec(ctx))
			}, "group:all:posts path:/a"},
			{"update of none", func(ctx context.Context, c bun.IDB, _, _ *Post) error {
				return exec(c.NewUpdate().Model((*Post)(nil)).Set("title = 'x'").Where("slug = 'nobody'").Exec(ctx))
			}, ""},
			{"delete by key", func(ctx context.Context, c bun.IDB, p, _ *Post) error {
				return exec(c.NewDelete().Model(&Post{ID: p.ID}).WherePK().Exec(ctx))
			}, "path:/a"},
			{"delete many", func(ctx context.Context, c bun.IDB, p, q *Post) error {
				return exec(c.NewDelete().Model(&[]*Post{p, q}).WherePK().Exec(ctx))
			}, "path:/a path:/b"},
			{"delete by condition", func(ctx context.Context, c bun.IDB, _, _ *Post) error {
				return exec(c.NewDelete().Model((*Post)(nil)).Where("slug = 'a'").Exec(ctx))
			}, "group:all:posts"},
			{"delete by condition that returns the rows", func(ctx context.Context, c bun.IDB, _, _ *Post) error {
				var rows []*Post
				return exec(c.NewDelete().Model(&rows).Where("slug = 'a'").Returning("*").Exec(ctx))
			}, "path:/a"},
			{"upsert that changes the URL", func(ctx context.Context, c bun.IDB, p, _ *Post) error {
				return exec(c.NewInsert().Model(&Post{ID: p.ID, Slug: "c"}).On("CONFLICT (id) DO UPDATE").Set("slug = EXCLUDED.slug").Exec(ctx))
			}, "path:/a path:/c"},
			{"join table", func(ctx context.Context, c bun.IDB, p, _ *Post) error {
				if err := exec(c.NewInsert().Model(&PostTag{PostID: p.ID, TagID: 7}).Exec(ctx)); err != nil {
					return err
				}
				return exec(c.NewDelete().Model(&PostTag{PostID: p.ID, TagID: 7}).WherePK().Exec(ctx))
			}, "group:tagged:7"},
			{"a table without a model", func(ctx context.Context, c bun.IDB, _, _ *Post) error {
				return exec(c.NewUpdate().Table("posts").Set("title = 'x'").Where("slug = 'a'").Exec(ctx))
			}, "group:all:posts"},
			{"a type without a rule", func(ctx context.Context, c bun.IDB, _, _ *Post) error {
				return exec(c.NewInsert().Model(&Tag{Name: "go"}).Exec(ctx))
			}, ""},
			{"a savepoint that is rolled back, in one that is not", func(ctx context.Context, c bun.IDB, p, _ *Post) error {
				return c.RunInTx(ctx, nil, func(ctx context.Context, c bun.Tx) error {
					if err := exec(c.NewInsert().Model(&Post{Slug: "c"}).Exec(ctx)); err != nil {
						return err
					}
					err := c.RunInTx(ctx, nil, func(ctx context.Context, c bun.Tx) error {
						if err := exec(c.NewInsert().Model(&Post{Slug: "d"}).Exec(ctx)); err != nil {
							return err
						}
						return sql.ErrNoRows
					})
					if err != sql.ErrNoRows {
						return fmt.Errorf("the savepoint: got %v, want that it was rolled back", err)
					}
					return exec(c.NewInsert().Model(&Post{Slug: "e"}).Exec(ctx))
				})
			}, "path:/c path:/e"},
		} {
			t.Run(tt.name, func(t *testing.T) {
				if b.isMySQL() {
					switch tt.name { // MariaDB takes no rows of VALUES, nor UPDATE ... RETURNING
					case "bulk update", "update by condition that returns the rows", "upsert that changes the URL": // see TestMySQLUpserts
						return
					}
				}
				if !b.inv.Registered(tableType) {
					invalidate.Register(b.inv, func(table bunhook.Table, to *invalidate.Targets) {
						if table.Name == "posts" {
							to.Group("all:posts")
						}
					})
				}
				ctx := t.Context()
				var events []string
				if tt.want != "" {
					events = []string{tt.want}
				}
				// A statement in InTx need not have the context of fn.
				for name, within := range map[string]func(context.Context) context.Context{
					"fn's context":    func(inner context.Context) context.Context { return inner },
					"another context": func(context.Context) context.Context { return ctx },
				} {
					p, q := b.reset(t)
					if err := b.hook.InTx(ctx, b.DB, nil, func(inner context.Context, tx bun.Tx) error {
						err := tt.save(within(inner), tx, p, q)
						b.Want(t) // not before COMMIT
						return err
					}); err != nil {
						t.Fatalf("%s: %v", name, err)
					}
					b.Want(t, events...)
					b.outbox.WantRows(t, len(events))

					p, q = b.reset(t)
					err := b.hook.InTx(ctx, b.DB, nil, func(inner context.Context, tx bun.Tx) error {
						if err := tt.save(within(inner), tx, p, q); err != nil {
							t.Fatal(err)
						}
						return context.DeadlineExceeded
					})
					if err == nil || b.slugs(t) != "a b" {
						t.Errorf("%s: got %v and posts %s, want that nothing is saved", name, err, b.slugs(t))
					}
					b.Want(t)
					b.outbox.WantRows(t, 0)
				}

				p, q := b.reset(t)
				if err := tt.save(ctx, b.DB, p, q); err != nil {
					t.Fatal(err)
				}
				if got := strings.Join(b.Purged, " "); got != strings.ReplaceAll(tt.want, "group:tagged:7", "group:tagged:7 group:tagged:7") {
					t.Errorf("by itself: purged %q, want %q", got, tt.want)
				}
				b.WantFailed(t, 0)
			})
		}
	})
}
