package rediscache_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/backend/rediscache"
	"github.com/uncache/uncache/cache"
)

// A gate is a hook that holds up MGET until it is opened, and counts.
type gate struct {
	mu    sync.Mutex
	held  chan struct{} // nil: open
	sizes []int         // how many values each MGET asked for
	err   error         // in place of a reply
}

func (g *gate) DialHook(next redis.DialHook) redis.DialHook { return next }

func (g *gate) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if err := g.pass(ctx, cmd); err != nil {
			return err
		}
		return next(ctx, cmd)
	}
}

// ProcessPipelineHook sees reads that ask the server who it is, too.
func (g *gate) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		for _, cmd := range cmds {
			if err := g.pass(ctx, cmd); err != nil {
				return err
			}
		}
		return next(ctx, cmds)
	}
}

func (g *gate) pass(ctx context.Context, cmd redis.Cmder) error {
	if cmd.Name() != "mget" {
		return nil
	}
	n := 0 // of values
	for _, arg := range cmd.Args()[1:] {
		if arg != headKey {
			n++
		}
	}
	g.mu.Lock()
	g.sizes = append(g.sizes, n)
	held, err := g.held, g.err
	g.mu.Unlock()
	if held != nil {
		select {
		case <-held:
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	if err != nil {
		cmd.SetErr(err)
	}
	return err
}

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.held, g.sizes = make(chan struct{}), nil
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.held)
	g.held = nil
}

func (g *gate) seen() []int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]int(nil), g.sizes...)
}

// reads is how many values all MGETs together asked for.
func (g *gate) reads() (n int) {
	for _, size := range g.seen() {
		n += size
	}
	return n
}

// gathering is a backend whose trips are all under way and held up, so that what
// is read next gathers. Trips tells when those are done.
func gathering(t *testing.T, srv server) (b *rediscache.Backend, g *gate, trips *sync.WaitGroup) {
	t.Helper()
	return gatheringBy(t, newClient(t, srv.Options()))
}

// gatheringBy is gathering with a client of the caller's.
func gatheringBy(t *testing.T, rdb *redis.Client) (b *rediscache.Backend, g *gate, trips *sync.WaitGroup) {
	t.Helper()
	g = new(gate)
	rdb.AddHook(g)
	b = newBackend(t, rdb, nil)
	b.GatherFor(time.Hour)
	head := purge(t, b, "a purge")
	for i := range 64 {
		must(t, b.Set(t.Context(), fmt.Sprint("k", i), []byte(fmt.Sprint("v", i)), time.Hour))
	}
	// Connections are there: while one is dialled no head counts.
	dial(t, rdb, 2*rediscache.MaxTrips)
	if got := since(t, b, head).Head; got != head { // and the server has been asked
		t.Fatalf("the head is %d, want %d", got, head)
	}
	g.close()
	trips = new(sync.WaitGroup)
	for i := range rediscache.MaxTrips {
		trips.Go(func() {
			if v, ok, _, err := b.GetHead(context.Background(), "k0"); err != nil || !ok || string(v) != "v0" {
				t.Errorf("GetHead(k0): got %q, %v, %v; want v0", v, ok, err)
			}
		})
		// One after another: reads that come together share a trip.
		eventually(t, "a trip is under way", func() bool { return len(g.seen()) == i+1 })
	}
	return b, g, trips
}

// Reads that come while others are under way share a command, and its head is one
// that was read after they came.
func TestReadsGather(t *testing.T) { onEachServer(t, testReadsGather) }

func testReadsGather(t *testing.T, srv server) {
	b, g, trips := gathering(t, srv)
	const n = 20
	reads := make(chan string, n)
	for i := range n {
		go func() {
			key := fmt.Sprint("k", i)
			if i == n-1 {
				key = "nothing"
			}
			v, ok, head, err := b.GetHead(context.Background(), key)
			reads <- fmt.Sprintln(key, string(v), ok, head, err)
		}()
	}
	eventually(t, "reads gather", func() bool { return b.Gathered() == n })
	last := purge(t, b, "while they wait") // not a GET: passes the gate
	g.open()
	trips.Wait()
	got := make(map[string]bool)
	for range n {
		got[<-reads] = true
	}
	for i := range n - 1 {
		if want := fmt.Sprintln(fmt.Sprint("k", i), fmt.Sprint("v", i), true, last, nil); !got[want] {
			t.Errorf("no read returned %q", want)
		}
	}
	if want := fmt.Sprintln("nothing", "", false, last, nil); !got[want] {
		t.Errorf("no read returned %q", want)
	}
	if sizes := g.seen(); len(sizes) != rediscache.MaxTrips+1 || sizes[len(sizes)-1] != n {
		t.Errorf("MGETs of %v values: want %d of one, and one of %d", sizes, rediscache.MaxTrips, n)
	}
	if t.Failed() {
		t.Log(got)
	}
}

