package background

import "context"

type warmingKey struct{}

// Warming reports whether ctx is that of a request which a Warmer makes.
func Warming(ctx context.Context) bool {
	warming, _ := ctx.Value(warmingKey{}).(bool)
	return warming
}

func withWarming(ctx context.Context) context.Context {
	return context.WithValue(ctx, warmingKey{}, true)
}
