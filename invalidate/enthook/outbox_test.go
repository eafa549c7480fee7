package enthook_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/enthook"
	"github.com/uncache/uncache/invalidate/enthook/internal/enttest/gen"
	"github.com/uncache/uncache/invalidate/outbox"
)

// With the real outbox: what cannot be purged after COMMIT is a row, which a relay
// finds when the Purger is back.
func TestOutbox(t *testing.T) {
	dialects := map[string]outbox.Dialect{dialect.SQLite: outbox.SQLite, dialect.Postgres: outbox.PostgreSQL, dialect.MySQL: outbox.MySQL}
	for _, d := range databases {
		t.Run(d.dialect, func(t *testing.T) {
			ctx := t.Context()
			sqldb := d.open(t)
			var down atomic.Bool
			purged := make(chan cache.Event, 10)
			purger := invalidate.PurgerFunc(func(_ context.Context, e cache.Event) error {
				if down.Load() {
					return errors.New("redis: connection refused")
				}
				if len(e.Dependencies) > 0 { // no probe
					purged <- e
				}
				return nil
			})
			box, err := outbox.New(sqldb, dialects[d.dialect], purger, &outbox.Options{Grace: time.Millisecond, Poll: 5 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			if err := box.Migrate(ctx); err != nil {
				t.Fatal(err)
			}
			inv := invalidate.New(purger, &invalidate.Options{Outbox: box})
			invalidate.Register(inv, func(p *gen.Post, to *invalidate.Targets) { to.Group(p.Slug) })
			drv := enthook.New(entsql.OpenDB(d.dialect, sqldb), inv, &enthook.Options{
				Failed: func(_ context.Context, err error) { t.Errorf("Failed was told %v", err) },
			})
			client := gen.NewClient(gen.Driver(drv))
			client.Use(drv.Hook)
			if err := client.Schema.Create(ctx); err != nil {
				t.Fatal(err)
			}

			down.Store(true)
			err = enthook.InTx(ctx, client.Tx, func(ctx context.Context, tx *gen.Tx) error {
				return tx.Post.Create().SetSlug("a'?$1").Exec(ctx)
			})
			if !errors.Is(err, invalidate.ErrKept) {
				t.Fatalf("InTx: got %v, want ErrKept", err)
			}
			down.Store(false)
			if err := box.Start(); err != nil {
				t.Fatal(err)
			}
			select {
			case e := <-purged:
				if len(e.Dependencies) != 1 || e.Dependencies[0] != cache.Group("a'?$1") {
					t.Errorf("the relay purged %v, want the group of the post", e.Dependencies)
				}
			case <-time.After(30 * time.Second):
				t.Error("the relay has purged nothing in 30 s")
			}
			if err := box.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
