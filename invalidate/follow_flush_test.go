package invalidate_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/integrate"
)

// What could not be purged after a COMMIT is purged by the next Flush of the outer
// batch, even if that was discarded.
func TestFlushRetriesTransactions(t *testing.T) {
	for name, with := range map[string]func(context.Context) (context.Context, *invalidate.Batch){
		"Follow": invalidate.Follow, "WithBatch": invalidate.WithBatch,
	} {
		for _, end := range []string{"Flush", "Discard"} {
			t.Run(name+" "+end, func(t *testing.T) {
				p := newPurger()
				inv := newBlog(p, nil)
				outerCtx, outer := invalidate.WithBatch(t.Context())
				ctx, batch := with(outerCtx)
				p.err = errors.New("refused")
				for _, slug := range []string{"a", "b"} {
					tx := integrate.Begin(ctx)
					invalidatePost(t, ctx, inv, slug)
					if err := tx.Flush(ctx); len(invalidate.Unpurged(err)) != 1 {
						t.Errorf("Flush of the transaction: got %v, want an error", err)
					}
				}
				if end == "Discard" {
					batch.Discard()
					outer.Discard()
				}
				if err := batch.Flush(ctx); !errors.Is(err, p.err) {
					t.Errorf("Flush: got %v, want %v", err, p.err)
				}
				p.err = nil
				flush(t, ctx, batch) // though it is a part of another
				const both = "PURGE path:/blog/ path:/blog/a/ path:/blog/b/"
				p.Want(t, purgeA, purgeB, both, both)
				flush(t, ctx, batch)
				p.Want(t, purgeA, purgeB, both, both)
				flush(t, ctx, outer)
				if name == "WithBatch" && end == "Flush" { // it queued them, too
					p.Want(t, purgeA, purgeB, both, both, both)
				} else {
					p.Want(t, purgeA, purgeB, both, both)
				}
			})
		}
	}
}

// Many transactions begin in one context, and some are rolled back, while others save.
// What was invalidated in one that committed is purged after its COMMIT.
func TestConcurrentTransactions(t *testing.T) {
	p := newPurger()
	inv := newBlog(p, nil)
	ctx, _ := invalidate.Follow(t.Context())
	var mu sync.Mutex
	committed := map[string]int{} // how many events there were at its COMMIT
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 50 {
				slug := fmt.Sprintf("%d-%d", g, i)
				tx := integrate.Begin(ctx)
				invalidatePost(t, ctx, inv, slug)
				if i%3 == 0 {
					tx.Discard()
					continue
				}
				p.mu.Lock()
				n := len(p.events)
				p.mu.Unlock()
				mu.Lock()
				committed[slug] = n
				mu.Unlock()
				flush(t, ctx, tx)
			}
		})
	}
	wg.Wait()
	if cache.Bypassed(ctx) {
		t.Error("the cache is bypassed though all transactions are over")
	}
	last := map[string]int{}
	for i, e := range p.events {
		for _, d := range e.Dependencies {
			last[string(d)] = i
		}
	}
	for slug, at := range committed {
		if got, ok := last["path:/blog/"+slug+"/"]; !ok || got < at {
			t.Errorf("%s was last purged by event %d (%v), and committed after %d", slug, got, ok, at)
		}
	}
}

// What one of two has enqueued, and rolled back, the other enqueues, too.
func TestEnqueueOneOfTwo(t *testing.T) {
	x, _ := newOutboxTest(t)
	ctx, _ := invalidate.Follow(t.Context())
	one, other := integrate.Begin(ctx), integrate.Begin(ctx)
	invalidatePost(t, ctx, x.inv, "a")
	for _, tx := range []*invalidate.Batch{one, other} {
		if err := tx.Enqueue(ctx, x.db); err != nil {
			t.Error(err)
		}
	}
	one.Discard()
	flush(t, ctx, other)
	x.Want(t, enqueueA, enqueueA, purgeA, "PURGED #2")
}
