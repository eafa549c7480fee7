package enthook_test

import (
	"context"
	"database/sql"
	"testing"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/enthook"
	"github.com/uncache/uncache/invalidate/enthook/internal/enttest/gen"
	"github.com/uncache/uncache/invalidate/internal/invtest"
	"github.com/uncache/uncache/invalidate/outbox"
)

func TestOutbox(t *testing.T) {
	dialects := map[string]outbox.Dialect{dialect.SQLite: outbox.SQLite, dialect.Postgres: outbox.PostgreSQL, dialect.MySQL: outbox.MySQL}
	for _, d := range databases {
		t.Run(d.dialect, func(t *testing.T) {
			sqldb := d.open(t)
			invtest.RunRelay(t, sqldb, dialects[d.dialect], opener(t, sqldb, d.dialect))
		})
	}
}

// The event of a save is appended in its transaction.
func TestTxLog(t *testing.T) {
	for _, d := range databases {
		t.Run(d.dialect, func(t *testing.T) {
			sqldb := d.open(t)
			invtest.RunTxLog(t, sqldb, opener(t, sqldb, d.dialect))
		})
	}
}

// opener returns what makes the tables and saves a post in a transaction.
func opener(t *testing.T, sqldb *sql.DB, name string) func(inv *invalidate.Invalidator) func(slug string) error {
	return func(inv *invalidate.Invalidator) func(slug string) error {
		invalidate.Register(inv, func(p *gen.Post, to *invalidate.Targets) { to.Group(p.Slug) })
		drv := enthook.New(entsql.OpenDB(name, sqldb), inv, &enthook.Options{
			Failed: func(_ context.Context, err error) { t.Errorf("Failed was told %v", err) },
		})
		client := gen.NewClient(gen.Driver(drv))
		client.Use(drv.Hook)
		if err := client.Schema.Create(t.Context()); err != nil {
			t.Fatal(err)
		}
		return func(slug string) error {
			return enthook.InTx(t.Context(), client.Tx, func(ctx context.Context, tx *gen.Tx) error {
				return tx.Post.Create().SetSlug(slug).Exec(ctx)
			})
		}
	}
}
