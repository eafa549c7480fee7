package pagecache

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/panics"
)

const (
	// maxGathering is how long the purge of an unsafe request waits for one that is
	// under way, which may hang on a dead connection. It waits for a quarter of
	// Options.PurgeTimeout if that is less.
	maxGathering = 20 * time.Millisecond

	// maxGathered bounds how many names and bytes of names are gathered.
	maxGathered      = 10_000
	maxGatheredBytes = 4 << 20

	// maxGatheredReasons is how many reasons a shared purge gives.
	maxGatheredReasons = 3
)

// A gatherer lets unsafe requests that come together share an append to the log. Anybody
// can send them, and each append is work for every process:
//
//	request A purges, and nobody else does             it appends by itself
//	B and C come while A's append is under way         they gather
//	A's append has ended, or maxGathering is over      B appends for both
//
// An event is appended after all of its requests were answered by their handlers, so it
// purges what each of them changed. None of them is answered before.
type gatherer struct {
	purge   func(ctx context.Context, e cache.Event) error
	timeout time.Duration // of a shared purge

	mu      sync.Mutex
	running int       // purges that are under way
	next    *gathered // the ones that wait; nil for none
}

// gathered are purges that will be one.
type gathered struct {
	deps    []cache.Dependency
	bytes   int
	reasons []string
	n       int           // how many purges
	turn    chan struct{} // has room for one: do not wait any longer
	done    chan struct{} // closed when err is set
	err     error
}

func newGatherer(timeout time.Duration, purge func(context.Context, cache.Event) error) *gatherer {
	return &gatherer{purge: purge, timeout: timeout}
}

// do purges e, which is bounded, perhaps together with others. It returns the error of the
// purge that had e in it, or says that ctx ended first.
func (g *gatherer) do(ctx context.Context, e cache.Event) error {
	g.mu.Lock()
	if g.running == 0 && g.next == nil {
		g.running++
		g.mu.Unlock()
		defer g.ended()
		return g.purge(ctx, e)
	}
	if g.next != nil && !g.next.hasRoomFor(e) {
		g.next.goNow()
		g.next = nil
	}
	b := g.next
	leads := b == nil
	if leads {
		b = &gathered{turn: make(chan struct{}, 1), done: make(chan struct{})}
		g.next = b
	}
	b.add(e)
	g.mu.Unlock()
	if leads {
		g.lead(ctx, b)
		return b.err
	}
	select {
	case <-b.done:
		return b.err
	case <-ctx.Done():
		return fmt.Errorf("pagecache: waiting for a purge that others share: %w", context.Cause(ctx))
	}
}

// lead waits for the turn of b, whose first request has ctx, and purges what has gathered
// by then.
func (g *gatherer) lead(ctx context.Context, b *gathered) {
	timer := time.NewTimer(min(maxGathering, g.timeout/4))
	select {
	case <-b.turn:
	case <-timer.C:
	}
	timer.Stop()
	g.mu.Lock()
	if g.next == b {
		g.next = nil
	}
	g.running++
	g.mu.Unlock()
	defer g.ended()
	defer close(b.done)
	b.err = panics.ErrExit // unless the purge returns
	if b.n > 1 {
		// Not the context of one request: it may end, or belong to the trace of one
		// visitor.
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.Background(), g.timeout)
		defer cancel()
	}
	b.err = g.purge(ctx, b.event())
}

// ended ends a purge. Those that have gathered meanwhile go next.
func (g *gatherer) ended() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running--
	if g.next != nil {
		g.next.goNow()
	}
}

func (b *gathered) goNow() {
	select {
	case b.turn <- struct{}{}:
	default:
	}
}

func (b *gathered) hasRoomFor(e cache.Event) bool {
	return len(b.deps)+len(e.Dependencies) <= maxGathered && b.bytes+size(e) <= maxGatheredBytes
}

func (b *gathered) add(e cache.Event) {
	b.n++
	b.bytes += size(e)
	b.deps = append(b.deps, e.Dependencies...)
	if len(b.reasons) < maxGatheredReasons {
		b.reasons = append(b.reasons, e.Reason)
	}
}

// event returns one event for all of b. Its reason gives the first few.
func (b *gathered) event() cache.Event {
	slices.Sort(b.deps)
	reason := strings.Join(b.reasons, "; ")
	if more := b.n - len(b.reasons); more > 0 {
		reason = fmt.Sprintf("%d unsafe requests: %s; and %d more", b.n, reason, more)
	}
	return cache.Event{Dependencies: slices.Compact(b.deps), Reason: reason}
}

func size(e cache.Event) (bytes int) {
	for _, d := range e.Dependencies {
		bytes += len(d)
	}
	return bytes
}
