package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/uncache/uncache/internal/redistest"
)

// A bench is the run of one case.
type bench struct {
	*section
	ctx    context.Context
	name   string
	rounds int
	round  time.Duration
	scale  int
	report *report

	keepHeap bool // do not collect the heap before each round: it is large
	cleanups []func()
	server   *redistest.Server
}

// failed is how a case ends that cannot go on.
type failed struct{ err error }

// do runs a case, and undoes what it has set up.
func (b *bench) do(run func(*bench)) (err error) {
	defer func() {
		b.undo(0)
		if x := recover(); x != nil {
			f, ok := x.(failed)
			if !ok {
				panic(x)
			}
			err = f.err
		}
	}()
	run(b)
	return nil
}

// part runs a part of a case, and undoes what that has set up.
func (b *bench) part(run func()) {
	n := len(b.cleanups)
	run()
	b.undo(n)
}

// undo calls the cleanups but the first n, the last first.
func (b *bench) undo(n int) {
	for _, undo := range slices.Backward(b.cleanups[n:]) {
		undo()
	}
	clear(b.cleanups[n:]) // what they refer to is garbage now
	b.cleanups = b.cleanups[:n]
}

// cleanup calls f when the case is over, the last first.
func (b *bench) cleanup(f func()) { b.cleanups = append(b.cleanups, f) }

// must ends the case if err is not nil.
func (b *bench) must(err error) {
	if err != nil {
		panic(failed{err})
	}
}

// expect ends the case unless what is measured is what it should be.
func (b *bench) expect(ok bool, format string, args ...any) {
	if !ok {
		panic(failed{fmt.Errorf(format, args...)})
	}
}

// size is n, or less of it for a quick look, and never less than 2.
func (b *bench) size(n int) int { return max(n/b.scale, 2) }

// redis returns the address of a server for this case alone.
func (b *bench) redis() string {
	if b.server == nil {
		s, err := redistest.Start(b.ctx, redistest.Config{})
		b.must(err)
		b.cleanup(func() { _ = s.Stop(); b.server = nil })
		b.server = s
	}
	return b.server.Addr
}

// client returns a new client of the case's server.
func (b *bench) client() *redis.Client {
	rdb := redis.NewClient(&redis.Options{Addr: b.redis(), ContextTimeoutEnabled: true})
	b.cleanup(func() { _ = rdb.Close() })
	return rdb
}
