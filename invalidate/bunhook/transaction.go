package bunhook

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/integrate"
	"github.com/uptrace/bun"
)

// A transaction is open, and is of InTx or of the application.
type transaction struct {
	// within carries the batch of the transaction.
	within atomic.Pointer[context.Context]
	// conn runs statements in it. It is nil if the application began it: bun keeps the
	// connection to itself.
	conn bun.IDB
	// unsent is whether its COMMIT is not going to be sent.
	unsent atomic.Bool
	// forget stops waiting for the end of its context.
	forget func() bool

	mu    sync.Mutex
	over  bool
	errs  []error
	marks map[string]mark // by savepoint
}

// A mark is the place that a savepoint goes back to.
type mark struct {
	batch integrate.Mark
	errs  int
}

func newTransaction() *transaction { return &transaction{marks: make(map[string]mark)} }

func (t *transaction) batch() *invalidate.Batch { return invalidate.BatchOf(*t.within.Load()) }

// in returns ctx with the batch of t.
func (t *transaction) in(ctx context.Context) context.Context {
	if invalidate.BatchOf(ctx) == t.batch() {
		return ctx
	}
	return txContext{ctx, t}
}

// fail notes an error for the end of t. It returns false if t has ended.
func (t *transaction) fail(err error) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.errs = append(t.errs, err)
	return !t.over
}

// isOver reports whether the end of t was seen.
func (t *transaction) isOver() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.over
}

// end returns the errors that were noted.
func (t *transaction) end() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
	return errors.Join(t.errs...)
}

// savepoint does to the batch what e has done to the transaction.
func (t *transaction) savepoint(e *bun.QueryEvent) {
	if e.IQuery != nil || e.Err != nil || t.within.Load() == nil {
		return
	}
	words := strings.Fields(strings.TrimRight(e.Query, "; \t\n"))
	if len(words) < 2 {
		return
	}
	verb, name := strings.ToUpper(strings.Join(words[:len(words)-1], " ")), words[len(words)-1]
	t.mu.Lock()
	defer t.mu.Unlock()
	switch verb {
	case "SAVEPOINT", "SAVE TRANSACTION":
		t.marks[name] = mark{integrate.NewMark(t.batch()), len(t.errs)}
	case "ROLLBACK TO SAVEPOINT", "ROLLBACK TO", "ROLLBACK TRANSACTION":
		if m, ok := t.marks[name]; ok {
			integrate.Rewind(t.batch(), m.batch)
			t.errs = t.errs[:min(m.errs, len(t.errs))]
		}
	}
}

// A txContext is a context with the values of another, but with the batch of a
// transaction. The batch of InTx is not known before BEGIN, whose context bun keeps.
type txContext struct {
	context.Context
	t *transaction
}

type txKey struct{}

// Value asks the transaction first.
func (c txContext) Value(key any) any {
	if key == (txKey{}) {
		return c.t
	}
	if within := c.t.within.Load(); within != nil {
		if v := (*within).Value(key); v != nil {
			return v
		}
	}
	return c.Context.Value(key)
}

// isBegin reports whether e is a BeginTx of a database, not a statement.
func isBegin(e *bun.QueryEvent) bool {
	return e.IQuery == nil && e.Query == "BEGIN" && e.Result == nil
}

// committing notes, before COMMIT, whether database/sql is going to send it. If ctx is
// done it has rolled back. Later that cannot be told from a driver that was waiting for
// the answer.
func (t *transaction) committing(ctx context.Context, e *bun.QueryEvent) {
	if t.conn == nil && e.IQuery == nil && e.Query == "COMMIT" {
		t.unsent.Store(ctx.Err() != nil)
	}
}

// committed ends the batch of a transaction whose COMMIT returned err.
func (t *transaction) committed(ctx context.Context, err error) error {
	switch b := t.batch(); {
	case err == nil:
		return b.Flush(ctx)
	case integrate.RolledBack(err), t.unsent.Load(): // the server says so, or COMMIT was not sent
		b.Discard()
		return nil
	default:
		return b.FlushUnknown(ctx)
	}
}
