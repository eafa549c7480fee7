package outbox

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
)

// nowhere is a connector that cannot connect.
type nowhere struct{}

func (nowhere) Connect(context.Context) (driver.Conn, error) { return nil, errors.New("nowhere") }
func (nowhere) Driver() driver.Driver                        { return nil }

func TestNew(t *testing.T) {
	db := sql.OpenDB(nowhere{})
	defer db.Close()
	p := invalidate.PurgerFunc(func(context.Context, cache.Event) error { return nil })
	for _, test := range []struct {
		says string // how the error begins
		db   *sql.DB
		d    Dialect
		p    invalidate.Purger
		opts *Options
	}{
		{"", db, PostgreSQL, p, nil},
		{"", db, MySQL, p, &Options{Table: "app.purges_2"}},
		{"outbox: New: the database is nil", nil, SQLite, p, nil},
		{"outbox: New: the Purger is nil", db, SQLite, nil, nil},
		{`outbox: there is no dialect "oracle"`, db, "oracle", p, nil},
		{"outbox: Options.Table: ", db, PostgreSQL, p, &Options{Table: "x; DROP TABLE posts"}},
		{"outbox: Options.Table: ", db, PostgreSQL, p, &Options{Table: "Upper"}},
		{"outbox: Options.Table: ", db, PostgreSQL, p, &Options{Table: "a.b.c"}},
		{"outbox: Options.Table: ", db, PostgreSQL, p, &Options{Table: "1st"}},
		{"outbox: Options.Table: ", db, PostgreSQL, p, &Options{Table: strings.Repeat("x", 49)}},
		{"outbox: Options.Table: ", db, SQLite, p, &Options{Table: "main.purges"}},
		{"outbox: Options.Grace: -1s is negative", db, SQLite, p, &Options{Grace: -time.Second}},
		{"outbox: Options.Poll: -1s is negative", db, SQLite, p, &Options{Poll: -time.Second}},
		{"outbox: Options.PurgeTimeout: -1s is negative", db, SQLite, p, &Options{PurgeTimeout: -time.Second}},
		{"outbox: Options.Timeout: -1s is negative", db, SQLite, p, &Options{Timeout: -time.Second}},
		{"outbox: Options.Backoff: -1s is negative", db, SQLite, p, &Options{Backoff: -time.Second}},
		{"outbox: Options.MaxBackoff: -1s is negative", db, SQLite, p, &Options{MaxBackoff: -time.Second}},
		{"outbox: Options.MaxPause: -1s is negative", db, SQLite, p, &Options{MaxPause: -time.Second}},
		{"outbox: Options.CloseTimeout: -1s is negative", db, SQLite, p, &Options{CloseTimeout: -time.Second}},
		{"outbox: Options.Batch: -1 is negative", db, SQLite, p, &Options{Batch: -1}},
		{"outbox: Options.MaxTries: -1 is negative", db, SQLite, p, &Options{MaxTries: -1}},
	} {
		o, err := New(test.db, test.d, test.p, test.opts)
		if test.says == "" {
			if err != nil {
				t.Errorf("%v: %v", test.opts, err)
			} else if err := o.Close(); err != nil {
				t.Errorf("Close of what was never used: %v", err)
			}
			continue
		}
		if !errors.Is(err, ErrOptions) || !strings.HasPrefix(err.Error(), test.says) {
			t.Errorf("want an ErrOptions that says %q, not %v", test.says, err)
		}
	}
}

func TestSchemaNames(t *testing.T) {
	got, err := Schema(MySQL, "app.purges")
	for _, want := range []string{"`app`.`purges` (", "`app`.`purges_schema` (version", "INDEX `purges_due`"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s%v", want, got, err)
		}
	}
	if _, err := Schema("oracle", ""); !errors.Is(err, ErrOptions) {
		t.Errorf("of no dialect: %v", err)
	}
}

func TestPlaceholders(t *testing.T) {
	for d, want := range map[Dialect]string{
		PostgreSQL: `UPDATE "a"."b" SET due = statement_timestamp() + CAST($1 AS bigint) * interval '1 microsecond' WHERE id = $2`,
		MySQL:      "UPDATE `a`.`b` FORCE INDEX (PRIMARY) SET due = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND WHERE id = ?",
	} {
		if got := dialects[d].sql("a.b", "UPDATE {byID} SET due = {later} WHERE id = ?"); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
