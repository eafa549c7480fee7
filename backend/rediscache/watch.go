package rediscache

import (
	"context"
	"time"
)

const (
	// tick is how often reads are looked after that wait. A timer for each of them,
	// or for each batch, would cost a twentieth of a hit.
	tick = maxGathering / 2

	// A trip that takes so many times as long as reads gather, beside what the way
	// takes, is overdue. The next one has four times as long, for a slow server must not
	// have its reads sent again and again.
	overdue = 3

	// maxAgains bounds that.
	maxAgains = 8
)

// startWatch has those looked after that wait. The caller holds mu.
func (g *gatherer) startWatch(b *Backend) {
	if g.watched {
		return
	}
	g.watched = true
	if g.timer == nil {
		g.timer = time.AfterFunc(tick, b.watch)
	} else {
		g.timer.Reset(tick)
	}
}

// watch looks after the reads that wait for others, as long as there are any:
//
//   - one whose context is done returns
//   - where no trip ends, one of those that have gathered goes by itself, then two more,
//     then four. It may be that the connection of each is dead, too. The first that gets
//     an answer takes all the others along
//   - reads of a trip that is overdue gather again, but for its leader
//
// So a dead connection costs one visitor, and a pool that is cold or dead is not asked
// for a connection for each of them.
func (b *Backend) watch() {
	g := &b.gather
	g.mu.Lock()
	defer g.mu.Unlock()
	waits, now := false, time.Now()
	if n := g.next; n != nil {
		for i := len(n.reads) - 1; i >= 0; i-- {
			if n.reads[i] != n.leader && n.reads[i].giveUp() {
				n.remove(i)
			}
		}
		if n.since.IsZero() {
			n.since = now
		}
		if n.leader == nil {
			g.probe(n, now)
		}
		waits = g.next != nil
	}
	kept := g.flying[:0]
	for _, n := range g.flying {
		if now.Sub(n.since) > (overdue*g.patience+3*g.quick)<<(2*n.agains) {
			g.again(n)
			continue
		}
		for _, r := range n.reads {
			if r != n.leader && r.batch == n {
				r.giveUp()
			}
		}
		kept = append(kept, n)
	}
	clear(g.flying[len(kept):])
	g.flying = kept
	if g.watched = waits || len(g.flying) > 0 || g.next != nil; g.watched {
		g.timer.Reset(tick)
	}
}

// giveUp has r return if its context is done. The caller holds mu.
func (r *read) giveUp() bool {
	if r.ctx.Err() == nil {
		return false
	}
	r.batch, r.err = nil, context.Cause(r.ctx)
	r.told <- orderReturn
	return true
}

// late reports whether n has gathered for too long. The caller holds mu.
func (g *gatherer) late(n *batch, now time.Time) bool {
	return n.probes > 0 || !n.since.IsZero() && now.Sub(n.since) >= g.patience/2
}

// probe sends some of the reads of n, each by itself, if n is late. The caller holds mu.
func (g *gatherer) probe(n *batch, now time.Time) {
	for i := n.probes + 1; i > 0 && g.late(n, now) && len(n.reads) > 0; i-- {
		ahead := newBatch()
		ahead.add(n.reads[0], n.keys[0])
		n.remove(0)
		n.probes++
		g.send(ahead)
	}
	if len(n.reads) == 0 {
		g.next = nil
	}
}

// again has the reads of a trip gather once more. They may be sent at the next tick, but
// not all at once, since the next connection may be dead, too. The caller holds mu.
func (g *gatherer) again(n *batch) {
	for i, r := range n.reads {
		if r == n.leader || r.batch != n || r.giveUp() {
			continue
		}
		next := g.next
		if next == nil {
			next = newBatch()
			g.next = next
		} else if next.leader != nil && !r.endsWith(next.leader) {
			next = newBatch()
		}
		next.add(r, n.keys[i])
		next.since = n.since
		next.agains = min(max(next.agains, n.agains+1), maxAgains)
		switch {
		case next != g.next, next.leader == nil && len(next.reads) == maxGathered:
			g.send(next)
		case len(next.reads) == maxGathered:
			g.next = nil
		}
	}
}

// send has n make a trip beside those that are under way. The caller holds mu.
func (g *gatherer) send(n *batch) {
	if g.next == n {
		g.next = nil
	}
	g.trips++
	n.elect()
}
