package outbox

import (
	"fmt"
	"regexp"
	"strings"
)

// DefaultTable is the name of the table unless [Options.Table] says otherwise.
const DefaultTable = "uncache_outbox"

// Lower case, so that it means the same with and without quotes. Short, so that the
// names made from it are names too.
var tableName = regexp.MustCompile(`^([a-z_][a-z0-9_]{0,47}\.)?[a-z_][a-z0-9_]{0,47}$`)

// checkTable returns an error unless table can be the name of a table.
func checkTable(d Dialect, table string) error {
	if !tableName.MatchString(table) {
		return fmt.Errorf("%q is no name of a table: want lower-case rows, digits and _, at most 48, perhaps after a schema and a dot", table)
	}
	if d == SQLite && strings.Contains(table, ".") {
		return fmt.Errorf("%q: a table of SQLite has no schema", table)
	}
	return nil
}

// migrations are the statements that lead from one version of the schema to the next,
// from nothing to version 1 first. They can be run twice. Where a statement cannot, a
// query before it says whether it was run ([migration.made]).
//
// New ones may only add columns, with defaults: processes of the version before go on
// working while a release is rolled out.
var migrations = map[Dialect][]migration{
	PostgreSQL: {{statements: []string{
		`CREATE TABLE IF NOT EXISTS {table} (
	id         text        NOT NULL PRIMARY KEY,
	format     smallint    NOT NULL, -- of event
	event      bytea       NOT NULL,
	reason     text        NOT NULL, -- why and who, for people
	origin     text        NOT NULL,
	created    timestamptz NOT NULL,
	due        timestamptz NOT NULL, -- when a relay may try it
	tries      integer     NOT NULL, -- that have failed
	last_error text        NOT NULL,
	dead       smallint    NOT NULL  -- 1: not tried any more
)`,
		`CREATE INDEX IF NOT EXISTS {index} ON {table} (dead, due)`,
	}}, {statements: []string{
		// When the event is purged again, and how often it was purged.
		`ALTER TABLE {table} ADD COLUMN IF NOT EXISTS repeats text NOT NULL DEFAULT '',
	ADD COLUMN IF NOT EXISTS purged smallint NOT NULL DEFAULT 0`,
	}}},
	MySQL: {{statements: []string{
		"CREATE TABLE IF NOT EXISTS {table} (\n" +
			"	id         CHAR(26) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,\n" +
			"	format     SMALLINT     NOT NULL, -- of event\n" +
			"	event      MEDIUMBLOB   NOT NULL,\n" +
			"	reason     VARCHAR(512) CHARACTER SET ascii NOT NULL, -- why and who, for people\n" +
			"	origin     VARCHAR(512) CHARACTER SET ascii NOT NULL,\n" +
			"	created    DATETIME(6)  NOT NULL, -- UTC\n" +
			"	due        DATETIME(6)  NOT NULL, -- UTC, when a relay may try it\n" +
			"	tries      INTEGER      NOT NULL, -- that have failed\n" +
			"	last_error VARCHAR(512) CHARACTER SET ascii NOT NULL,\n" +
			"	dead       SMALLINT     NOT NULL, -- 1: not tried any more\n" +
			"	INDEX {index} (dead, due)\n" +
			") ENGINE = InnoDB",
	}}, {made: "SELECT COUNT(purged) FROM {table} WHERE 1 = 0", statements: []string{
		`ALTER TABLE {table} ADD COLUMN repeats VARCHAR(512) CHARACTER SET ascii NOT NULL DEFAULT '',
	ADD COLUMN purged SMALLINT NOT NULL DEFAULT 0`,
	}}},
	SQLite: {{statements: []string{
		`CREATE TABLE IF NOT EXISTS {table} (
	id         TEXT    NOT NULL PRIMARY KEY,
	format     INTEGER NOT NULL, -- of event
	event      BLOB    NOT NULL,
	reason     TEXT    NOT NULL, -- why and who, for people
	origin     TEXT    NOT NULL,
	created    TEXT    NOT NULL, -- UTC
	due        TEXT    NOT NULL, -- UTC, when a relay may try it
	tries      INTEGER NOT NULL, -- that have failed
	last_error TEXT    NOT NULL,
	dead       INTEGER NOT NULL  -- 1: not tried any more
)`,
		`CREATE INDEX IF NOT EXISTS {index} ON {table} (dead, due)`,
	}}, {statements: []string{
		`ALTER TABLE {table} ADD COLUMN repeats TEXT NOT NULL DEFAULT ''`,
		`ALTER TABLE {table} ADD COLUMN purged INTEGER NOT NULL DEFAULT 0`,
	}}},
}

// A migration leads to one version.
type migration struct {
	// made is a query that succeeds if the statements were run. It is for MySQL, which
	// commits each statement by itself: Migrate may be killed between one and the row
	// with the version.
	made       string
	statements []string
}

// The version of the schema is the greatest in a table of its own.
const (
	createVersions = `CREATE TABLE IF NOT EXISTS {versions} (version INTEGER NOT NULL PRIMARY KEY)`
	selectVersion  = `SELECT COALESCE(MAX(version), 0) FROM {versions}`
	insertVersion  = `INSERT INTO {versions} (version) VALUES (%d)`
)

// Schema returns the SQL that [Outbox.Migrate] runs in an empty database, for a
// migration tool of your own: statements that end with a semicolon and a newline. Table
// is that of [Options.Table], "" the default.
//
// A second table, with _schema at the end of its name, has the schema's version. A
// later release may add to the tables, never change what is in them, and says so in its
// notes.
//
// An error is ErrOptions: an unknown dialect, or no name of a table.
func Schema(d Dialect, table string) (string, error) {
	table, err := options(d, table)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	add := func(statement string) { b.WriteString(dialects[d].sql(table, statement) + ";\n") }
	add(createVersions)
	for i, m := range migrations[d] {
		for _, s := range m.statements {
			add(s)
		}
		add(fmt.Sprintf(insertVersion, i+1))
	}
	return b.String(), nil
}
