package rediscache

import (
	"context"
	"slices"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/panics"
)

// A trip is what came of asking for a batch.
type trip struct {
	values []any // strings, or nil
	head   cache.Position
	err    error
}

// lead makes a trip, which is counted already, for all reads of n.
func (b *Backend) lead(n *batch) {
	g := &b.gather
	g.mu.Lock()
	if g.next == n {
		g.next = nil // nobody joins any more
	}
	n.since = time.Now()
	latest := n.latest()
	if g.last = len(n.reads); g.last > 1 {
		g.flying = append(g.flying, n)
		g.startWatch(b)
	}
	g.mu.Unlock()

	t := trip{err: panics.ErrExit}
	defer b.land(n, &t)
	defer panics.Catch(&t.err) // hooks of the client panic, or what reads replies
	ctx, cancel := n.context(latest)
	defer cancel()
	t.values, t.head, t.err = b.readHeads(ctx, n.keys)
}

// context returns the context of n's trip. A single read has its own. Among several, a
// caller that gives up takes nothing from the others, and the values in its context may
// be in use again by then. latest is when the last of them must end; zero is no bound.
func (n *batch) context(latest time.Time) (context.Context, context.CancelFunc) {
	switch {
	case len(n.reads) == 1:
		return n.leader.ctx, func() {}
	case latest.IsZero():
		return context.Background(), func() {}
	}
	return context.WithDeadline(context.Background(), latest)
}

// latest returns when the last of n's reads must end, deadlineSlack after its leader at
// most. The caller holds mu.
func (n *batch) latest() time.Time {
	latest := n.leader.deadline
	for _, r := range n.reads {
		if !latest.IsZero() && r.deadline.After(latest) {
			latest = r.deadline
		}
	}
	return latest
}

// land ends a trip, and gives its reads their answers. What has gathered meanwhile goes
// next.
func (b *Backend) land(n *batch, t *trip) {
	now := time.Now()
	g := &b.gather
	g.mu.Lock()
	if t.err == nil {
		g.took(now.Sub(n.since), now)
	}
	if len(n.reads) > 1 {
		g.flying = slices.DeleteFunc(g.flying, func(f *batch) bool { return f == n })
	}
	answered := n.reads[:0]
	for i, r := range n.reads {
		if r.batch != n { // it was given up, or waits for another batch
			continue
		}
		r.batch = nil
		if r.head, r.err = t.head, t.err; t.err == nil {
			if text, ok := t.values[i].(string); ok {
				r.value, r.ok = bytesOf(text), true
			}
		}
		if r != n.leader {
			answered = append(answered, r)
		}
	}
	next := g.next
	if next == nil || next.leader != nil || g.trips > maxTrips && !g.late(next, now) {
		g.trips--
		next = nil
	}
	if next != nil {
		next.elect()
	}
	g.mu.Unlock()
	for _, r := range answered {
		r.told <- orderReturn
	}
}
