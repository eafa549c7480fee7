package invalidate_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
)

// invalidatePost invalidates a post with this slug.
func invalidatePost(t *testing.T, ctx context.Context, inv *invalidate.Invalidator, slug string) {
	t.Helper()
	if err := inv.Invalidate(ctx, &Post{Slug: slug}); err != nil {
		t.Error(err)
	}
}

func flush(t *testing.T, ctx context.Context, b *invalidate.Batch) {
	t.Helper()
	if err := b.Flush(ctx); err != nil {
		t.Errorf("Flush: got %v, want nil", err)
	}
}

func TestBatchMergesIntoOneEvent(t *testing.T) {
	p := newPurger()
	inv := newBlog(p, nil)
	ctx, batch := invalidate.WithBatch(t.Context())
	invalidatePost(t, ctx, inv, "a")
	invalidatePost(t, ctx, inv, "b")
	invalidatePost(t, invalidate.WithReason(ctx, "import"), inv, "a")
	if !cache.Bypassed(ctx) {
		t.Error("the cache is not bypassed in the context of a batch")
	}
	p.Trace.Want(t)
	flush(t, t.Context(), batch)
	p.Trace.Want(t, "PURGE path:/blog/ path:/blog/a/ path:/blog/b/")
	if got, want := p.one(t).Reason, "import, invalidate_test.Post 0 saved"; got != want {
		t.Errorf("Reason: got %q, want %q", got, want)
	}
	flush(t, t.Context(), batch)
	batch.Discard()
	p.one(t)
}

// A target that one save names softly and another does not is purged.
func TestBatchOfSoftAndHard(t *testing.T) {
	p := newPurger()
	inv := newBlog(p, nil)
	invalidate.Register(inv, func(_ Author, to *invalidate.Targets) { to.Soft(); to.Path("/blog/") })
	ctx, batch := invalidate.WithBatch(t.Context())
	if err := inv.Invalidate(ctx, Author{}); err != nil {
		t.Fatal(err)
	}
	invalidatePost(t, ctx, inv, "a")
	flush(t, ctx, batch)
	if p.one(t).Soft {
		t.Error("the event is soft")
	}
}

func TestBatchReportsUnresolvedModelsAtOnce(t *testing.T) {
	p := newPurger()
	ctx, batch := invalidate.WithBatch(t.Context())
	wantError(t, newBlog(p, nil).Invalidate(ctx, 7, &Post{Slug: "a"}), "no rule for int")
	flush(t, ctx, batch)
	p.Trace.Want(t, "PURGE path:/blog/ path:/blog/a/")
}

func TestBatchEnds(t *testing.T) {
	const a, b = "PURGE path:/blog/ path:/blog/a/", "PURGE path:/blog/ path:/blog/b/"
	const both = "PURGE path:/blog/ path:/blog/a/ path:/blog/b/"
	type pair struct {
		outer, inner *invalidate.Batch
	}
	// "a" is invalidated in the outer batch, "b" in the inner one.
	tests := []struct {
		name string
		do   func(pair, context.Context)
		want []string
	}{
		{"flush, flush", func(x pair, ctx context.Context) { flush(t, ctx, x.inner); flush(t, ctx, x.outer) }, []string{both}},
		{"flush, discard", func(x pair, ctx context.Context) { flush(t, ctx, x.inner); x.outer.Discard() }, nil},
		{"discard, flush", func(x pair, ctx context.Context) { x.inner.Discard(); flush(t, ctx, x.outer) }, []string{a}},
		{"discard, discard", func(x pair, ctx context.Context) { x.inner.Discard(); x.outer.Discard() }, nil},
		{"outer flush first", func(x pair, ctx context.Context) { flush(t, ctx, x.outer); flush(t, ctx, x.inner) }, []string{a, b}},
		{"outer discard first", func(x pair, ctx context.Context) { x.outer.Discard(); flush(t, ctx, x.inner) }, nil},
		{"flush after discard", func(x pair, ctx context.Context) { x.inner.Discard(); flush(t, ctx, x.inner) }, nil},
		{"discard after flush", func(x pair, ctx context.Context) { flush(t, ctx, x.inner); x.inner.Discard(); flush(t, ctx, x.outer) }, []string{both}},
		{"never ended", func(x pair, ctx context.Context) { flush(t, ctx, x.outer) }, []string{a}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPurger()
			inv := newBlog(p, nil)
			ctx, outer := invalidate.WithBatch(t.Context())
			invalidatePost(t, ctx, inv, "a")
			in, inner := invalidate.WithBatch(ctx)
			invalidatePost(t, in, inv, "b")
			p.Trace.Want(t)
			tt.do(pair{outer, inner}, t.Context())
			p.Trace.Want(t, tt.want...)
		})
	}
}

// After a batch has ended, Invalidate queues further out, or purges at once. Nothing
// stays in a batch that nobody will flush.
func TestInvalidateAfterTheEnd(t *testing.T) {
	for name, end := range map[string]func(*testing.T, *invalidate.Batch){
		"flush":   func(t *testing.T, b *invalidate.Batch) { flush(t, t.Context(), b) },
		"discard": func(_ *testing.T, b *invalidate.Batch) { b.Discard() },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPurger()
			inv := newBlog(p, nil)
			ctx, outer := invalidate.WithBatch(t.Context())
			in, inner := invalidate.WithBatch(ctx)
			end(t, inner)
			invalidatePost(t, in, inv, "a")
			p.Trace.Want(t)
			flush(t, ctx, outer)
			p.Trace.Want(t, "PURGE path:/blog/ path:/blog/a/")
			invalidatePost(t, in, inv, "b")
			p.Trace.Want(t, "PURGE path:/blog/ path:/blog/a/", "PURGE path:/blog/ path:/blog/b/")
		})
	}
}

// Goroutines invalidate in nested batches, which others flush and discard meanwhile.
// What was queued in a batch that was flushed, or came after its end, is purged, and
// never twice by one Flush.
func TestConcurrentBatches(t *testing.T) {
	p := newPurger()
	inv := newBlog(p, nil)
	var mu sync.Mutex
	said := map[string]bool{}
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 30 {
				ctx, outer := invalidate.WithBatch(t.Context())
				var inner sync.WaitGroup
				for s := range 3 {
					inner.Go(func() {
						ctx, savepoint := invalidate.WithBatch(ctx)
						slug := fmt.Sprintf("%d-%d-%d", g, i, s)
						invalidatePost(t, ctx, inv, slug)
						if s == 2 {
							savepoint.Discard()
							return
						}
						mu.Lock()
						said["path:/blog/"+slug+"/"] = true
						mu.Unlock()
						flush(t, ctx, savepoint) // before or after the outer one
					})
				}
				flush(t, ctx, outer)
				inner.Wait()
			}
		})
	}
	wg.Wait()
	purged := map[string]bool{}
	for _, e := range p.events {
		if !slices.IsSorted(e.Dependencies) || len(slices.Compact(e.Dependencies)) != len(e.Dependencies) {
			t.Errorf("an event names something twice: %q", e.Dependencies)
		}
		for _, d := range e.Dependencies {
			purged[string(d)] = true
		}
	}
	delete(purged, "path:/blog/")
	for d := range said {
		if !purged[d] {
			t.Errorf("%s was never purged", d)
		}
	}
	for d := range purged {
		if !said[d] {
			t.Errorf("%s was purged and had been discarded", d)
		}
	}
}
