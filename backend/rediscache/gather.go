package rediscache

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/uncache/uncache/cache"
)

const (
	// maxTrips is how many trips are under way at a time before reads gather. Fewer
	// would have a visitor wait for somebody else's trip where hardly anybody else is
	// there. With more there is less to gather.
	maxTrips = 4

	// maxGathered bounds how many values one command asks for: Redis runs one
	// command at a time, and a page may be large.
	maxGathered = 32

	// maxGathering is about how long reads wait for a trip to end. Trips may be
	// under way on connections that are dead, and end when their time is over.
	maxGathering = 2 * time.Millisecond

	// farAway is how long the quickest of recent trips takes where the distance is
	// what takes long, and not the work at both ends. A read that waits for the trips
	// of others would take up to twice as long there, so it does not wait.
	farAway = 250 * time.Microsecond

	// recently is how long it counts, or twice that, how quick a trip was. Most
	// trips of a busy process are slow however near Redis is, and those are what
	// is to be shared. Among those of some seconds there is a quick one.
	recently = 5 * time.Second

	// deadlineSlack is how much later than its leader a read may have to end that
	// joins a batch with a leader: the leader waits that much longer.
	deadlineSlack = 5 * time.Millisecond
)

// A gatherer lets reads that overlap share round trips:
//
//  1. a read comes, and fewer than maxTrips are under way: it leads a batch
//  2. if the process is busy it lets other goroutines run first; their reads join
//  3. it asks for the whole batch in one command
//  4. reads that come while maxTrips are under way gather in a batch without a leader
//  5. a trip ends: a read of that batch leads it. It starts again at 2
//  6. or none ends within maxGathering: see watch
//
// A batch is sent after each of its reads was called, so its head is as recent as it
// must be. A trip is made by the goroutine of the read that leads it. So there is
// nothing to start and nothing to close.
//
// Under load a process spends most of what a hit in Redis costs on the way to the
// server and back, which is what is shared.
type gatherer struct {
	patience time.Duration // maxGathering, but in tests

	mu     sync.Mutex
	quick  time.Duration // how long the quickest trip took since then; 0 for none
	since  time.Time
	before time.Duration // and in the time before that
	trips  int           // under way, or about to be
	last   int           // how many reads the last trip was for
	next   *batch        // what reads join; nil for none
	flying []*batch      // under way, for several reads

	watched bool // the timer runs
	timer   *time.Timer

	reads sync.Pool // of *read, to be used again. Not shared: mu protects them
}

// A batch is what goes into one command.
type batch struct {
	reads  []*read
	keys   []string  // of the reads
	leader *read     // nil while it waits for a trip to end
	since  time.Time // of its trip, or of the first tick that saw it wait
	probes int       // how many of its reads were sent ahead, see watch
	agains int       // how often some of its reads have gathered again

	roomForReads [4]*read
	roomForKeys  [4]string
}

// A read is one GetHead.
type read struct {
	ctx      context.Context
	deadline time.Time  // of ctx; zero for none
	batch    *batch     // what it waits for; nil if it has its answer. Under mu.
	told     chan order // to a read that does not lead

	value []byte
	ok    bool
	head  cache.Position
	err   error
}

// An order is what a waiting read is told, once.
type order uint8

const (
	orderReturn order = iota // the answer is there
	orderLead                // it leads its batch
)

// getHead reads a value and the head by itself or together with others.
func (b *Backend) getHead(ctx context.Context, key string) (value []byte, ok bool, head cache.Position, err error) {
	r, _ := b.gather.reads.Get().(*read)
	if r == nil {
		r = &read{told: make(chan order, 1)}
	}
	r.ctx = ctx
	r.deadline, _ = ctx.Deadline()
	n, leads, yields := b.gather.enter(b, r, key)
	if !leads && <-r.told == orderLead {
		n, leads, yields = r.batch, true, true // nobody else changes the batch of a leader
	}
	if leads {
		if yields {
			runtime.Gosched()
		}
		b.lead(n)
	}
	value, ok, head, err = r.value, r.ok, r.head, r.err
	// told and batch stay: a batch that r has left may still look at them.
	r.ctx, r.value, r.ok, r.head, r.err = nil, nil, false, 0, nil
	b.gather.reads.Put(r)
	if err != nil {
		return nil, false, 0, failedGet(key, err)
	}
	return value, ok, head, nil
}

// enter puts r into a batch. leads says that r leads it, and yields that it should let
// others join first.
func (g *gatherer) enter(b *Backend, r *read, key string) (n *batch, leads, yields bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	n = g.next
	switch {
	case n == nil:
		n = newBatch()
		g.next = n
	case n.leader != nil && !r.endsWith(n.leader):
		n = newBatch()
		n.leader = r
	}
	n.add(r, key)
	if n.leader == nil && (g.free() || len(n.reads) == maxGathered) {
		// A full batch is not left there: reads that come now would make trips of
		// their own, and there might always be some.
		n.leader = r
	}
	if leads = n.leader == r; leads {
		yields = g.last > 1 || g.trips > 0
		g.trips++
	} else {
		g.startWatch(b)
	}
	if g.next == n && (len(n.reads) == maxGathered || leads && !yields) {
		g.next = nil
	}
	return n, leads, yields
}

// endsWith reports whether r may join a batch that l leads.
func (r *read) endsWith(l *read) bool {
	return l.deadline.IsZero() || !r.deadline.IsZero() && r.deadline.Sub(l.deadline) <= deadlineSlack
}

// free reports whether a batch need not wait for a trip to end. The caller holds mu.
func (g *gatherer) free() bool { return g.trips < maxTrips || g.far() }

// far reports whether the way to Redis is long. The caller holds mu.
func (g *gatherer) far() bool { return g.quick > farAway && (g.before == 0 || g.before > farAway) }

// took takes note of how long a trip took. The caller holds mu.
func (g *gatherer) took(d time.Duration, now time.Time) {
	if now.Sub(g.since) > recently {
		g.before, g.quick, g.since = g.quick, d, now
	}
	g.quick = min(g.quick, d)
}

func newBatch() *batch {
	n := &batch{}
	n.reads, n.keys = n.roomForReads[:0], n.roomForKeys[:0]
	return n
}

func (n *batch) add(r *read, key string) {
	r.batch = n
	n.reads, n.keys = append(n.reads, r), append(n.keys, key)
}

// remove removes read number i.
func (n *batch) remove(i int) {
	n.reads = append(n.reads[:i], n.reads[i+1:]...)
	n.keys = append(n.keys[:i], n.keys[i+1:]...)
}

// elect has the read lead that may wait longest, so that it waits for nobody else.
func (n *batch) elect() {
	l := n.reads[0]
	for _, r := range n.reads[1:] {
		if !l.deadline.IsZero() && (r.deadline.IsZero() || r.deadline.After(l.deadline)) {
			l = r
		}
	}
	n.leader = l
	l.told <- orderLead
}
