package invalidate_test

import (
	"errors"
	"testing"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/integrate"
)

const (
	purgeB = "PURGE path:/blog/ path:/blog/b/"
	purgeC = "PURGE path:/blog/ path:/blog/c/"
)

func TestFollow(t *testing.T) {
	p := newPurger()
	inv := newBlog(p, nil)
	ctx, batch := invalidate.Follow(t.Context())
	if invalidate.BatchOf(ctx) != batch {
		t.Error("BatchOf: not the batch that Follow returned")
	}
	bypassed := func(want bool) {
		t.Helper()
		if got := cache.Bypassed(ctx); got != want {
			t.Errorf("the cache is bypassed: %v, want %v", got, want)
		}
	}
	invalidatePost(t, ctx, inv, "a") // in no transaction: at once
	bypassed(false)
	p.Want(t, purgeA)

	tx := integrate.Begin(ctx)
	bypassed(true)
	invalidatePost(t, ctx, inv, "b")
	p.Want(t, purgeA)
	flush(t, ctx, tx)
	bypassed(false)
	p.Want(t, purgeA, purgeB)

	tx = integrate.Begin(ctx) // another one
	invalidatePost(t, ctx, inv, "dropped")
	tx.Discard()
	bypassed(false)
	invalidatePost(t, ctx, inv, "c")
	flush(t, ctx, batch)
	p.Want(t, purgeA, purgeB, purgeC)
}

// While two transactions are open nobody knows which of them has saved what is
// invalidated.
func TestTransactionsAtOnce(t *testing.T) {
	// "a" is invalidated while one is open, "b" while both are, "c" while the other is.
	const ab, bc = "PURGE path:/blog/ path:/blog/a/ path:/blog/b/", "PURGE path:/blog/ path:/blog/b/ path:/blog/c/"
	commit := func(t *testing.T, b *invalidate.Batch) { flush(t, t.Context(), b) }
	discard := func(_ *testing.T, b *invalidate.Batch) { b.Discard() }
	tests := []struct {
		name  string
		first func(*testing.T, *invalidate.Batch)
		then  func(*testing.T, *invalidate.Batch)
		want  []string
	}{
		// "c" may be about the one that has committed.
		{"commit, commit", commit, commit, []string{ab, purgeC, bc}},
		{"commit, rollback", commit, discard, []string{ab, purgeC}},
		{"rollback, commit", discard, commit, []string{bc}},
		{"rollback, rollback", discard, discard, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPurger()
			inv := newBlog(p, nil)
			ctx, _ := invalidate.Follow(t.Context())
			one := integrate.Begin(ctx)
			invalidatePost(t, ctx, inv, "a")
			other := integrate.Begin(ctx)
			invalidatePost(t, ctx, inv, "b")
			tt.first(t, one)
			if !cache.Bypassed(ctx) {
				t.Error("the cache is not bypassed while the other is open")
			}
			invalidatePost(t, ctx, inv, "c")
			tt.then(t, other)
			p.Want(t, tt.want...)
		})
	}
}

// A savepoint of one does not drop what the other has saved.
func TestRewindOneOfTwo(t *testing.T) {
	p := newPurger()
	inv := newBlog(p, nil)
	ctx, _ := invalidate.Follow(t.Context())
	one, other := integrate.Begin(ctx), integrate.Begin(ctx)
	mark := integrate.NewMark(one)
	invalidatePost(t, ctx, inv, "a")
	integrate.Rewind(one, mark)
	flush(t, ctx, one)
	p.Want(t)
	flush(t, ctx, other)
	p.Want(t, purgeA)
}

// In a batch a transaction queues what is invalidated, and so does the batch: it may be
// about a transaction of another database.
func TestBeginInABatch(t *testing.T) {
	p := newPurger()
	inv := newBlog(p, nil)
	ctx, batch := invalidate.WithBatch(t.Context())
	invalidatePost(t, ctx, inv, "a")
	tx := integrate.Begin(ctx)
	in, savepoint := invalidate.WithBatch(ctx) // a savepoint of the transaction
	invalidatePost(t, in, inv, "b")
	flush(t, in, savepoint)
	flush(t, ctx, tx)
	p.Want(t, purgeB)
	invalidatePost(t, ctx, inv, "c")
	batch.Discard() // the batch was of no transaction
	p.Want(t, purgeB)

	late := integrate.Begin(ctx) // after the batch has ended, its context is still in use
	invalidatePost(t, ctx, inv, "a")
	p.Want(t, purgeB)
	flush(t, ctx, late)
	p.Want(t, purgeB, purgeA)
}

// What is invalidated while a transaction is open in a batch is not lost with the
// transaction: it may be about another database, which the batch is of.
func TestRollbackInABatch(t *testing.T) {
	p := newPurger()
	inv := newBlog(p, nil)
	ctx, batch := invalidate.WithBatch(t.Context())
	tx := integrate.Begin(ctx)
	invalidatePost(t, ctx, inv, "a")
	tx.Discard()
	p.Want(t)
	flush(t, ctx, batch)
	p.Want(t, purgeA)
}

// What was saved outside of the open transaction is purged, whatever becomes of that.
func TestOutside(t *testing.T) {
	for _, end := range []func(*invalidate.Batch){(*invalidate.Batch).Discard, func(b *invalidate.Batch) { flush(t, t.Context(), b) }} {
		p := newPurger()
		inv := newBlog(p, nil)
		outer, _ := invalidate.Follow(t.Context())
		ctx, part := invalidate.WithBatch(outer)
		integrate.Outside(ctx) // without effect: no transaction is open
		tx := integrate.Begin(outer)
		invalidatePost(t, outer, inv, "b")
		p.Want(t)
		integrate.Outside(ctx)
		invalidatePost(t, outer, inv, "a")
		p.Want(t, purgeA)
		end(tx)
		if n := len(p.events); n > 2 {
			t.Errorf("%d events, want at most 2", n)
		}
		p.events = nil
		p.Reset()
		tx = integrate.Begin(outer) // it stands alone again
		invalidatePost(t, outer, inv, "c")
		tx.Discard()
		p.Want(t)
		part.Discard()
	}
	integrate.Outside(t.Context()) // which carries no batch
}

// A read-only transaction takes no changes away from others, and writes nothing.
func TestBeginReadOnly(t *testing.T) {
	x, _ := newOutboxTest(t)
	ctx, _ := invalidate.Follow(t.Context())
	reader := integrate.BeginReadOnly(ctx)
	if !cache.Bypassed(ctx) {
		t.Error("the cache is not bypassed in a transaction that reads")
	}
	invalidatePost(t, ctx, x.inv, "a")
	x.Want(t, purgeA)
	tx := integrate.Begin(ctx)
	invalidatePost(t, ctx, x.inv, "b")
	x.Want(t, purgeA)
	if err := errors.Join(reader.Enqueue(ctx, x.db), reader.Flush(ctx)); err != nil { // purged in vain
		t.Error(err)
	}
	invalidatePost(t, ctx, x.inv, "d") // about the other one, since the reader has saved nothing
	tx.Discard()
	invalidatePost(t, ctx, x.inv, "c")
	x.Want(t, purgeA, "PURGE path:/blog/ path:/blog/a/ path:/blog/b/", purgeC)
}
