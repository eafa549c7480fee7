package outbox

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
	"testing"

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
		names string // what the error says
		db    *sql.DB
		d     Dialect
		p     invalidate.Purger
		opts  *Options
	}{
		{"", db, PostgreSQL, p, nil},
		{"", db, MySQL, p, &Options{Table: "app.purges_2"}},
		{"nil", nil, SQLite, p, nil},
		{"nil", db, SQLite, nil, nil},
		{"oracle", db, "oracle", p, nil},
		{"Table", db, PostgreSQL, p, &Options{Table: "x; DROP TABLE posts"}},
		{"Table", db, PostgreSQL, p, &Options{Table: "Upper"}},
		{"Table", db, PostgreSQL, p, &Options{Table: "a.b.c"}},
		{"Table", db, PostgreSQL, p, &Options{Table: "1st"}},
		{"Table", db, PostgreSQL, p, &Options{Table: strings.Repeat("x", 49)}},
		{"Table", db, SQLite, p, &Options{Table: "main.purges"}},
		{"Grace", db, SQLite, p, &Options{Grace: -1}},
		{"Poll", db, SQLite, p, &Options{Poll: -1}},
		{"PurgeTimeout", db, SQLite, p, &Options{PurgeTimeout: -1}},
		{"Timeout", db, SQLite, p, &Options{Timeout: -1}},
		{"Backoff", db, SQLite, p, &Options{Backoff: -1}},
		{"MaxBackoff", db, SQLite, p, &Options{MaxBackoff: -1}},
		{"MaxPause", db, SQLite, p, &Options{MaxPause: -1}},
		{"CloseTimeout", db, SQLite, p, &Options{CloseTimeout: -1}},
		{"Batch", db, SQLite, p, &Options{Batch: -1}},
		{"MaxTries", db, SQLite, p, &Options{MaxTries: -1}},
	} {
		o, err := New(test.db, test.d, test.p, test.opts)
		if test.names == "" {
			if err != nil {
				t.Errorf("%v: %v", test.opts, err)
			} else if err := o.Close(); err != nil {
				t.Errorf("Close of what was never used: %v", err)
			}
			continue
		}
		if !errors.Is(err, ErrOptions) || !strings.Contains(err.Error(), test.names) {
			t.Errorf("want an ErrOptions that names %s, not %v", test.names, err)
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
