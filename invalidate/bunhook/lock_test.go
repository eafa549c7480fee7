package bunhook_test

import (
	"context"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/bunhook"
)

// A Remark is of a post, which Options.Select joins.
type Remark struct {
	ID     int64 `bun:",pk,autoincrement"`
	PostID int64
	Post   *Post `bun:"rel:belongs-to,join:post_id=id"`
	Text   string
}

// What somebody else writes between the query for the rows and the statement would be
// in nobody's event: so nobody can. He who has them waits for nobody but those who
// write these rows.
func TestRowsAreLocked(t *testing.T) {
	pg := databases[1]
	b := newBlog(t, pg.open(t), pg.dialect(), bunhook.Options{Select: func(q *bun.SelectQuery) *bun.SelectQuery {
		if q.GetTableName() == "remarks" {
			q = q.Relation("Post")
		}
		return q
	}})
	invalidate.Register(b.inv, func(r *Remark, to *invalidate.Targets) { to.Path("/remark/" + r.Text) })
	if _, err := b.NewCreateTable().Model((*Remark)(nil)).Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	p, _ := b.reset(t)
	for _, tt := range []struct {
		name, meanwhile string
		save            func(ctx context.Context, tx bun.Tx, remark *Remark) error
		want            string
	}{
		{"update", "UPDATE posts SET slug = 'n'", func(ctx context.Context, tx bun.Tx, _ *Remark) error {
			return exec(tx.NewUpdate().Model(&Post{ID: p.ID, Slug: "c"}).WherePK().Exec(ctx))
		}, "path:/c path:/n"},
		{"upsert", "UPDATE posts SET slug = 'o'", func(ctx context.Context, tx bun.Tx, _ *Remark) error {
			return exec(tx.NewInsert().Model(&Post{ID: p.ID, Slug: "d"}).On("CONFLICT (id) DO UPDATE").Exec(ctx))
		}, "path:/d path:/o"},
		{"joined", "UPDATE remarks SET text = 'n'", func(ctx context.Context, tx bun.Tx, remark *Remark) error {
			return exec(tx.NewUpdate().Model(&Remark{ID: remark.ID, PostID: p.ID, Text: "c"}).WherePK().Exec(ctx))
		}, "path:/remark/c path:/remark/n"},
		{"delete", "UPDATE posts SET slug = 'q'", func(ctx context.Context, tx bun.Tx, _ *Remark) error {
			return exec(tx.NewDelete().Model(&Post{ID: p.ID}).WherePK().Exec(ctx))
		}, "path:/q"},
	} {
		remark := &Remark{PostID: p.ID, Text: "x"}
		if _, err := b.NewInsert().Model(remark).Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.purged = nil
		other, err := b.DB.DB.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		var pid int
		if err := other.QueryRow("SELECT pg_backend_pid()").Scan(&pid); err != nil {
			t.Fatal(err)
		}
		id := p.ID
		if tt.name == "joined" {
			id = remark.ID
		}
		if _, err := other.Exec(tt.meanwhile+" WHERE id = $1", id); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() {
			done <- b.hook.InTx(context.Background(), b.DB, nil, func(ctx context.Context, tx bun.Tx) error {
				return tt.save(ctx, tx, remark)
			})
		}()
		for waiting := 0; waiting == 0; time.Sleep(time.Millisecond) {
			if err := b.DB.DB.QueryRow("SELECT count(*) FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))", pid).Scan(&waiting); err != nil {
				t.Fatal(err)
			}
		}
		if err := other.Commit(); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		b.want(t, tt.want)
	}
}
