package background

import (
	"context"
	"sync"
	"sync/atomic"
)

// A Group is goroutines that end together.
type Group struct {
	mu     sync.Mutex
	closed atomic.Bool // set under mu, so that Go begins nothing after Close
	wg     sync.WaitGroup
	ctx    context.Context
	stop   context.CancelFunc
}

// NewGroup returns a Group without goroutines.
func NewGroup() *Group {
	g := new(Group)
	g.ctx, g.stop = context.WithCancel(context.Background())
	return g
}

// Context returns a context that ends with Close.
func (g *Group) Context() context.Context { return g.ctx }

// Closed reports whether Close was called.
func (g *Group) Closed() bool { return g.closed.Load() }

// Go runs f in a goroutine, and returns false if the Group is closed.
func (g *Group) Go(f func()) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed.Load() {
		return false
	}
	g.wg.Go(f)
	return true
}

// Close ends the context, and waits for the goroutines.
func (g *Group) Close() {
	g.mu.Lock()
	g.closed.Store(true)
	g.mu.Unlock()
	g.stop()
	g.wg.Wait()
}
