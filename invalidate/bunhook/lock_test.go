package bunhook_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/bunhook"
	"github.com/uncache/uncache/invalidate/internal/invtest"
)

// A Remark is of a post, which Options.Select joins.
type Remark struct {
	ID     int64 `bun:",pk,autoincrement"`
	PostID int64
	Post   *Post `bun:"rel:belongs-to,join:post_id=id"`
	Text   string
}

// A write by another transaction between the query for the rows and the statement would
// be in no event. So the query locks the rows. It waits only for transactions that
// write them.
func TestRowsAreLocked(t *testing.T) {
	withPost := func(q *bun.SelectQuery) *bun.SelectQuery {
		if q.GetTableName() == "remarks" {
			q = q.Relation("Post")
		}
		return q
	}
	each(t, bunhook.Options{Select: withPost}, func(t *testing.T, b *blog) {
		switch {
		case b.isMySQL():
			rowsAreLocked(t, b, invtest.WaitingOnMySQL)
		case b.Dialect().Name() == dialect.PG:
			rowsAreLocked(t, b, invtest.WaitingOnPostgres("posts", "remarks"))
		}
	})
}

// rowsAreLocked is given a query for how many sessions wait for a lock.
func rowsAreLocked(t *testing.T, b *blog, waiting string) {
	invalidate.Register(b.inv, func(r *Remark, to *invalidate.Targets) { to.Path("/remark/" + r.Text) })
	if _, err := b.NewCreateTable().Model((*Remark)(nil)).Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	p, _ := b.reset(t)
	remark := &Remark{PostID: p.ID, Text: "x"}
	if _, err := b.NewInsert().Model(remark).Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, meanwhile string
		save            func(ctx context.Context, tx bun.Tx) error
		want            string
	}{
		{"update", fmt.Sprint("UPDATE posts SET slug = 'n' WHERE id = ", p.ID), func(ctx context.Context, tx bun.Tx) error {
			return exec(tx.NewUpdate().Model(&Post{ID: p.ID, Slug: "c"}).WherePK().Exec(ctx))
		}, "path:/c path:/n"},
		{"upsert", fmt.Sprint("UPDATE posts SET slug = 'o' WHERE id = ", p.ID), func(ctx context.Context, tx bun.Tx) error {
			return exec(tx.NewInsert().Model(&Post{ID: p.ID, Slug: "d"}).On("CONFLICT (id) DO UPDATE").Exec(ctx))
		}, "path:/d path:/o"},
		{"joined", fmt.Sprint("UPDATE remarks SET text = 'n' WHERE id = ", remark.ID), func(ctx context.Context, tx bun.Tx) error {
			return exec(tx.NewUpdate().Model(&Remark{ID: remark.ID, PostID: p.ID, Text: "c"}).WherePK().Exec(ctx))
		}, "path:/remark/c path:/remark/n"},
		{"delete", fmt.Sprint("UPDATE posts SET slug = 'q' WHERE id = ", p.ID), func(ctx context.Context, tx bun.Tx) error {
			return exec(tx.NewDelete().Model(&Post{ID: p.ID}).WherePK().Exec(ctx))
		}, "path:/q"},
	} {
		if tt.name == "upsert" && b.isMySQL() {
			continue // as docs/bun.md says
		}
		b.Purged = nil
		invtest.SaveMeanwhile(t, b.DB.DB, waiting, tt.meanwhile, func() error { return b.hook.InTx(context.Background(), b.DB, nil, tt.save) })
		b.Want(t, tt.want)
	}
}
