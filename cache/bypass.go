package cache

import "context"

type bypassKey struct{}

// WithBypass returns a context in which nothing is read from the cache and
// nothing is stored: inside a transaction, whose uncommitted rows must not be
// seen by others and whose writer must read its own.
func WithBypass(ctx context.Context) context.Context {
	return context.WithValue(ctx, bypassKey{}, true)
}

// Bypassed reports whether ctx comes from [WithBypass].
func Bypassed(ctx context.Context) bool {
	on, _ := ctx.Value(bypassKey{}).(bool)
	return on
}
