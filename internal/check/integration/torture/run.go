package torture

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/uncache/uncache/cache"
)

// Config says what a run does. Nodes, Register and Duration must be set.
type Config struct {
	Nodes    []Node
	Register *Register

	// Duration is how long the race goes on at least. Then there is a tenth of
	// it in which nothing is saved any more, and a page that nobody would ever
	// refresh shows.
	Duration time.Duration

	// Until, if it says that what was counted so far is not enough, lets the
	// race go on after Duration: for ten times that at most, or 30 s if that is
	// more. Machines are busy. Default: until the
	// result is [Result.Meaningful] and a fault has struck.
	Until func(Result) bool

	// MaxStale is how much older than the newest acknowledged purge an answer
	// may be: what the nodes promise.
	MaxStale time.Duration

	// Readers and Writers are how many of them work at the same time, on all
	// nodes. Default 24 and 3.
	Readers, Writers int

	// Pause is how long a writer rests between two saves, on average. Default
	// 60 ms.
	Pause time.Duration

	// Ways are how purges name what was saved. Default [Ways].
	Ways []Way

	// Faults harm what the nodes share, until the run ends.
	Faults []Fault

	// Seed is where all choices come from. How goroutines interleave is not
	// among them, so that a run can't be repeated exactly.
	Seed uint64
}

const (
	defaultReaders = 24
	defaultWriters = 3
	defaultPause   = 60 * time.Millisecond
)

// Run races saves against requests. The error says that the run itself failed,
// not that something stale was found, which stands in the Result.
func Run(ctx context.Context, c Config) (Result, error) {
	if len(c.Nodes) == 0 || c.Register == nil || c.Duration <= 0 {
		return Result{}, errors.New("torture: Nodes, Register and Duration must be set")
	}
	if c.Readers == 0 {
		c.Readers = defaultReaders
	}
	if c.Writers == 0 {
		c.Writers = defaultWriters
	}
	if c.Pause == 0 {
		c.Pause = defaultPause
	}
	if c.Ways == nil {
		c.Ways = Ways
	}
	if c.Until == nil {
		c.Until = func(r Result) bool {
			return r.Meaningful() == nil && (len(c.Faults) == 0 || r.Strikes > 0)
		}
	}
	reading, stopReading := context.WithCancel(ctx)
	defer stopReading()
	writing, stopWriting := context.WithCancel(reading)
	defer stopWriting()

	var tally tally
	var wg sync.WaitGroup
	errs := make(chan error, c.Readers+c.Writers+len(c.Faults))
	work := func(f func() error) {
		wg.Go(func() {
			if err := f(); err != nil {
				errs <- err
				stopReading() // a run that is not what it should be ends
			}
		})
	}
	for i := range c.Readers {
		work(func() error { return c.read(reading, rand.New(rand.NewPCG(c.Seed, uint64(i))), &tally) })
	}
	for i := range c.Writers {
		work(func() error { return c.write(writing, rand.New(rand.NewPCG(c.Seed, uint64(i)|1<<32)), &tally) })
	}
	for i, f := range c.Faults {
		work(func() error { return f.strike(reading, rand.New(rand.NewPCG(c.Seed, uint64(i)|2<<32)), &tally) })
	}
	c.wait(reading, &tally)
	stopWriting()
	sleep(reading, c.Duration/10)
	stopReading()
	wg.Wait()
	close(errs)
	var err error
	for e := range errs {
		err = errors.Join(err, e)
	}
	return tally.result(), err
}

// wait returns when the race was long enough.
func (c *Config) wait(ctx context.Context, t *tally) {
	limit := time.Now().Add(max(10*c.Duration, 30*time.Second))
	sleep(ctx, c.Duration)
	for !c.Until(t.result()) && time.Now().Before(limit) && ctx.Err() == nil {
		sleep(ctx, c.Duration/10)
	}
}

// sleep sleeps for d, or until ctx is done.
func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// record chooses a record: half of the choices fall on a quarter of them.
func (c *Config) record(rng *rand.Rand) int {
	n := c.Register.Len()
	if rng.IntN(2) == 0 {
		return rng.IntN(max(n/4, 1))
	}
	return rng.IntN(n)
}

// write saves, purges, and notes that the purge has returned. A purge that
// fails is made again, as an application must.
func (c *Config) write(ctx context.Context, rng *rand.Rand, t *tally) error {
	for {
		sleep(ctx, time.Duration(rng.Int64N(2*int64(c.Pause))))
		if ctx.Err() != nil {
			return nil
		}
		records := []int{c.record(rng)}
		if other := c.record(rng); rng.IntN(4) == 0 && other != records[0] {
			records = append(records, other)
		}
		e, err := event(rng, c.Ways[rng.IntN(len(c.Ways))], c.Register.Len(), records)
		if err != nil {
			return err
		}
		versions := c.Register.Commit(records...)
		if c.purge(ctx, rng, e, t) {
			c.Register.Acknowledge(records, versions)
			t.purges.Add(1)
		}
	}
}

// purge reports false if the run ended before the purge was made.
func (c *Config) purge(ctx context.Context, rng *rand.Rand, e cache.Event, t *tally) bool {
	const limit, pause = 5 * time.Second, 2 * time.Millisecond
	for {
		once, cancel := context.WithTimeout(ctx, limit)
		err := c.Nodes[rng.IntN(len(c.Nodes))].Purge(once, e)
		cancel()
		if err == nil {
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		t.purgeFailed(fmt.Errorf("purge of %q: %w", e.Dependencies, err))
		sleep(ctx, pause)
	}
}
