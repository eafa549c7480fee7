package bunhook_test

import (
	"context"
	"testing"

	"github.com/uptrace/bun"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/bunhook"
	"github.com/uncache/uncache/keys/route"
)

var leafPage = route.MustParse("GET /leaf/{title}")

// A model with nothing but its key is enough for a write in RunInTx, where its row
// cannot be read: everything is purged, and nothing has failed.
func TestModelWithKeyOnly(t *testing.T) {
	each(t, bunhook.Options{}, func(t *testing.T, b *blog) {
		if _, err := b.NewCreateTable().Model((*Leaf)(nil)).Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
		invalidate.Register(b.inv, func(l *Leaf, to *invalidate.Targets) { to.Route(leafPage, l.Title) })
		for name, save := range map[string]func(tx bun.Tx, ctx context.Context, l *Leaf) error{
			"update": func(tx bun.Tx, ctx context.Context, l *Leaf) error {
				return exec(tx.NewUpdate().Model(l).Set("title = 'new'").WherePK().Exec(ctx))
			},
			"deletion": func(tx bun.Tx, ctx context.Context, l *Leaf) error {
				return exec(tx.NewDelete().Model(l).WherePK().Exec(ctx))
			},
		} {
			l := &Leaf{Name: name, Lang: name, Title: "old"}
			if _, err := b.NewInsert().Model(l).Exec(t.Context()); err != nil {
				t.Fatal(err)
			}
			b.Purged = nil
			err := b.RunInTx(t.Context(), nil, func(ctx context.Context, tx bun.Tx) error { return save(tx, ctx, &Leaf{ID: l.ID}) })
			if err != nil {
				t.Fatal(err)
			}
			b.Want(t, "all:")
			b.WantFailed(t, 0)
		}
	})
}
