package rediscache

import (
	"context"
	"sync"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/panics"
)

const (
	// maxTrips is how many reads are under way at a time before others gather.
	// Fewer would have a visitor wait for somebody else's read where nobody else is
	// there; with more there is less to gather (internal/bench, case redis, 16
	// visitors on a busy machine: 0.6 of a bare GET with 1 or 2, 0.7 with 4, 0.8
	// with 8).
	maxTrips = 4

	// maxGathered bounds how many values one command asks for: Redis runs one
	// command at a time, and a page may be large.
	maxGathered = 32

	// maxGathering is how long a read waits for others to end, or half that. They
	// may be under way on connections that are dead, and end when their time is
	// over.
	maxGathering = 2 * time.Millisecond

	// farAway is how long the quickest of recent trips takes where the way is what
	// takes long, and not the work at both its ends: there is nothing to save
	// then, and a read that waits for others takes up to twice as long.
	farAway = 250 * time.Microsecond

	// recently is how long it counts, or twice that, how quick a trip was. Most
	// trips of a busy process are slow however near Redis is, and those are what
	// is to be shared; of as many as it makes in seconds some are quick.
	recently = 5 * time.Second
)

// A gatherer lets reads that would overlap share round trips:
//
//  1. up to maxTrips reads are under way, each on a connection of its own
//  2. those that come then gather, and nobody has asked for them yet
//  3. a read ends, or those that have gathered are as many as one command may
//     ask for: they are asked for, in one command
//  4. or neither comes to pass within maxGathering: each goes by itself
//
// A read that gathers is sent after it was called, so that its head is as recent
// as it must be. Under load a process spends most of what a hit in Redis costs
// on the way to the server and back, which is what is shared.
type gatherer struct {
	patience time.Duration // maxGathering, but in tests

	mu     sync.Mutex
	quick  time.Duration // how long the quickest trip took since then; 0 for none
	since  time.Time
	before time.Duration // and in the time before that
	trips  int           // under way
	next   *batch        // gathers; nil for none

	watched bool // a timer runs for those that gather
}

// A batch is what goes into one command.
type batch struct {
	keys     []string
	deadline time.Time // the latest of the reads'; zero for none
	late     bool      // has waited for half of its time, or more

	done  chan struct{}
	reads []read // in the order of keys, once done; nil if nobody asked for them

	failed error // why a trip did not end well
}

// A read is what a GetHead returns.
type read struct {
	value []byte
	ok    bool
	head  cache.Position
	err   error
}

// getHead reads by itself or together with others.
func (b *Backend) getHead(ctx context.Context, key string) read {
	g := &b.gather
	g.mu.Lock()
	if g.trips < maxTrips || g.far() {
		g.trips++
		g.mu.Unlock()
		return b.alone(ctx, key)
	}
	if g.next == nil {
		g.next = &batch{done: make(chan struct{})}
		if !g.watched {
			g.watched = true
			time.AfterFunc(g.patience/2, b.watch)
		}
	}
	n, i := g.next, len(g.next.keys)
	if n.add(ctx, key); len(n.keys) == maxGathered {
		// Left there, it might never go: reads that come now would go by
		// themselves, and there might always be some.
		g.trips++
		b.depart(n)
	}
	g.mu.Unlock()
	select {
	case <-n.done:
		switch {
		case n.failed != nil:
			return read{err: failedGet(key, n.failed)}
		case n.reads != nil:
			return n.reads[i]
		}
		g.mu.Lock()
		g.trips++
		g.mu.Unlock()
		return b.alone(ctx, key)
	case <-ctx.Done():
		return read{err: context.Cause(ctx)}
	}
}

// far reports whether the way to Redis is long. The caller holds mu.
func (g *gatherer) far() bool { return g.quick > farAway && (g.before == 0 || g.before > farAway) }

// took takes note of how long a trip took. The caller holds mu.
func (g *gatherer) took(d time.Duration, now time.Time) {
	if now.Sub(g.since) > recently {
		g.before, g.quick, g.since = g.quick, d, now
	}
	g.quick = min(g.quick, d)
}

// alone makes a trip, which is counted already, for one read.
func (b *Backend) alone(ctx context.Context, key string) read {
	defer b.land(time.Now())
	var r [1]read
	b.readHeads(ctx, r[:], key)
	return r[0]
}

func (n *batch) add(ctx context.Context, key string) {
	deadline, ok := ctx.Deadline()
	switch {
	case !ok:
		deadline = time.Time{}
	case len(n.keys) > 0 && (n.deadline.IsZero() || n.deadline.After(deadline)):
		deadline = n.deadline
	}
	n.deadline = deadline
	n.keys = append(n.keys, key)
}

// land ends a trip. Reads that have gathered meanwhile go next.
func (b *Backend) land(began time.Time) {
	now := time.Now()
	g := &b.gather
	g.mu.Lock()
	defer g.mu.Unlock()
	g.took(now.Sub(began), now)
	if g.next == nil || g.trips > maxTrips {
		g.trips--
		return
	}
	b.depart(g.next)
}

// watch has the reads of a batch that has waited for too long go each by itself.
// It may be that the next connection is dead, too: that is found out by one of
// them. A timer for each batch would cost a twentieth of a hit.
func (b *Backend) watch() {
	g := &b.gather
	g.mu.Lock()
	defer g.mu.Unlock()
	switch n := g.next; {
	case n == nil:
		g.watched = false
		return
	case n.late:
		g.next = nil
		close(n.done)
	default:
		n.late = true
	}
	time.AfterFunc(g.patience/2, b.watch)
}

// depart sends n, which gathers no more, on a trip that is counted already. The
// caller holds mu.
func (b *Backend) depart(n *batch) {
	b.gather.next = nil
	go b.fly(n)
}

// fly makes a trip for all reads of n.
func (b *Backend) fly(n *batch) {
	defer b.land(time.Now())
	defer close(n.done)
	failed := panics.ErrExit
	defer func() { n.failed = failed }()
	defer panics.Catch(&failed) // hooks of the client panic, or what reads replies
	n.reads = make([]read, len(n.keys))
	// No caller's context: a caller that gives up takes nothing from the others,
	// and the values in its context may be in use again by then.
	ctx := context.Background()
	if !n.deadline.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, n.deadline)
		defer cancel()
	}
	b.readHeads(ctx, n.reads, n.keys...)
	failed = nil
}
