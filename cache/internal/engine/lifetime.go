package engine

import (
	"context"
	"sync"
	"sync/atomic"
)

// A lifetime is the time from New to Close. A Cache's goroutines run in it: Close
// waits for all of them, and none starts afterwards.
type lifetime struct {
	mu         sync.Mutex  // held while a goroutine starts
	closed     atomic.Bool // set under mu
	ctx        context.Context
	cancel     context.CancelFunc
	goroutines sync.WaitGroup
}

func (l *lifetime) begin() { l.ctx, l.cancel = context.WithCancel(context.Background()) }

// start runs f in a goroutine, unless the lifetime is over. It reports whether it
// does.
func (l *lifetime) start(f func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed.Load() {
		return false
	}
	l.goroutines.Go(f)
	return true
}

// end ends the lifetime and waits for its goroutines.
func (l *lifetime) end() {
	l.mu.Lock()
	l.closed.Store(true)
	l.mu.Unlock()
	l.cancel()
	l.goroutines.Wait()
}
