package cache

import "context"

type bypassKey struct{}

// WithBypass returns a context in which nothing is read from the cache and
// nothing is stored: inside a transaction, whose uncommitted rows must not be
// seen by others and whose writer must read its own.
func WithBypass(ctx context.Context) context.Context {
	return WithBypassWhile(ctx, func() bool { return true })
}

// WithBypassWhile is [WithBypass] for as long as while returns true: for code
// that learns of a transaction when it is too late for another context. while may be
// called from many goroutines at once.
func WithBypassWhile(ctx context.Context, while func() bool) context.Context {
	return context.WithValue(ctx, bypassKey{}, func() bool { return while() || Bypassed(ctx) })
}

// Bypassed reports whether ctx comes from [WithBypass], or from a
// [WithBypassWhile] that says so now.
func Bypassed(ctx context.Context) bool {
	while, ok := ctx.Value(bypassKey{}).(func() bool)
	return ok && while()
}
