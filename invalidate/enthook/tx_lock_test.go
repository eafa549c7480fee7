package enthook

import (
	"testing"

	"entgo.io/ent/dialect"
)

// named is a driver that is asked for the dialect only.
type named struct {
	dialect.Driver
	name string
}

func (n named) Dialect() string { return n.name }

// A query is locked if it can be, whatever its columns are called. A query that the
// database refuses to lock, such as that of a privacy rule, is read as it is.
func TestLockedQueries(t *testing.T) {
	for query, locked := range map[string]bool{
		`SELECT "posts"."id", "posts"."group", "posts"."lock" FROM "posts" WHERE "posts"."id" = $1 LIMIT 2`: true,
		"SELECT `posts`.`for`, `posts`.`count` FROM `posts` WHERE `posts`.`id` = ? LIMIT 2":                 true,
		`SELECT "posts"."id" FROM "posts" FOR SHARE`:                                                        false,
		`SELECT DISTINCT "posts"."id" FROM "posts"`:                                                         false,
		`SELECT COUNT("members"."id") FROM "members" WHERE "members"."user" = $1`:                           false,
		`SELECT SUM("orders"."total"), max("orders"."at") FROM "orders"`:                                    false,
		`SELECT "a"."n", ROW_NUMBER() OVER (PARTITION BY "a"."b") FROM "a"`:                                 false,
		`SELECT "posts"."id" FROM "posts" JOIN "tags" ON true`:                                              false,
	} {
		for _, name := range []string{dialect.Postgres, dialect.MySQL, dialect.SQLite} {
			x := &tx{d: &Driver{Driver: named{name: name}}}
			want := query
			if locked && name != dialect.SQLite {
				want += " FOR UPDATE"
			}
			if got := x.locking(withLock(t.Context()), query); got != want {
				t.Errorf("%s:\n got %s\nwant %s", name, got, want)
			}
		}
	}
}
