package invalidate_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/integrate"
)

// What is enqueued is not written again. What is queued later is purged without the
// outbox, or by another Enqueue.
func TestEnqueueAgain(t *testing.T) {
	x, _ := newOutboxTest(t)
	ctx, batch := invalidate.WithBatch(t.Context())
	enqueue := func(want ...string) {
		t.Helper()
		if err := batch.Enqueue(ctx, x.db); err != nil {
			t.Error(err)
		}
		x.Want(t, want...)
	}
	const enqueueB = "ENQUEUE path:/blog/ path:/blog/b/"
	enqueue()
	invalidatePost(t, ctx, x.inv, "a")
	enqueue(enqueueA)
	enqueue(enqueueA)
	invalidatePost(t, ctx, x.inv, "b")
	enqueue(enqueueA, enqueueB)
	invalidatePost(t, ctx, x.inv, "c")
	flush(t, ctx, batch)
	enqueue(enqueueA, enqueueB, purgeA, "PURGED #1", "PURGE path:/blog/ path:/blog/b/", "PURGED #2", "PURGE path:/blog/ path:/blog/c/")
}

func TestEnqueueAfterTheEnd(t *testing.T) {
	x, _ := newOutboxTest(t)
	ctx, batch := invalidate.WithBatch(t.Context())
	invalidatePost(t, ctx, x.inv, "a")
	batch.Discard()
	if err := batch.Enqueue(ctx, x.db); err != nil {
		t.Error(err)
	}
	flush(t, ctx, batch)
	x.Want(t)
}

// A part that was enqueued by itself is not enqueued again by the batch it is handed
// to, and is purged with that.
func TestEnqueueNested(t *testing.T) {
	for _, discard := range []bool{false, true} {
		x, _ := newOutboxTest(t)
		ctx, outer := invalidate.WithBatch(t.Context())
		invalidatePost(t, ctx, x.inv, "b")
		in, inner := invalidate.WithBatch(ctx)
		invalidatePost(t, in, x.inv, "a")
		if err := inner.Enqueue(in, x.db); err != nil {
			t.Error(err)
		}
		flush(t, in, inner)
		if err := outer.Enqueue(ctx, x.db); err != nil {
			t.Error(err)
		}
		const b = "path:/blog/ path:/blog/b/"
		want := []string{enqueueA, "ENQUEUE " + b}
		if discard {
			outer.Discard()
		} else {
			want = append(want, purgeA, "PURGED #1", "PURGE "+b, "PURGED #2")
		}
		flush(t, ctx, outer)
		x.Want(t, want...)
	}
}

// A part that is discarded while it is enqueued leaves nothing to purge.
func TestDiscardDuringEnqueue(t *testing.T) {
	x, _ := newOutboxTest(t)
	ctx, batch := invalidate.WithBatch(t.Context())
	invalidatePost(t, ctx, x.inv, "a")
	x.fake.At[enqueueA] = batch.Discard
	if err := batch.Enqueue(ctx, x.db); err != nil {
		t.Error(err)
	}
	flush(t, ctx, batch)
	x.Want(t, enqueueA)
}

// Goroutines save while another enqueues. Each save is purged. Its row is deleted once
// if it was enqueued, which the fake checks.
func TestConcurrentEnqueue(t *testing.T) {
	x, _ := newOutboxTest(t)
	ctx, batch := invalidate.WithBatch(t.Context())
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 25 {
				invalidatePost(t, ctx, x.inv, fmt.Sprintf("%d-%d", g, i))
				if i%10 == g {
					if err := batch.Enqueue(ctx, x.db); err != nil {
						t.Error(err)
					}
				}
				if i%5 == 0 {
					integrate.Rewind(batch, integrate.NewMark(batch)) // drops nothing, or only what another goroutine queued since
				}
			}
		})
	}
	wg.Wait()
	flush(t, context.WithoutCancel(ctx), batch)
	flush(t, ctx, batch)
	if len(x.purger.events) == 0 {
		t.Error("nothing was purged")
	}
}
