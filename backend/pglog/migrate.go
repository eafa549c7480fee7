package pglog

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

//go:embed schema.sql
var schemaSQL string

// version is that of schema.sql. It is in the comment of the schema.
const version = "v1"

// migrateLock is the advisory lock under which schemas are made: "unca", then the class.
const migrateLock = 1970168417<<32 | 1

// Migrate makes the schema with its tables and functions, or brings them up to date. It
// may be called by every process at its start. One that finds the schema as it should be
// changes nothing.
//
// The role needs CREATE on the database, or a schema of this name that it owns. Roles
// that use the log, and do not own it, need USAGE on the schema and SELECT on its tables
// and its sequence.
func (l *Log) Migrate(ctx context.Context) error {
	if l.closed.Load() {
		return l.errClosed("migrate")
	}
	err := pgx.BeginTxFunc(ctx, l.pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted, AccessMode: pgx.ReadWrite}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", int64(migrateLock)); err != nil {
			return err
		}
		id, err := readIdentity(ctx, tx, l.schema)
		if err != nil {
			return err
		}
		if !strings.HasPrefix(id.comment, commentPrefix+version+" ") {
			if _, err := tx.Exec(ctx, fill(schemaSQL, l.schema, l.channel())); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, l.queries.confirm, int64(0))
		return err
	})
	if err != nil {
		return l.failed("migrate", err)
	}
	return nil
}

// fill fills in what schema.sql leaves open.
func fill(sql, schema, channel string) string {
	return strings.NewReplacer(
		"'{schema}.", literalPart(schema)+".",
		"'{schema}'", literalPart(schema)+"'",
		"{schema}", schema,
		"{channel}", literal(channel),
		"{version}", literal(version),
	).Replace(sql)
}

// literal returns s as a literal of SQL, whatever standard_conforming_strings is.
func literal(s string) string { return literalPart(s) + "'" }

// literalPart is literal without its end.
func literalPart(s string) string {
	return "E'" + strings.NewReplacer("'", "''", `\`, `\\`).Replace(s)
}

// commentPrefix begins the comment of a log's schema. The version and an id follow.
const commentPrefix = "uncache log "

// An identity tells a log, and the database that it is in. A database that is a copy has
// another oid.
type identity struct{ comment, database string }

// readIdentity returns the identity of the log in a schema, with an empty comment if
// there is none.
func readIdentity(ctx context.Context, q interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}, schema string) (identity, error) {
	var id identity
	err := q.QueryRow(ctx, `
		SELECT coalesce(obj_description(to_regnamespace($1)::oid, 'pg_namespace'), ''),
			(SELECT oid::text FROM pg_database WHERE datname = current_database())`, schema).Scan(&id.comment, &id.database)
	if err != nil {
		return identity{}, fmt.Errorf("read its id: %w", err)
	}
	if !strings.HasPrefix(id.comment, commentPrefix) {
		id.comment = ""
	}
	return id, nil
}
