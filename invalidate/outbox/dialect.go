package outbox

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Dialect is the SQL that a database speaks.
type Dialect string

const (
	// PostgreSQL is PostgreSQL 9.6 or later.
	PostgreSQL Dialect = "postgresql"
	// MySQL is MySQL 8, or MariaDB 10.6 or later, with InnoDB.
	MySQL Dialect = "mysql"
	// SQLite is SQLite 3.24 or later.
	SQLite Dialect = "sqlite"
)

// dialect is in what the databases differ.
type dialect struct {
	quote    string                        // around identifiers
	numbered bool                          // placeholders are $1, $2, ... and not ?
	now      string                        // the time by the database's clock, the same in a whole statement
	later    string                        // that time plus an argument, which delay makes
	until    string                        // milliseconds until due
	age      string                        // milliseconds since the oldest row that waits was created
	created  string                        // milliseconds since a row was created
	delay    func(time.Duration) any       // the argument of later
	oneOf    func([]rowID) (string, []any) // "id is one of these", and its arguments
	blob     string                        // whether the id is a BLOB
	due      string                        // {table}, read by its index
	byID     string                        // {table}, written by its primary key
	locks    bool                          // rows can be locked, and locked ones skipped
}

// waits is the condition of rows that a relay may try.
const waits = "dead = 0"

// unpurged is the condition of rows that were never purged.
const unpurged = waits + " AND purged = 0"

var dialects = map[Dialect]dialect{
	PostgreSQL: {
		quote:    `"`,
		numbered: true,
		// now() is when the transaction began. For clock_timestamp(), which is
		// volatile, no index is used.
		now:   "statement_timestamp()",
		later: "statement_timestamp() + CAST(? AS bigint) * interval '1 microsecond'",
		// Infinity is a time too, but its difference is not.
		until:   "CASE WHEN due <= statement_timestamp() THEN 0 WHEN isfinite(due) THEN CAST(EXTRACT(EPOCH FROM due - statement_timestamp()) * 1000 AS double precision) ELSE 1e12 END",
		age:     "CAST(EXTRACT(EPOCH FROM statement_timestamp() - MIN(CASE WHEN " + unpurged + " AND isfinite(created) THEN created END)) * 1000 AS double precision)",
		created: "CASE WHEN isfinite(created) THEN CAST(EXTRACT(EPOCH FROM statement_timestamp() - created) * 1000 AS double precision) END",
		delay:   microseconds,
		// One statement serves any number of ids: drivers keep what they have prepared.
		oneOf: func(ids []rowID) (string, []any) {
			if len(ids) == 1 {
				return "= ?", []any{ids[0].text}
			}
			return "= ANY (CAST(CAST(? AS text) AS text[]))", []any{array(ids)}
		},
		blob:  "0",
		due:   "{table}",
		byID:  "{table}",
		locks: true,
	},
	MySQL: {
		quote: "`",
		now:   "UTC_TIMESTAMP(6)", // whatever the session's time zone is
		later: "UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND",
		until: "TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6), due) / 1000.0",
		// 0000-00-00 is a time too, and the difference is NULL.
		age:     "TIMESTAMPDIFF(MICROSECOND, MIN(CASE WHEN " + unpurged + " AND created > '1000-01-01' THEN created END), UTC_TIMESTAMP(6)) / 1000.0",
		created: "CASE WHEN created > '1000-01-01' THEN TIMESTAMPDIFF(MICROSECOND, created, UTC_TIMESTAMP(6)) / 1000.0 END",
		delay:   microseconds,
		oneOf:   list,
		blob:    "0",
		// The optimizer would scan a table that it believes to be empty.
		due:   "{table} FORCE INDEX ({index})",
		byID:  "{table} FORCE INDEX (PRIMARY)",
		locks: true,
	},
	SQLite: {
		quote:   `"`,
		now:     "strftime('%Y-%m-%d %H:%M:%f', 'now')",
		later:   "strftime('%Y-%m-%d %H:%M:%f', 'now', ?)",
		until:   "(julianday(due) - julianday('now')) * 86400000.0",
		age:     "(julianday('now') - MIN(CASE WHEN " + unpurged + " THEN julianday(created) END)) * 86400000.0",
		created: "(julianday('now') - julianday(created)) * 86400000.0",
		delay:   func(d time.Duration) any { return fmt.Sprintf("+%.3f seconds", d.Seconds()) },
		oneOf:   list,
		blob:    "typeof(id) = 'blob'",
		due:     "{table}",
		byID:    "{table}",
	},
}

func microseconds(d time.Duration) any { return d.Microseconds() }

func list(ids []rowID) (string, []any) {
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id.arg()
	}
	return "IN (" + strings.TrimSuffix(strings.Repeat("?, ", len(ids)), ", ") + ")", args
}

var quoteElement = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// array returns an array as PostgreSQL writes it. An id may be any text.
func array(ids []rowID) string {
	quoted := make([]string, len(ids))
	for i, id := range ids {
		quoted[i] = `"` + quoteElement.Replace(id.text) + `"`
	}
	return "{" + strings.Join(quoted, ",") + "}"
}

// sql returns a statement for the table: it fills in what is in braces, and makes the
// placeholders the dialect's.
func (d dialect) sql(table, statement string) string {
	schema, name := "", table
	if i := strings.IndexByte(table, '.'); i >= 0 {
		schema, name = d.quote+table[:i]+d.quote+".", table[i+1:]
	}
	q := func(name string) string { return d.quote + name + d.quote }
	statement = strings.NewReplacer("{due}", d.due, "{byID}", d.byID).Replace(statement)
	statement = strings.NewReplacer(
		"{table}", schema+q(name),
		"{index}", q(name+"_due"),
		"{versions}", schema+q(name+"_schema"),
		"{now}", d.now,
		"{later}", d.later,
		"{until}", d.until,
		"{age}", d.age,
		"{created}", d.created,
		"{blob}", d.blob,
	).Replace(statement)
	if !d.numbered {
		return statement
	}
	var b strings.Builder
	for i := 1; ; i++ {
		before, after, found := strings.Cut(statement, "?")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteString("$" + strconv.Itoa(i))
		statement = after
	}
}
