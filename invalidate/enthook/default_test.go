package enthook_test

import (
	"strings"
	"testing"

	"github.com/uncache/uncache/invalidate/enthook"
	"github.com/uncache/uncache/invalidate/enthook/internal/enttest/gen"
)

// An upsert that finds its row by a column which it does not set finds it by a default.
func TestUpsertByDefault(t *testing.T) {
	each(t, enthook.Options{}, func(t *testing.T, b *blog) {
		ctx := t.Context()
		for _, query := range []string{"ALTER TABLE posts ADD COLUMN lang VARCHAR(10) DEFAULT 'en'", "CREATE UNIQUE INDEX langs ON posts (lang)"} {
			if _, err := b.db.ExecContext(ctx, query); err != nil {
				t.Fatal(err)
			}
		}
		b.Post.Create().SetSlug("a").ExecX(ctx)
		b.Purged = nil
		err := b.Post.Create().SetSlug("b").OnConflictColumns("lang").Update(func(u *gen.PostUpsert) { u.SetSlug("c") }).Exec(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if n := b.Post.Query().CountX(ctx); n != 1 {
			t.Fatalf("there are %d posts, want 1", n)
		}
		if purged := strings.Join(b.Purged, " "); !strings.Contains(purged, "all:") && !strings.Contains(purged, "path:/a") {
			t.Errorf("purged %q, want /a or everything", purged)
		}
	}, "mysql") // it does not name columns
}
