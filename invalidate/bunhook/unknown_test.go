package bunhook_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/mysqldialect"

	"github.com/uncache/uncache/invalidate/bunhook"
)

// A statement whose condition is more than its model's key may change other rows than
// the model's, as many or more. Then everything is purged, unless there is a rule.
func TestRowsOfConditionAreUnknown(t *testing.T) {
	each(t, bunhook.Options{}, func(t *testing.T, b *blog) {
		for _, tt := range []struct {
			name string
			save func(c bun.IDB, p, q *Post) (sqlQuery, bool) // and whether all of its rows are known
		}{
			{"the key of one row, the condition of another", func(c bun.IDB, p, _ *Post) (sqlQuery, bool) {
				return c.NewUpdate().Model(p).Set("title = 'x'").Where("slug = 'b'"), false
			}},
			{"the same for a deletion", func(c bun.IDB, p, _ *Post) (sqlQuery, bool) {
				return c.NewDelete().Model(p).Where("slug = 'b'"), false
			}},
			{"the key, or a condition", func(c bun.IDB, p, _ *Post) (sqlQuery, bool) {
				return c.NewUpdate().Model(p).Set("title = 'x'").Where("id = ? OR slug = 'b'", p.ID), false
			}},
			{"the text of a key in a condition of its own", func(c bun.IDB, p, _ *Post) (sqlQuery, bool) {
				return c.NewUpdate().Model(p).Set("title = 'x'").Where("slug = 'b'").WhereOr(`("id" = ?)`, p.ID), false
			}},
			{"another column than the key", func(c bun.IDB, p, _ *Post) (sqlQuery, bool) {
				return c.NewUpdate().Model(&Post{ID: p.ID, Slug: "b", Title: "x"}).Column("title").WherePK("slug"), false
			}},
			{"a random row", func(c bun.IDB, _, _ *Post) (sqlQuery, bool) {
				order := "RANDOM()"
				if b.isMySQL() {
					order = "RAND()"
				}
				return c.NewUpdate().Model((*Post)(nil)).Set("title = 'x'").Where("id IN (SELECT id FROM (SELECT id FROM posts ORDER BY " + order + " LIMIT 1) x)"), false
			}},
			{"the key", func(c bun.IDB, p, _ *Post) (sqlQuery, bool) {
				return c.NewUpdate().Model(p).Set("title = 'x'").WherePK(), true
			}},
			{"the key and a condition", func(c bun.IDB, p, _ *Post) (sqlQuery, bool) {
				return c.NewUpdate().Model(p).Set("title = 'x'").Where("slug = 'a'").WhereOr("slug = 'c'").WherePK(), true
			}},
			{"several keys", func(c bun.IDB, p, q *Post) (sqlQuery, bool) {
				return c.NewUpdate().Model(&[]*Post{p, q}).Set("title = 'x'").WherePK(), true
			}},
			{"several keys for a deletion", func(c bun.IDB, p, q *Post) (sqlQuery, bool) {
				return c.NewDelete().Model(&[]*Post{p, q}).Where("slug > ''").WherePK(), true
			}},
		} {
			for name, run := range map[string]func(fn func(c bun.IDB) error) error{
				"InTx": func(fn func(c bun.IDB) error) error {
					return b.hook.InTx(t.Context(), b.DB, nil, func(_ context.Context, tx bun.Tx) error { return fn(tx) })
				},
				"by itself": func(fn func(c bun.IDB) error) error { return fn(b.DB) },
			} {
				p, q := b.reset(t)
				var known bool
				err := run(func(c bun.IDB) error {
					var query sqlQuery
					query, known = tt.save(c, p, q)
					return exec(query.Exec(t.Context()))
				})
				if err != nil {
					t.Fatalf("%s, %s: %v", tt.name, name, err)
				}
				if got := strings.Contains(strings.Join(b.Purged, " "), "all:"); got == known {
					t.Errorf("%s, %s: purged %q; the rows are known: %v", tt.name, name, b.Purged, known)
				}
				b.WantFailed(t, 0)
			}
		}
	})
}

// A sqlQuery is an update or a deletion.
type sqlQuery interface {
	Exec(ctx context.Context, dest ...any) (sql.Result, error)
}

