package bunhook_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/uptrace/bun"

	"github.com/uncache/uncache/invalidate/bunhook"
)

// wantBoth fails unless the pages of both slugs, or everything, have been purged.
func (b *blog) wantBoth(t *testing.T, name, before, after string) {
	t.Helper()
	got := strings.Fields(strings.Join(b.Purged, " "))
	has := map[string]bool{}
	for _, d := range got {
		has[d] = true
	}
	if !has["all:"] && !(has["path:/"+before] && has["path:/"+after]) {
		t.Errorf("%s: purged %q, want /%s and /%s", name, got, before, after)
	}
}

// A text that a user has typed does not decide by which key an upsert finds its row.
func TestTextsThatLookLikeConflicts(t *testing.T) {
	each(t, bunhook.Options{}, func(t *testing.T, b *blog) {
		for _, title := range []string{
			"x ON CONFLICT (title) DO UPDATE", "x ON CONFLICT (id) DO NOTHING", "it's ON CONFLICT (title) DO",
			`\' ON CONFLICT (id) DO NOTHING`, `"/* ON CONFLICT (title) DO`, "-- ON DUPLICATE KEY", "$$ REPLACE ", "' ", `\`,
		} {
			for _, own := range []bool{true, false} {
				b.reset(t)
				save := func(c bun.IDB) error {
					q := c.NewInsert().Model(&Post{Slug: "a", Title: title}).Set("slug = 'c'").Returning("NULL")
					if b.isMySQL() {
						return exec(q.On("DUPLICATE KEY UPDATE").Exec(t.Context()))
					}
					return exec(q.On("CONFLICT (slug) DO UPDATE").Exec(t.Context()))
				}
				var err error
				if own {
					err = save(b.DB)
				} else {
					err = b.hook.InTx(t.Context(), b.DB, nil, func(_ context.Context, tx bun.Tx) error { return save(tx) })
				}
				if err != nil {
					t.Fatal(err)
				}
				b.wantBoth(t, title, "a", "c")
				b.WantFailed(t, 0)
			}
		}
	})
}

// Nor does it make a condition one by key.
func TestTextsThatLookLikeKeys(t *testing.T) {
	each(t, bunhook.Options{}, func(t *testing.T, b *blog) {
		for _, form := range []string{" AND (%s.%s = %d) LIMIT ", " WHERE (%s.%s = %d) RETURNING 1", "'' AND (%[2]s = %[3]d) ORDER BY ", `\' AND (%s.%s = %d) LIMIT `} {
			p, _ := b.reset(t)
			quote := `"`
			if b.isMySQL() {
				quote = "`"
			}
			text := fmt.Sprintf(form, quote+"post"+quote, quote+"id"+quote, p.ID)
			err := b.hook.InTx(t.Context(), b.DB, nil, func(_ context.Context, tx bun.Tx) error {
				return exec(tx.NewUpdate().Model(&Post{ID: p.ID}).Set("slug = 'c'").Where("slug = 'b' AND slug <> ?", text).Exec(t.Context()))
			})
			if err != nil {
				t.Fatal(err)
			}
			b.wantBoth(t, text, "b", "c")
		}
	})
}
