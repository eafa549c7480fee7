// Package alongside lets a log delete keys in the round trip of an append. Who
// appends puts the keys into the context; a log on the server that has them deletes
// them after the event, and says so. Other logs know nothing of it.
package alongside

import "context"

// Keys are those of a store.
type Keys struct {
	Names []string

	// Gone is set by the log before Append returns, if it has deleted them.
	Gone bool
}

type contextKey struct{}

// With returns a context for an Append after which k may be deleted.
func With(ctx context.Context, k *Keys) context.Context {
	return context.WithValue(ctx, contextKey{}, k)
}

// From returns the keys in ctx, or nil.
func From(ctx context.Context) *Keys {
	k, _ := ctx.Value(contextKey{}).(*Keys)
	return k
}
