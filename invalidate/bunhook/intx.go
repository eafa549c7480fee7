package bunhook

import (
	"context"
	"database/sql"

	"github.com/uptrace/bun"
)

// An enqueuing is a transaction whose statements go to database/sql: an outbox's have
// the placeholders of the database ($1), where bun has its own (?) and sends no
// arguments.
type enqueuing struct{ bun.Tx }

func (t enqueuing) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return t.Tx.Tx.ExecContext(ctx, query, args...)
}

// A txHook is the hook of one transaction of InTx.
type txHook struct {
	h *Hook
	t *transaction
}

func (x txHook) BeforeQuery(ctx context.Context, e *bun.QueryEvent) context.Context {
	if isBegin(e) {
		return txContext{ctx, x.t}
	}
	return x.h.before(ctx, e, x.t)
}

func (x txHook) AfterQuery(ctx context.Context, e *bun.QueryEvent) {
	x.t.savepoint(e)
	x.h.after(ctx, e)
}
