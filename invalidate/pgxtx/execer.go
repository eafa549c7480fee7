package pgxtx

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/uncache/uncache/invalidate"
)

// Execer returns x, a pgx.Tx for instance, as an Execer that an outbox is written by,
// in statements of PostgreSQL. It is for a transaction in a batch
// ([invalidate.WithBatch]) that neither [InTx] nor [invalidate.Batch.Commit] can end.
func Execer(x interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}) invalidate.Execer {
	return execer{x.Exec}
}

type execer struct {
	exec func(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

func (x execer) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	tag, err := x.exec(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return result(tag.RowsAffected()), nil
}

type result int64

func (r result) RowsAffected() (int64, error) { return int64(r), nil }
func (result) LastInsertId() (int64, error) {
	return 0, errors.New("pgxtx: PostgreSQL has no last insert ID: use RETURNING")
}
