package bunhook_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/bunhook"
	"github.com/uncache/uncache/invalidate/internal/invtest"
	"github.com/uncache/uncache/invalidate/outbox"
)

func TestOutbox(t *testing.T) {
	dialects := map[string]outbox.Dialect{"sqlite": outbox.SQLite, "postgres": outbox.PostgreSQL, "mysql": outbox.MySQL}
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			sqldb := d.open(t)
			invtest.RunRelay(t, sqldb, dialects[d.name], opener(t, sqldb, d.dialect))
		})
	}
}

// The event of a save is appended in its transaction.
func TestTxLog(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			sqldb := d.open(t)
			invtest.RunTxLog(t, sqldb, opener(t, sqldb, d.dialect))
		})
	}
}

// opener returns what makes the tables and saves a post in a transaction.
func opener(t *testing.T, sqldb *sql.DB, dialect func() schema.Dialect) func(inv *invalidate.Invalidator) func(slug string) error {
	return func(inv *invalidate.Invalidator) func(slug string) error {
		invalidate.Register(inv, func(p *Post, to *invalidate.Targets) { to.Group(p.Slug) })
		hook := bunhook.New(inv, &bunhook.Options{Failed: func(_ context.Context, err error) { t.Errorf("Failed was told %v", err) }})
		db := bun.NewDB(sqldb, dialect())
		db.RegisterModel((*PostTag)(nil))
		if _, err := db.NewCreateTable().Model((*Post)(nil)).Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
		return func(slug string) error {
			return hook.InTx(t.Context(), db, nil, func(ctx context.Context, tx bun.Tx) error {
				return exec(tx.NewInsert().Model(&Post{Slug: slug}).Exec(ctx))
			})
		}
	}
}