// The rows that a statement returns are not the rows as they were, unless it deletes
// them. Nor does it return all their columns.
func TestReturnedRows(t *testing.T) {
	each(t, bunhook.Options{}, func(t *testing.T, b *blog) {
		for _, tt := range []struct {
			name string
			save func(c bun.IDB, rows *[]*Post) error
			want string
		}{
			{"update", func(c bun.IDB, rows *[]*Post) error {
				return exec(c.NewUpdate().Model(rows).Set("slug = 'c'").Where("slug = 'a'").Returning("*").Exec(t.Context()))
			}, "all: path:/c"},
			{"deletion", func(c bun.IDB, rows *[]*Post) error {
				return exec(c.NewDelete().Model(rows).Where("slug = 'a'").Returning("*").Exec(t.Context()))
			}, "path:/a"},
			{"deletion that returns what the rule reads, and not all", func(c bun.IDB, rows *[]*Post) error {
				return exec(c.NewDelete().Model(rows).Where("slug = 'a'").Returning("id, slug").Exec(t.Context()))
			}, "all: path:/a"},
		} {
			b.reset(t)
			if err := b.hook.InTx(t.Context(), b.DB, nil, func(_ context.Context, tx bun.Tx) error { return tt.save(tx, new([]*Post)) }); err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
			b.Want(t, tt.want)
		}
	}, "mysql") // it has no UPDATE ... RETURNING
}

// Where a row cannot be read, since bun keeps the connection of the transaction to
// itself, it is not known as it was.
func TestRunInTxDoesNotRead(t *testing.T) {
	each(t, bunhook.Options{}, func(t *testing.T, b *blog) {
		for name, save := range map[string]func(tx bun.Tx, ctx context.Context, p *Post) error{
			"update": func(tx bun.Tx, ctx context.Context, p *Post) error {
				return exec(tx.NewUpdate().Model(&Post{ID: p.ID, Slug: "c"}).WherePK().Exec(ctx))
			},
			"deletion": func(tx bun.Tx, ctx context.Context, p *Post) error {
				return exec(tx.NewDelete().Model(&Post{ID: p.ID, Slug: "c"}).WherePK().Exec(ctx))
			},
			"upsert": func(tx bun.Tx, ctx context.Context, p *Post) error {
				q := tx.NewInsert().Model(&Post{ID: p.ID, Slug: "c"})
				if b.isMySQL() {
					q = q.On("DUPLICATE KEY UPDATE").Set("slug = 'c'")
				} else {
					q = q.On("CONFLICT (id) DO UPDATE").Set("slug = 'c'")
				}
				return exec(q.Exec(ctx))
			},
		} {
			p, _ := b.reset(t)
			err := b.RunInTx(t.Context(), nil, func(ctx context.Context, tx bun.Tx) error { return save(tx, ctx, p) })
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(b.Purged, " "); got != "all: path:/c" {
				t.Errorf("%s: purged %q, want everything", name, got)
			}
		}
	})
}

// A statement that returns an error may have been made: its answer could not be read.
// Then the rows that it was to write are not known.
func TestAnswerCannotBeRead(t *testing.T) {
	each(t, bunhook.Options{}, func(t *testing.T, b *blog) {
		for name, save := range map[string]func(c bun.IDB, p *Post, dest any) error{
			"insert": func(c bun.IDB, _ *Post, dest any) error {
				return exec(c.NewInsert().Model(&Post{Slug: "c"}).Returning("slug").Exec(t.Context(), dest))
			},
			"update": func(c bun.IDB, p *Post, dest any) error {
				return exec(c.NewUpdate().Model(&Post{ID: p.ID}).Set("slug = 'c'").WherePK().Returning("slug").Exec(t.Context(), dest))
			},
		} {
			for _, own := range []bool{true, false} {
				p, _ := b.reset(t)
				var number int // a slug is no number
				var err error
				if own {
					err = save(b.DB, p, &number)
				} else if in := b.hook.InTx(t.Context(), b.DB, nil, func(_ context.Context, tx bun.Tx) error {
					err = save(tx, p, &number) // and commits nevertheless
					return nil
				}); in != nil {
					t.Fatal(in)
				}
				if err == nil || !strings.Contains(b.slugs(t), "c") {
					t.Fatalf("%s: got %v and posts %s, want an error and that it was made", name, err, b.slugs(t))
				}
				if got := strings.Join(b.Purged, " "); !strings.Contains(got, "all:") {
					t.Errorf("%s: purged %q, want everything", name, got)
				}
			}
		}
	}, "mysql") // it returns no rows
}

// An upsert may find a row by a key that the model does not declare.
func TestMySQLCountsUnreadRows(t *testing.T) {
	b := newBlog(t, openMySQL(t), mysqldialect.New(), bunhook.Options{})
	b.reset(t)
	for _, query := range []string{"UPDATE posts SET title = slug", "ALTER TABLE posts ADD UNIQUE (title)"} {
		if _, err := b.DB.Exec(query); err != nil {
			t.Fatal(err)
		}
	}
	b.Purged = nil
	err := b.hook.InTx(t.Context(), b.DB, nil, func(ctx context.Context, tx bun.Tx) error {
		return exec(tx.NewInsert().Model(&Post{Slug: "c", Title: "a"}).On("DUPLICATE KEY UPDATE").Set("slug = 'c'").
			Returning("NULL").Exec(ctx)) // with RETURNING, MariaDB does not count so
	})
	if err != nil {
		t.Fatal(err)
	}
	b.Want(t, "all: path:/c")
}
