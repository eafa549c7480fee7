package bunhook

import (
	"context"
	"database/sql"
	"errors"

	"github.com/uncache/uncache/invalidate/integrate"
	"github.com/uptrace/bun"
)

// begin returns the context that bun keeps for a transaction of the application. COMMIT
// is seen in it.
func (h *Hook) begin(ctx context.Context) context.Context {
	t := newTransaction()
	within := integrate.WithBatch(context.Background(), integrate.NewBatch(ctx))
	t.within.Store(&within)
	return txContext{ctx, t}
}

// control follows a transaction of the application from BEGIN to its end.
func (h *Hook) control(ctx context.Context, e *bun.QueryEvent) {
	t, _ := ctx.Value(txKey{}).(*transaction)
	if t == nil || t.conn != nil || e.IQuery != nil {
		return
	}
	// The events of BeginTx, Commit and Rollback have no Result. A statement with the
	// same text has one.
	switch {
	case e.Result != nil:
		t.savepoint(e)
	case e.Query == "BEGIN" && e.Err == nil:
		h.opened(ctx, t)
	case e.Query == "COMMIT":
		h.closed(t)
		if err := errors.Join(t.end(), t.committed(ctx, e.Err)); err != nil {
			h.opts.Failed(ctx, err)
		}
	case e.Query == "ROLLBACK":
		h.closed(t)
		over := t.isOver()
		t.end()
		if over || e.Err != sql.ErrTxDone || ctx.Err() != nil {
			t.batch().Discard()
			return
		}
		// It was ended in a way that bun does not know.
		if err := t.batch().FlushUnknown(ctx); err != nil {
			h.opts.Failed(ctx, err)
		}
	}
}

func (h *Hook) opened(ctx context.Context, t *transaction) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.open[t] = struct{}{}
	// database/sql rolls back when ctx is done, without an event.
	t.forget = context.AfterFunc(ctx, func() { h.closed(t) })
}

func (h *Hook) closed(t *transaction) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.open, t)
	if t.forget != nil {
		t.forget()
	}
}

// suspects returns the open transactions of the application. A statement that does not
// say to which it belongs may be of any of them.
func (h *Hook) suspects() []*transaction {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []*transaction
	for t := range h.open {
		all = append(all, t)
	}
	return all
}
