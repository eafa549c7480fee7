package invalidate

import (
	"context"
	"reflect"
	"slices"
	"sync"
)

// running are the transactions whose fn runs, by the context that it was begun in,
// for those who pass that to Invalidate in place of fn's own:
//
//		err := inv.InTx(ctx, db, nil, func(_ context.Context, tx *sql.Tx) error {
//			...
//			return inv.Invalidate(ctx, p)
//		})
//
//	 1. Invalidate finds no batch in ctx, and purges
//	 2. a visitor's page is rendered from the old row, which is the committed one
//	 3. COMMIT
//	 4. nobody purges; the page stays
//
// Nothing tells whether such a call is about the transaction or about something
// that was saved beside it. So both is done: it purges at once, and is queued in
// the transaction as well. Purged too often it does no harm; an error would be
// wrong where goroutines share a context and one of them saves without a
// transaction. But it is not written to an outbox in the transaction, which may be of
// another database than that outbox, or one that is to write nothing: to fail would
// roll it back.
var running struct {
	sync.Mutex
	by map[context.Context][]*Batch
}

// during runs fn, which is that of a transaction that b is of and that was begun
// in ctx.
func during(ctx context.Context, b *Batch, fn func() error) error {
	if isOwn(ctx) {
		running.Lock()
		if running.by == nil {
			running.by = make(map[context.Context][]*Batch)
		}
		running.by[ctx] = append(running.by[ctx], b)
		running.Unlock()
		defer func() {
			running.Lock()
			defer running.Unlock()
			rest := slices.DeleteFunc(running.by[ctx], func(o *Batch) bool { return o == b })
			if running.by[ctx] = rest; len(rest) == 0 {
				delete(running.by, ctx)
			}
		}()
	}
	return fn()
}

// tellRunning queues c in the transactions that were begun in ctx itself, while
// their fn runs.
func tellRunning(ctx context.Context, c Change) {
	if !isOwn(ctx) {
		return
	}
	running.Lock()
	batches := slices.Clone(running.by[ctx])
	running.Unlock()
	for _, b := range batches {
		b.take([]*entry{{Change: c.Clone(), elsewhere: c.HasOutbox()}})
	}
}

// isOwn reports whether ctx can be compared, and is not one that the whole program
// shares.
func isOwn(ctx context.Context) bool {
	return reflect.ValueOf(ctx).Comparable() && ctx != context.Background() && ctx != context.TODO()
}
