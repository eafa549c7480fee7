package pglog

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"github.com/uncache/uncache/cache"
)

const (
	// probeQuery finds the log if it is in the transaction's database. It fails in no
	// database of PostgreSQL: an error would be the end of the transaction.
	probeQuery = `SELECT 1 WHERE pg_catalog.obj_description(pg_catalog.to_regnamespace($1)::oid, 'pg_namespace') = $2
		AND (SELECT oid::text FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) = $3`

	// Arguments are text: every driver passes that on as it is.
	appendQuery = `SELECT {schema}.append($1, $2, $3, $4, $5)`
)

// identityTimeout is how long a save waits to learn what the log is, once in the life of
// a process.
const identityTimeout = time.Second

// AppendTx adds e to the log in the transaction of exec, see [cache.TxLog]. The event
// gets its position at COMMIT, which waits for other savers that are committing. It makes
// two round trips: the first finds out if the transaction is in the log's database.
//
// PREPARE TRANSACTION refuses a transaction that has appended.
func (l *Log) AppendTx(ctx context.Context, exec cache.Exec, e cache.Event) (bool, error) {
	if l.closed.Load() {
		return false, l.errClosed("append")
	}
	id := l.knownIdentity(ctx)
	if id == nil { // Append will say why
		return false, nil
	}
	found, err := exec(ctx, l.queries.probe, l.schema, id.comment, id.database)
	if err != nil {
		if !fromPostgreSQL(err) && ctx.Err() == nil { // MySQL, SQLite: nothing has happened
			return false, nil
		}
		return false, l.failed("look for the log of a transaction", err)
	}
	if found != 1 {
		l.identity.CompareAndSwap(id, nil) // it may have been made anew
		return false, nil
	}
	at := ""
	if !e.Time.IsZero() {
		at = e.Time.Format(time.RFC3339Nano)
	}
	if _, err := exec(ctx, l.queries.append, at, e.Soft, bytea(e.Reason), bytea(e.Origin), byteaArray(e.Dependencies)); err != nil {
		return false, l.failed("append to the log of a transaction", err)
	}
	return true, nil
}

// knownIdentity returns what the log is, or nil if that cannot be found out.
func (l *Log) knownIdentity(ctx context.Context) *identity {
	if id := l.identity.Load(); id != nil {
		return id
	}
	ctx, cancel := context.WithTimeout(ctx, identityTimeout)
	defer cancel()
	id, err := readIdentity(ctx, l.pool, l.schema)
	if err != nil || id.comment == "" {
		return nil
	}
	l.identity.Store(&id)
	return &id
}

// fromPostgreSQL reports whether err is a word of a PostgreSQL server, as all its drivers
// tell it.
func fromPostgreSQL(err error) bool {
	var server interface{ SQLState() string }
	return errors.As(err, &server)
}

// bytea returns s as text that PostgreSQL reads as a bytea.
func bytea(s string) string { return `\x` + hex.EncodeToString([]byte(s)) }

// byteaArray returns names as text that PostgreSQL reads as a bytea[].
func byteaArray(names []cache.Dependency) string {
	size := 2
	for _, d := range names {
		size += len(`"\\x",`) + 2*len(d)
	}
	b := make([]byte, 0, size)
	b = append(b, '{')
	for i, d := range names {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `"\\x`...)
		b = hex.AppendEncode(b, []byte(d))
		b = append(b, '"')
	}
	return string(append(b, '}'))
}