// One command asks for so many values, and does not wait for others to end then;
// who comes after that gathers anew.
func TestGatheringIsBounded(t *testing.T) { onEachServer(t, testGatheringIsBounded) }

func testGatheringIsBounded(t *testing.T, srv server) {
	b, g, trips := gathering(t, srv)
	var all sync.WaitGroup
	for i := range rediscache.MaxGathered {
		all.Go(func() { _, _, _, _ = b.GetHead(context.Background(), fmt.Sprint("k", i)) })
	}
	eventually(t, "as many as may go together go", func() bool { return len(g.seen()) == rediscache.MaxTrips+1 })
	all.Go(func() { _, _, _, _ = b.GetHead(context.Background(), "k1") })
	eventually(t, "one more gathers", func() bool { return b.Gathered() == 1 })
	g.open()
	all.Wait()
	trips.Wait()
	if sizes := g.seen(); len(sizes) != rediscache.MaxTrips+2 || sizes[len(sizes)-2] != rediscache.MaxGathered || sizes[len(sizes)-1] != 1 {
		t.Errorf("MGETs of %v values: want one of %d, and at last one of 1", sizes, rediscache.MaxGathered)
	}
	// All have landed: the next ones go by themselves again.
	g.close()
	for range rediscache.MaxTrips {
		all.Go(func() { _, _, _, _ = b.GetHead(context.Background(), "k1") })
	}
	eventually(t, "trips are free again", func() bool { return g.reads() == rediscache.MaxTrips })
	g.open()
	all.Wait()
}

// A caller that gives up takes nothing from the others. A trip that takes too long
// ends with the latest of its reads.
func TestGatheredReadsGiveUp(t *testing.T) { onEachServer(t, testGatheredReadsGiveUp) }

func testGatheredReadsGiveUp(t *testing.T, srv server) {
	b, g, trips := gathering(t, srv)
	type giver struct{}
	first, giveUp := context.WithCancelCause(context.WithValue(t.Context(), giver{}, "first"))
	gone := make(chan error, 1)
	go func() {
		_, _, _, err := b.GetHead(first, "k1")
		gone <- err
	}()
	eventually(t, "one gathers", func() bool { return b.Gathered() == 1 })
	stays := make(chan string, 1)
	go func() {
		v, _, _, err := b.GetHead(t.Context(), "k2")
		stays <- fmt.Sprint(string(v), err)
	}()
	eventually(t, "another gathers", func() bool { return b.Gathered() == 2 })
	why := errors.New("the visitor has gone")
	giveUp(why)
	if err := <-gone; !errors.Is(err, why) {
		t.Errorf("who gave up: got %v, want %v", err, why)
	}
	g.open()
	trips.Wait()
	if got := <-stays; got != "v2<nil>" {
		t.Errorf("who stayed: got %s, want v2", got)
	}
}

func TestGatheredReadsRunOutOfTime(t *testing.T) { onEachServer(t, testGatheredReadsRunOutOfTime) }

func testGatheredReadsRunOutOfTime(t *testing.T, srv server) {
	b, g, trips := gathering(t, srv)
	ends := make(chan error, 2)
	for _, d := range []time.Duration{20 * time.Millisecond, 80 * time.Millisecond} {
		ctx := within(t, d)
		go func() {
			_, _, _, err := b.GetHead(ctx, "k1")
			ends <- err
		}()
	}
	for range 2 {
		if err := <-ends; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
	}
	g.open()
	trips.Wait()
	if _, ok, _, err := b.GetHead(t.Context(), "k1"); err != nil || !ok {
		t.Errorf("after that: got %v, %v; want a value", ok, err)
	}
}

