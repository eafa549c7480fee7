package integrate_test

import (
	"context"
	"testing"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/integrate"
)

func TestGathers(t *testing.T) {
	want := func(ctx context.Context, want bool, what string) {
		t.Helper()
		if got := integrate.Gathers(ctx); got != want {
			t.Errorf("%s: Gathers is %v, want %v", what, got, want)
		}
	}
	want(t.Context(), false, "no batch")
	ctx, batch := invalidate.WithBatch(t.Context())
	part, inner := invalidate.WithBatch(ctx)
	want(ctx, true, "a batch")
	inner.Discard()
	want(part, true, "a part that has ended")
	batch.Discard()
	want(part, false, "all has ended")
	ctx, _ = invalidate.Follow(t.Context())
	want(ctx, false, "no transaction")
	tx := integrate.Begin(ctx)
	want(ctx, true, "a transaction")
	tx.Discard()
	want(ctx, false, "none any more")
}
