package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/internal/redistest"
)

// farLog is a log that is a round trip away.
type farLog struct {
	cache.Log
	trip  time.Duration
	reads atomic.Int64
}

func (l *farLog) Since(ctx context.Context, after cache.Position) (cache.Events, error) {
	l.reads.Add(1)
	time.Sleep(l.trip)
	return l.Log.Since(ctx, after)
}

// What the simulation says of a node is what a node does: how often it reads the
// log, and how long requests wait for that. The node is package coherent, in
// virtual time.
func TestASimulatedNodeIsLikeARealOne(t *testing.T) {
	const trip = 500 * time.Microsecond
	for _, tt := range []struct {
		hits     float64
		maxStale time.Duration
	}{
		{200, 0}, {2000, 0}, {20000, 0}, {2000, 20 * time.Millisecond}, {2000, 100 * time.Millisecond},
	} {
		t.Run(fmt.Sprintf("%.0f hits, MaxStale %v", tt.hits, tt.maxStale), func(t *testing.T) {
			const length = 2 * time.Second
			reads, waits := realNode(t, tt.hits, tt.maxStale, trip, length)
			f := fleet{Nodes: 1, Hits: tt.hits, Near: 1, MaxStale: tt.maxStale, Masters: 1, Logs: 1, Trip: trip, Length: length, Seed: 1}
			r := simulate(f)
			like(t, "reads a second", float64(reads)/length.Seconds(), r.Reads, 5)
			slices.Sort(waits)
			like(t, "median wait, µs", float64(waits[len(waits)/2].Microseconds()), float64(r.Median.Microseconds()), 25)
			like(t, "99th percentile, µs", float64(waits[len(waits)*99/100].Microseconds()), float64(r.Slow.Microseconds()), 25)
		})
	}
}

// like allows for chance: a tenth, and a few.
func like(t *testing.T, what string, real, simulated, few float64) {
	t.Helper()
	if d := max(real-simulated, simulated-real); d > real/10+few {
		t.Errorf("%s: got %.0f of a real node and %.0f in the simulation", what, real, simulated)
	}
}

// realNode lets hits come to a node, and counts.
func realNode(t *testing.T, rate float64, maxStale, trip, length time.Duration) (reads int64, waits []time.Duration) {
	synctest.Test(t, func(t *testing.T) {
		store := memory.New(nil)
		defer store.Close()
		log := &farLog{Log: cacheLog{store}, trip: trip}
		c, err := coherent.New(cache.Join(nearOnly{store}, log), &coherent.Options{MaxStale: maxStale})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		get := func() {
			_, err := coherent.Fetch(t.Context(), c, "key", time.Hour, func(context.Context, *coherent.Deps) (string, error) { return "value", nil })
			if err != nil {
				t.Error(err)
			}
		}
		get()
		log.reads.Store(0)
		rng := rand.New(rand.NewPCG(2, 3))
		var mu sync.Mutex
		var wg sync.WaitGroup
		for began := time.Now(); time.Since(began) < length; {
			time.Sleep(time.Duration(rng.ExpFloat64() / rate * 1e9))
			wg.Go(func() {
				came := time.Now()
				get()
				mu.Lock()
				defer mu.Unlock()
				waits = append(waits, time.Since(came))
			})
		}
		wg.Wait()
		reads = log.reads.Load()
	})
	return reads, waits
}

// cacheLog and nearOnly show of a backend but its log, and but its store, so that
// coherent does not find the log in this process.
type (
	cacheLog struct{ cache.Log }
	nearOnly struct{ *memory.Backend }
)

// In strict mode a request uses a read that began after it came, so what near
// hits wait is between one and two trips; a master that is too slow is shared out
// among nodes, and never falls behind for ever.
func TestNearHitsShareReads(t *testing.T) {
	f := fleet{Nodes: 400, Hits: 400_000, Near: 1, Masters: 1, Logs: 1, Trip: 500 * time.Microsecond, Costs: measured, Length: 200 * time.Millisecond, Seed: 1}
	r := simulate(f)
	if most := 1e9 / float64(measured.Since); r.Reads > 1.05*most {
		t.Errorf("a master answered %.0f reads a second, and can answer %.0f", r.Reads, most)
	}
	round := time.Duration(f.Nodes) * measured.Since // each node has one read in flight
	if r.Slow > 3*round {
		t.Errorf("the slowest hits wait %v, want at most two rounds of %v", r.Slow, round)
	}
	if r.Answered < 0.95*f.Hits {
		t.Errorf("%.0f hits a second were answered, of %.0f", r.Answered, f.Hits)
	}
}

func TestMeasure(t *testing.T) {
	s, err := redistest.Start(t.Context(), redistest.Config{})
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	c, err := measure(t.Context(), 3200)
	if err != nil {
		t.Fatal(err)
	}
	if c.Page <= 0 || c.Head <= 0 || c.Since <= 0 || c.Append <= 0 || c.EventBytes < 100 || c.EventBytes > 1000 {
		t.Errorf("measured %+v", c)
	}
}

func TestTables(t *testing.T) {
	var b strings.Builder
	base := fleet{Masters: 6, Logs: 1, Trip: 500 * time.Microsecond, Costs: measured, Length: 5 * time.Millisecond, Seed: 1}
	tables(&b, base)
	if n := strings.Count(b.String(), "\n### ") + 1; n != 5 || strings.Contains(b.String(), "NaN") {
		t.Errorf("got %d tables:\n%s", n, &b)
	}
}
