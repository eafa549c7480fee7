package assigned_test

import (
	"strings"
	"testing"

	"github.com/uncache/uncache/invalidate/internal/assigned"
)

func TestColumns(t *testing.T) {
	const unknown = "?"
	for sql, want := range map[string]string{
		`UPDATE posts SET views = 1`:                                                                                  "views",
		`update posts set views=views+1,slug='x' where id=1`:                                                          "views slug",
		"UPDATE `posts` AS `post` SET `views` = 1, `updated_at` = '2026-01-01' WHERE (`post`.`id` = 1)":               "views updated_at",
		`UPDATE "posts" SET "posts"."views" = COALESCE("posts"."views", 0) + $1 WHERE "id" = $2`:                      "views",
		`UPDATE "a"."posts" SET "views" = (SELECT count(*), 'x)' FROM visits WHERE a = ','), b = 2`:                   "views b",
		`UPDATE posts SET a = b IS DISTINCT FROM c, slug = 'x' FROM other WHERE true`:                                 "a slug",
		`WITH "_data" ("id", "k") AS (VALUES (1, 'SET x = 1')) UPDATE "p" SET "k" = _data."k" FROM _data WHERE (1=1)`: "k",
		`UPDATE posts SET title = 'it''s, slug = 1' WHERE x RETURNING *`:                                              "title",
		`UPDATE posts SET views = CASE WHEN a THEN 1 ELSE 2 END, b = now() ORDER BY id LIMIT 3;`:                      "views b",
		`UPDATE posts SET "a, b = 1" = 2`:                                                                             "a, b = 1",
		`UPDATE posts SET views = views - -1`:                                                                         "views",

		`UPDATE posts SET (a, b) = (1, 2)`:                         unknown,
		`UPDATE posts SET a[1] = 2`:                                unknown,
		`UPDATE posts SET a = 'x\', b = 'y'`:                       unknown,
		`UPDATE posts SET a = $$x$$, b = 1`:                        unknown,
		`UPDATE posts SET a = 1 -- , b = 2`:                        unknown,
		`UPDATE posts SET a = /* b = 1, */ 2`:                      unknown,
		`UPDATE posts SET a = 1; UPDATE posts SET b = 1`:           unknown,
		`UPDATE posts SET a = 1 WHERE x; DELETE FROM posts`:        unknown,
		`UPDATE posts SET a = 'x`:                                  unknown,
		`UPDATE posts SET a = (1`:                                  unknown,
		`UPDATE posts SET 1 = 1`:                                   unknown,
		`UPDATE posts SET`:                                         unknown,
		`UPDATE posts`:                                             unknown,
		`DELETE FROM posts`:                                        unknown,
		`INSERT INTO p VALUES (1) ON CONFLICT DO UPDATE SET a = 1`: unknown,
		``: unknown,
	} {
		columns, ok := assigned.Columns(sql)
		got := strings.Join(columns, " ")
		if !ok {
			got = unknown
		}
		if got != want {
			t.Errorf("%s:\n got %q\nwant %q", sql, got, want)
		}
	}
	if !assigned.Only("UPDATE p SET a = 1", []string{"b", "a"}) || assigned.Only("UPDATE p SET a = 1, c = 2", []string{"a"}) {
		t.Error("Only")
	}
}

// Reading any text ends. A text that only assigns a literal to one column is read as
// that.
func FuzzColumns(f *testing.F) {
	f.Add("it's, b = 1")
	f.Add("(]$'\\")
	f.Fuzz(func(t *testing.T, text string) {
		_, _ = assigned.Columns(text)
		_, _ = assigned.Columns("UPDATE p SET a = " + text)
		columns, ok := assigned.Columns("UPDATE p SET a = '" + strings.ReplaceAll(text, "'", "''") + "' WHERE b = 1")
		if ok && (len(columns) != 1 || columns[0] != "a") {
			t.Errorf("%q: got %q", text, columns)
		}
	})
}
