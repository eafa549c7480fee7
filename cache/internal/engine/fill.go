package engine

import (
	"context"
	"sync/atomic"

	"github.com/uncache/uncache/cache"
)

// A Fill makes one value. Its stamp is the position of the log that this process had
// read when the fill began; [Cache.Begin] begins one.
type Fill struct {
	Deps
	stamp      cache.Position
	rolledBack atomic.Bool
}

// newFill returns a fill with a stamp.
func newFill(stamp cache.Position) *Fill { return &Fill{stamp: stamp} }

// Stamp returns the position of the log by which f began.
func (f *Fill) Stamp() cache.Position { return f.stamp }

// restarted returns a fill with a newer stamp and f's dependencies.
func (f *Fill) restarted(stamp cache.Position) *Fill {
	next := newFill(stamp)
	next.addAll(&f.Deps)
	return next
}

// RolledBack reports whether a transaction was rolled back during the fill. The
// value may show what was never committed, so it is neither stored nor given to
// other requests.
func (f *Fill) RolledBack() bool { return f.rolledBack.Load() }

// PassTo makes outer depend on f's dependencies, because f's value becomes a part of
// outer's. A nil outer is ignored.
func (f *Fill) PassTo(outer *Fill) {
	if outer != nil {
		outer.addAll(&f.Deps)
	}
}

type fillKey struct{}

// WithFill returns a context that carries f. Values fetched with it pass their
// dependencies to f. If a transaction in it is rolled back, f's value is not stored
// ([cache.RolledBack]).
func WithFill(ctx context.Context, f *Fill) context.Context {
	ctx = cache.WithRolledBack(ctx, func() { f.rolledBack.Store(true) })
	return context.WithValue(ctx, fillKey{}, f)
}

// FillFrom returns the innermost fill that ctx carries, or nil.
func FillFrom(ctx context.Context) *Fill {
	f, _ := ctx.Value(fillKey{}).(*Fill)
	return f
}
