package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
)

// Migrate creates what [Schema] describes, or brings it up to date. If nothing is
// missing it only reads the version: the database user needs the right to create tables
// once.
//
// Several processes may call it at once. Call it when the program starts, not in the
// transaction of a save.
func (o *Outbox) Migrate(ctx context.Context) error {
	if v, err := o.version(ctx, o.db); err == nil && v >= len(migrations[o.dialect]) {
		return nil // of this version, or of a later one, which this process can use too
	}
	conn, err := o.db.Conn(ctx)
	if err == nil {
		err = o.migrate(ctx, conn)
		err = errors.Join(err, conn.Close())
	}
	if err != nil {
		return fmt.Errorf("outbox: migrate %s: %w", o.opts.Table, err)
	}
	return nil
}

func (o *Outbox) migrate(ctx context.Context, conn *sql.Conn) (err error) {
	unlock, err := o.lockSchema(ctx, conn)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock(err)) }()
	if _, err := conn.ExecContext(ctx, o.sql(createVersions)); err != nil {
		return err
	}
	have, err := o.version(ctx, conn)
	if err != nil {
		return err
	}
	for v, m := range migrations[o.dialect] {
		if v < have {
			continue
		}
		statements := slices.Clip(m.statements)
		if m.made != "" {
			var n int
			if conn.QueryRowContext(ctx, o.sql(m.made)).Scan(&n) == nil {
				statements = nil
			}
		}
		for _, s := range append(statements, fmt.Sprintf(insertVersion, v+1)) {
			if _, err := conn.ExecContext(ctx, o.sql(s)); err != nil {
				return err
			}
		}
	}
	return nil
}

// lockSchema lets one process migrate at a time. In PostgreSQL and SQLite the lock is a
// transaction: all statements are done or none. In MySQL each statement commits by
// itself, and can be run again.
func (o *Outbox) lockSchema(ctx context.Context, conn *sql.Conn) (unlock func(error) error, err error) {
	h := fnv.New64a()
	h.Write([]byte("uncache outbox " + o.opts.Table))
	id := int64(h.Sum64())
	// The transaction is ended even if ctx is done: conn goes back to its pool.
	run := func(statements ...string) error {
		ctx := context.WithoutCancel(ctx)
		for _, s := range statements {
			if _, err := conn.ExecContext(ctx, s); err != nil {
				return err
			}
		}
		return nil
	}
	end := func(err error) error {
		if err != nil {
			return run("ROLLBACK")
		}
		return run("COMMIT")
	}
	switch o.dialect {
	case PostgreSQL:
		if err := run("BEGIN"); err != nil {
			return nil, err
		}
		// With ctx, since another process may hold the lock for long.
		if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", id); err != nil {
			return nil, errors.Join(err, run("ROLLBACK"))
		}
		return end, nil
	case SQLite:
		if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
			return nil, err
		}
		return end, nil
	default:
		// The names of locks are the server's: one for each database.
		name := fmt.Sprintf("uncache %016x", uint64(id))
		var got sql.NullInt64
		err := conn.QueryRowContext(ctx, "SELECT GET_LOCK(LEFT(CONCAT(?, ' ', DATABASE()), 64), 60)", name).Scan(&got)
		if err == nil && got.Int64 != 1 {
			err = errors.New("another process has been migrating for a minute")
		}
		if err != nil {
			return nil, err
		}
		return func(error) error {
			_, err := conn.ExecContext(context.WithoutCancel(ctx), "DO RELEASE_LOCK(LEFT(CONCAT(?, ' ', DATABASE()), 64))", name)
			return err
		}, nil
	}
}

type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func (o *Outbox) version(ctx context.Context, q querier) (v int, err error) {
	err = q.QueryRowContext(ctx, o.sql(selectVersion)).Scan(&v)
	return v, err
}
