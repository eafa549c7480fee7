package connector

import (
	"context"
	"strings"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/integrate"
)

// A transaction is open on a connection, and was begun in a context that carries a
// batch.
type transaction struct {
	ctx   context.Context // of BEGIN
	batch *invalidate.Batch
	marks []mark

	// bySavepoint is whether a savepoint began it, as in SQLite. Then the savepoint's
	// release commits it.
	bySavepoint bool
	// readOnly is whether it was begun to write nothing.
	readOnly bool
	// unsure is whether some of it may have been committed.
	unsure bool
}

type mark struct {
	name string
	at   integrate.Mark
}

// answered is called when COMMIT was answered with err: nil, or one that says that it
// has rolled back. What cannot be purged stays in the context's batch, and Observe was
// told.
func (t *transaction) answered(err error) {
	if err != nil {
		t.batch.Discard()
		return
	}
	_ = t.batch.Flush(t.ctx)
}

// drop is called when the transaction was rolled back.
func (t *transaction) drop() {
	if t.unsure {
		_ = t.batch.FlushUnknown(t.ctx)
		return
	}
	t.batch.Discard()
}

func (t *transaction) set(name string) {
	t.marks = append(t.marks, mark{name, integrate.NewMark(t.batch)})
}

// find returns the index of the savepoint with that name. It returns -1 if it cannot
// tell: "A" and a are one name in MySQL and SQLite, and two in PostgreSQL.
func (t *transaction) find(name string) int {
	for i := len(t.marks) - 1; i >= 0; i-- {
		if strings.EqualFold(t.marks[i].name, name) {
			if t.marks[i].name != name {
				return -1
			}
			return i
		}
	}
	return -1
}

func (t *transaction) rewind(name string) {
	i := t.find(name)
	if i < 0 {
		integrate.Rewind(t.batch, integrate.Mark{})
		return
	}
	integrate.Rewind(t.batch, t.marks[i].at)
	t.marks = t.marks[:i+1]
}
