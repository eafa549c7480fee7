package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"runtime/pprof"
	"slices"
	"sync"
	"syscall"
	"time"
)

// A contestant is one way of doing what a case is about.
type contestant struct {
	name string

	// worker returns what one goroutine does: op does it n times. It is called
	// once for each goroutine.
	worker func() (op func(n int))

	workers int  // goroutines, default 1
	single  bool // each call is timed by itself
	once    bool // a round is one call, because it has to be prepared

	before func()        // is called before each round, untimed
	during func() func() // starts what goes on beside a round, and returns how to stop it
}

// each makes a worker of what all goroutines may do alike.
func each(op func()) func() func(int) {
	return func() func(int) {
		return func(n int) {
			for range n {
				op()
			}
		}
	}
}

// A sample is what one round took, per call.
type sample struct {
	calls  int
	cpu    float64 // ns of CPU, of all threads of the process
	wall   float64 // ns until it was done, by all goroutines together
	p50    float64 // ns, the median of single calls
	allocs float64
}

// A series is what the rounds of one contestant took.
type series struct {
	name    string
	samples []sample
}

// runner is a contestant that is ready to run.
type runner struct {
	contestant
	ops   []func(int)
	calls int // of each worker in a round
	took  [][]float64
}

// race lets the contestants take turns, in an order that changes, and returns
// what each took. The heap is collected before each round, so that nobody pays
// for another's garbage; a case with a heap too large for that leaves it to the
// collector.
func (b *bench) race(contestants ...contestant) []series {
	runners := make([]*runner, len(contestants))
	all := make([]series, len(contestants))
	for i, c := range contestants {
		c.workers = max(c.workers, 1)
		r := &runner{contestant: c, took: make([][]float64, c.workers)}
		for range c.workers {
			r.ops = append(r.ops, c.worker())
		}
		r.calibrate(b.round)
		runners[i], all[i].name = r, c.name
	}
	order := make([]int, len(runners))
	for i := range order {
		order[i] = i
	}
	dice := rand.New(rand.NewPCG(1, 2))
	for range b.rounds {
		dice.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, i := range order {
			if !b.keepHeap {
				runtime.GC()
			}
			all[i].samples = append(all[i].samples, runners[i].measure())
		}
	}
	for _, s := range all {
		b.report.line(b.name, s)
	}
	return all
}

// calibrate finds how many calls fill a round. One slow moment must not leave a
// contestant with a few calls a round for good, so that the fastest of three
// counts.
func (r *runner) calibrate(round time.Duration) {
	r.calls = 1
	if r.once {
		return
	}
	for {
		took := time.Duration(math.MaxInt64)
		for range 3 {
			s := r.measure()
			if took = min(took, time.Duration(s.wall*float64(s.calls))); took < round {
				break
			}
		}
		if took >= round || r.calls >= 1<<24 {
			return
		}
		grow := 2.0
		if took > 0 {
			grow = min(max(1.2*float64(round)/float64(took), 1.2), 8)
		}
		r.calls = int(float64(r.calls)*grow) + 1
	}
}

func (r *runner) measure() sample {
	if r.before != nil {
		r.before()
	}
	if r.during != nil {
		defer r.during()()
	}
	var start, end sync.WaitGroup
	start.Add(1)
	for i, op := range r.ops {
		r.took[i] = r.took[i][:0]
		if len(r.ops) > 1 {
			end.Go(func() { start.Wait(); r.do(i, op) })
		}
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu, wall := cpuTime(), time.Now()
	start.Done()
	if len(r.ops) == 1 {
		r.do(0, r.ops[0])
	}
	end.Wait()
	tookWall, tookCPU := time.Since(wall), cpuTime()-cpu
	runtime.ReadMemStats(&after)
	n := r.calls * len(r.ops)
	s := sample{
		calls:  n,
		cpu:    float64(tookCPU) / float64(n),
		wall:   float64(tookWall) / float64(n),
		allocs: float64(after.Mallocs-before.Mallocs) / float64(n),
	}
	if r.single {
		s.p50 = median(slices.Concat(r.took...))
	}
	return s
}

// do bears the contestant's name in a profile.
func (r *runner) do(worker int, op func(int)) {
	pprof.Do(context.Background(), pprof.Labels("contestant", r.name), func(context.Context) {
		if !r.single {
			op(r.calls)
			return
		}
		for range r.calls {
			start := time.Now()
			op(1)
			r.took[worker] = append(r.took[worker], float64(time.Since(start)))
		}
	})
}

// cpuTime is what the process has used so far, in user and in system mode.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(fmt.Sprintf("getrusage: %v", err)) // it has no reason to fail
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
