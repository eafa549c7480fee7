package rediscache_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"
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

// What is asked for on behalf of several is asked for without what the context of
// one of them holds. He may have given up, and it may be somebody else's by then.
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
type trap struct{ armed atomic.Bool }

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
	if p.armed.Load() && cmd.Name() == "mget" {
		panic("a trap")
	}
}

// A hook that panics does so for those who read, where net/http recovers, and not
// in a goroutine that takes the process with it.
func TestGatheredReadsPanic(t *testing.T) { onEachServer(t, testGatheredReadsPanic) }

func testGatheredReadsPanic(t *testing.T, srv server) {
	p := new(trap)
	rdb := newClient(t, srv.Options())
	b, g, trips := gatheringBy(t, rdb)
	rdb.AddHook(p)
	const n = 2
	panics := make(chan any, n)
	for range n {
		go func() {
			defer func() { panics <- recover() }()
			_, _, _, _ = b.GetHead(t.Context(), "k1")
		}()
	}
	eventually(t, "reads gather", func() bool { return b.Gathered() == n })
	p.armed.Store(true)
	g.open()
	trips.Wait()
	for range n {
		if got := fmt.Sprint(<-panics); !strings.Contains(got, "a trap") || !strings.Contains(got, "step") {
			t.Errorf("got panic %s; want one that says what, and where", got)
		}
	}
	p.armed.Store(false)
	if _, ok, _, err := b.GetHead(t.Context(), "k1"); !ok || err != nil || b.Trips() != 0 {
		t.Errorf("after that: got %v, %v, with %d trips under way", ok, err, b.Trips())
	}
}
