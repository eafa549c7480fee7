package cache

import "context"

type rolledBackKey struct{}

// WithRolledBack is for code that integrates a store of its own, as coherent does. It
// returns a context of the making of a value that may be stored.
// rolledBack is called when [RolledBack] is told in it, from any goroutine, and
// maybe more than once; so is what an outer context has of the kind. It is to take note
// and no more: who calls it is in the middle of a transaction, and may hold its locks.
func WithRolledBack(ctx context.Context, rolledBack func()) context.Context {
	return context.WithValue(ctx, rolledBackKey{}, func() {
		rolledBack()
		RolledBack(ctx)
	})
}

// RolledBack says that something which was saved in ctx, in a transaction or a
// part of one, has been rolled back. A value that is being made in ctx may show
// it, and nobody will ever purge what was never committed: it must not be stored.
func RolledBack(ctx context.Context) {
	if rolledBack, ok := ctx.Value(rolledBackKey{}).(func()); ok {
		rolledBack()
	}
}
