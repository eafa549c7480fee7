package batch

import (
	"context"
	"reflect"
	"slices"
	"sync"
)

// running holds the transactions whose fn runs, by the context that each was begun in.
// It is here for callers that pass that context to Invalidate, and not fn's own:
//
//	err := inv.InTx(ctx, db, nil, func(_ context.Context, tx *sql.Tx) error {
//		...
//		return inv.Invalidate(ctx, p)
//	})
//
//	1  Invalidate finds no batch in ctx, and purges
//	2  a visitor's page is rendered from the old row, which is the committed one
//	3  COMMIT
//	4  nobody purges; the page stays
//
// Nothing leads from ctx to the batch, which is in a context derived from it. So the
// context is the key of a map, and the map is the package's.
var running struct {
	sync.Mutex
	by map[context.Context][]*Batch
}

// During runs fn, the function of a transaction that was begun in ctx. b is the
// transaction's batch.
func During(ctx context.Context, b *Batch, fn func() error) error {
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

// QueueInRunning queues a copy of c in the transactions that were begun in ctx itself,
// while their fn runs.
//
// The caller also purges c at once: c may be about the transaction or about a save beside
// it, and nothing tells which. A purge too many costs one rendering. An error would be
// wrong where goroutines share a context and one of them saves without a transaction.
//
// The copy is not written in the transaction, to an outbox or a log. The transaction may
// be of another database, or read-only. A failure would roll it back.
func QueueInRunning(ctx context.Context, c Change) {
	if !isOwn(ctx) {
		return
	}
	running.Lock()
	batches := slices.Clone(running.by[ctx])
	running.Unlock()
	for _, b := range batches {
		b.take([]*entry{{Change: c.Clone(), elsewhere: c.Writes()}})
	}
}

// isOwn reports whether ctx can be compared, and is not one that the whole program
// shares.
func isOwn(ctx context.Context) bool {
	return reflect.ValueOf(ctx).Comparable() && ctx != context.Background() && ctx != context.TODO()
}
