package rediscache_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/redistest"
)

// A spy is a hook that looks into the contexts of MGETs, as one that traces does.
type spy struct {
	key  any
	seen chan any
}

func (s *spy) DialHook(next redis.DialHook) redis.DialHook { return next }

func (s *spy) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		s.see(ctx, cmd)
		return next(ctx, cmd)
	}
}

func (s *spy) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		for _, cmd := range cmds {
			s.see(ctx, cmd)
		}
		return next(ctx, cmds)
	}
}

func (s *spy) see(ctx context.Context, cmd redis.Cmder) {
	if cmd.Name() == "mget" {
		s.seen <- ctx.Value(s.key)
	}
}

// A gathered read does not use the values of one caller's context. That caller may
// have given up, and the values may be in use again by then.
func TestGatheredReadsHaveNobodysValues(t *testing.T) {
	onEachServer(t, testGatheredReadsHaveNobodysValues)
}

func testGatheredReadsHaveNobodysValues(t *testing.T, srv server) {
	type key struct{}
	s := &spy{key: key{}, seen: make(chan any, 100)}
	rdb := newClient(t, srv.Options())
	rdb.AddHook(s)
	b, g, trips := gatheringBy(t, rdb)
	first, giveUp := context.WithCancel(context.WithValue(t.Context(), key{}, "the first one's"))
	gone, stays := make(chan error), make(chan error)
	go func() {
		_, _, _, err := b.GetHead(first, "k1")
		gone <- err
	}()
	eventually(t, "one gathers", func() bool { return b.Gathered() == 1 })
	go func() {
		_, _, _, err := b.GetHead(t.Context(), "k2")
		stays <- err
	}()
	eventually(t, "another gathers", func() bool { return b.Gathered() == 2 })
	giveUp()
	<-gone
	g.open()
	trips.Wait()
	must(t, <-stays)
	close(s.seen)
	for v := range s.seen {
		if v != nil {
			t.Errorf("a hook was shown %v", v)
		}
	}
}

// A trap is a hook that panics where MGET asks for several values.
type trap struct {
	armed atomic.Bool
	exits bool // ends the goroutine instead
}

func (p *trap) DialHook(next redis.DialHook) redis.DialHook { return next }

func (p *trap) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		p.step(cmd)
		return next(ctx, cmd)
	}
}

func (p *trap) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		for _, cmd := range cmds {
			p.step(cmd)
		}
		return next(ctx, cmds)
	}
}

func (p *trap) step(cmd redis.Cmder) {
	switch {
	case !p.armed.Load() || cmd.Name() != "mget":
	case p.exits:
		runtime.Goexit()
	default:
		panic("a trap")
	}
}

// A hook that panics fails the reads of its trip, and does not take the process
// with it.
func TestPanicInAGatheredRead(t *testing.T) { onEachServer(t, testPanicInAGatheredRead) }

func testPanicInAGatheredRead(t *testing.T, srv server) {
	p := new(trap)
	rdb := newClient(t, srv.Options())
	b, g, trips := gatheringBy(t, rdb)
	rdb.AddHook(p)
	const n = 2
	errs := make(chan error, n)
	for range n {
		go func() {
			_, _, _, err := b.GetHead(t.Context(), "k1")
			errs <- err
		}()
	}
	eventually(t, "reads gather", func() bool { return b.Gathered() == n })
	p.armed.Store(true)
	g.open()
	trips.Wait()
	for range n {
		if err := <-errs; !errors.Is(err, cache.ErrPanic) || !strings.Contains(err.Error(), "a trap, at ") || !strings.Contains(err.Error(), "step") {
			t.Errorf("got %v; want a cache.ErrPanic that says what, and where", err)
		}
	}
	p.armed.Store(false)
	if _, ok, _, err := b.GetHead(t.Context(), "k1"); !ok || err != nil || b.Trips() != 0 {
		t.Errorf("after that: got %v, %v, with %d trips under way", ok, err, b.Trips())
	}
}

// A hook that ends the goroutine of a trip leaves nobody waiting.
func TestGoexitInAGatheredRead(t *testing.T) { onEachServer(t, testGoexitInAGatheredRead) }

func testGoexitInAGatheredRead(t *testing.T, srv server) {
	p := &trap{exits: true}
	rdb := newClient(t, srv.Options())
	b, g, trips := gatheringBy(t, rdb)
	rdb.AddHook(p)
	const n = 3
	got := make(chan error, n)
	for range n {
		go func() {
			err := errors.New("its goroutine was ended, since it made the trip")
			defer func() { got <- err }()
			_, _, _, err = b.GetHead(t.Context(), "k1")
		}()
	}
	eventually(t, "reads gather", func() bool { return b.Gathered() == n })
	p.armed.Store(true)
	g.open()
	trips.Wait()
	for range n {
		if err := <-got; err == nil {
			t.Error("got no error from a trip that did not end")
		}
	}
	p.armed.Store(false)
	if _, ok, _, err := b.GetHead(t.Context(), "k1"); !ok || err != nil || b.Trips() != 0 {
		t.Errorf("after that: got %v, %v, with %d trips under way", ok, err, b.Trips())
	}
}

// Reach asks in goroutines of its own, where a panic would end the process.
func TestPanicInReach(t *testing.T) { onEachServer(t, testPanicInReach) }

func testPanicInReach(t *testing.T, srv server) {
	for _, exits := range []bool{false, true} {
		rdb := newClient(t, srv.Options())
		b := newBackend(t, rdb, nil)
		rdb.AddHook(panicky{exits})
		if err := b.Reach(t.Context()); err == nil || !exits && !errors.Is(err, cache.ErrPanic) {
			t.Errorf("with a hook that panics (or exits: %v): Reach returned %v", exits, err)
		}
	}
}

// panicky panics at each command, or ends its goroutine.
type panicky struct{ exits bool }

func (panicky) DialHook(next redis.DialHook) redis.DialHook { return next }

func (p panicky) ProcessHook(redis.ProcessHook) redis.ProcessHook {
	return func(context.Context, redis.Cmder) error {
		if p.exits {
			runtime.Goexit()
		}
		panic("a hook")
	}
}

func (panicky) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// On a cluster the head is read in a goroutine of its own, while the value is.
func TestPanicOnACluster(t *testing.T) {
	c := redistest.NewCluster(t, redistest.ClusterConfig{})
	for _, exits := range []bool{false, true} {
		b, rdb := clusterProcess(t, c)
		key := "k"
		must(t, b.Set(t.Context(), key, []byte("v"), 0))
		if _, err := b.Append(t.Context(), cache.Event{}); err != nil {
			t.Fatal(err)
		}
		log, err := rdb.MasterForKey(t.Context(), "uncache:{log}:head")
		if err != nil {
			t.Fatal(err)
		}
		log.AddHook(panicky{exits})
		for at, _ := rdb.MasterForKey(t.Context(), "uncache:"+key); at == log; at, _ = rdb.MasterForKey(t.Context(), "uncache:"+key) {
			key += "k" // a value on another node
		}
		if _, _, head, _ := b.GetHead(t.Context(), key); head != 0 {
			t.Errorf("GetHead with a log that panics (or exits: %v): head %d, want 0", exits, head)
		}
	}
}