// What fails fails for all who share it, each with its own key.
func TestGatheredReadsFail(t *testing.T) { onEachServer(t, testGatheredReadsFail) }

func testGatheredReadsFail(t *testing.T, srv server) {
	b, g, trips := gathering(t, srv)
	refused := errors.New("refused")
	errs := make(chan error, 2)
	for i := range 2 {
		go func() {
			_, _, head, err := b.GetHead(context.Background(), fmt.Sprint("k", i))
			if head != 0 {
				err = fmt.Errorf("head %d with %w", head, err)
			}
			errs <- err
		}()
	}
	eventually(t, "reads gather", func() bool { return b.Gathered() == 2 })
	g.mu.Lock()
	g.err = refused
	g.mu.Unlock()
	g.open()
	trips.Wait()
	var all []string
	for range 2 {
		err := <-errs
		if !errors.Is(err, refused) {
			t.Errorf("got %v, want %v", err, refused)
		}
		all = append(all, fmt.Sprint(err))
	}
	for _, key := range []string{`get "k0"`, `get "k1"`} {
		if !strings.Contains(strings.Join(all, "\n"), key) {
			t.Errorf("no error names %s: %q", key, all)
		}
	}
}

// A head that was read for several is that of none who came later: raced.
func TestGatheredHeadsAreRecent(t *testing.T) { onEachServer(t, testGatheredHeadsAreRecent) }

func testGatheredHeadsAreRecent(t *testing.T, srv server) {
	b, _ := process(t, srv)
	must(t, b.Set(t.Context(), "k", []byte("v"), 0))
	var mu sync.Mutex
	var last cache.Position // of a purge that has returned
	stop := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		defer close(stop)
		for range 300 {
			p := purge(t, b, "again")
			mu.Lock()
			last = p
			mu.Unlock()
		}
	})
	for range 24 {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				mu.Lock()
				want := last
				mu.Unlock()
				_, _, head, err := b.GetHead(context.Background(), "k")
				if err != nil || head != 0 && head < want {
					t.Errorf("got head %d, %v; a purge at %d had returned before", head, err, want)
					return
				}
			}
		})
	}
	all.Wait()
}

// Of the reads that overlap, one asks whose history the data is in. The others rely on
// its answer.
func TestOneReadAsksForAll(t *testing.T) { onEachServer(t, testOneReadAsksForAll) }

func testOneReadAsksForAll(t *testing.T, srv server) {
	writer, _ := process(t, srv)
	head := purge(t, writer, "a purge")
	for range 3 {
		rdb := newClient(t, srv.Options())
		g, asks := new(gate), new(askCounter)
		rdb.AddHook(asks)
		rdb.AddHook(g)
		b := newBackend(t, rdb, nil)
		b.GatherFor(time.Hour)
		dial(t, rdb, 2*rediscache.MaxTrips)
		g.close()
		heads := make(chan cache.Position, rediscache.MaxTrips)
		for i := range rediscache.MaxTrips {
			go func() {
				_, _, head, _ := b.GetHead(context.Background(), "k")
				heads <- head
			}()
			eventually(t, "a trip is under way", func() bool { return len(g.seen()) == i+1 })
		}
		if n := asks.n.Load(); n != 1 {
			t.Errorf("%d reads that overlap ask %d times, want once", rediscache.MaxTrips, n)
		}
		g.open()
		told := 0
		for range rediscache.MaxTrips {
			switch got := <-heads; got {
			case head:
				told++
			case 0: // the answer came later
			default:
				t.Errorf("got head %d, want %d or 0", got, head)
			}
		}
		if told == 0 {
			t.Error("no read knows the head")
		}
	}
}

// An askCounter is a hook that counts scripts in pipelines: appends are sent alone.
type askCounter struct{ n atomic.Int64 }

func (c *askCounter) DialHook(next redis.DialHook) redis.DialHook { return next }

func (c *askCounter) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (c *askCounter) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		for _, cmd := range cmds {
			if cmd.Name() == "eval" {
				c.n.Add(1)
			}
		}
		return next(ctx, cmds)
	}
}
