// Package batch holds the mechanics of a batch: what invalidate.Batch shows to
// applications, and package integrate to adapters, is one Batch of this package.
//
// A batch queues changes while it is open. It ends by Flush, which purges them, or
// by Discard, which drops them. What a change purges, and how, is up to the [Change].
//
// There are three kinds:
//
//	part             has a parent: Flush hands its changes to that
//	transaction      has an owner, on which Begin was called, and purges for itself
//	neither          stands alone; InTx uses one for a transaction of its own
package batch

import (
	"context"
	"sync"

	"github.com/uncache/uncache/cache"
)

// A Batch queues changes, and purges them when it is flushed. It is safe for
// concurrent use.
type Batch struct {
	parent *Batch // it is a part of this one
	owner  *Batch // Begin was called on this one

	flushing chan struct{} // holds a token during Flush and Enqueue

	rolledBack func() // tells the fills in whose context the batch began

	mu     sync.Mutex
	state  state
	alone  bool     // it hands nothing to its parent
	queued []*entry // in the order in which their first was queued
	owed   []*entry // of committed saves that could not be purged
	txs    []*Batch // the open transactions that Begin returned
	beside bool     // since one of them is open, a save committed outside of them

	readOnly bool // it is of a transaction that writes nothing

	marks []Mark // those that Rewind may return to
	made  int    // how many marks were made
	since int    // the index in queued of the newest mark: nothing merges across it
}

type state int

const (
	open state = iota
	flushed
	discarded
)

type contextKey struct{}

// New returns a batch that begins in ctx, and is a part of parent unless that is nil.
func New(ctx context.Context, parent *Batch) *Batch {
	return &Batch{parent: parent, flushing: make(chan struct{}, 1), rolledBack: func() { cache.RolledBack(ctx) }}
}

// NewReadOnly returns a batch for a transaction that begins in ctx and writes
// nothing: Enqueue writes nothing either.
func NewReadOnly(ctx context.Context) *Batch {
	b := New(ctx, nil)
	b.readOnly = true
	return b
}

// With returns ctx with b as its batch. The context also bypasses the cache.
func With(ctx context.Context, b *Batch) context.Context {
	return context.WithValue(cache.WithBypass(ctx), contextKey{}, b)
}

// Of returns the innermost batch that ctx carries, or nil. It may have ended.
func Of(ctx context.Context) *Batch {
	b, _ := ctx.Value(contextKey{}).(*Batch)
	return b
}

// Gathers reports whether a change in the context of b is queued. A nil b queues
// nothing.
func (b *Batch) Gathers() bool {
	for ; b != nil; b = b.parent {
		b.mu.Lock()
		gathers := b.state == open || len(b.txs) > 0
		b.mu.Unlock()
		if gathers {
			return true
		}
	}
	return false
}

// Depth is how many batches there are from the outermost to b.
func (b *Batch) Depth() int {
	n := 0
	for ; b != nil; b = b.parent {
		n++
	}
	return n
}

// ReadOnly reports whether b is of a transaction that writes nothing.
func (b *Batch) ReadOnly() bool { return b.readOnly }
