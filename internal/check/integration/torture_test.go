package integration_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/check/integration/torture"
)

const (
	records = 8

	// dawdle is how long the slowest fills take.
	dawdle = 60 * time.Millisecond
)

// A race is a scenario: what the nodes stand on, and who harms it. Each node has
// its own backend, and on Redis its own client.
type race struct {
	backends []cache.Backend
	node     torture.NodeOptions
	faults   []torture.Fault
	loopback bool // nodes are asked over TCP

	// after, if not nil, says whether the fault was one.
	after func(t *testing.T)
}

// run races for a time and logs the result.
func (r race) run(t *testing.T, d time.Duration, seed uint64, change ...func(*torture.Config)) torture.Result {
	t.Helper()
	c := torture.Config{
		Register: torture.NewRegister(records),
		Duration: d,
		MaxStale: r.node.MaxStale,
		Faults:   r.faults,
		Seed:     seed,
	}
	for i, b := range r.backends {
		opts := r.node
		opts.Dawdle, opts.Seed = dawdle, seed+uint64(i)
		node, stop, err := torture.NewNode(b, c.Register, opts)
		if err != nil {
			t.Fatal(err)
		}
		defer stop()
		if r.loopback {
			node.Do = overTCP(t, node)
		}
		c.Nodes = append(c.Nodes, node)
	}
	for _, f := range change {
		f(&c)
	}
	began := time.Now()
	result, err := torture.Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if len(change) == 0 && result.Broken == 0 { // a broken answer is in no other count
		if err := result.CompareStats(c.Nodes); err != nil {
			t.Error(err)
		}
	}
	t.Logf("seed %d, %v\n%s\n%s", seed, time.Since(began).Round(time.Millisecond), torture.Head, result.Row())
	for _, e := range result.Examples {
		t.Log(e)
	}
	return result
}

// overTCP puts a node behind a real server.
func overTCP(t *testing.T, node torture.Node) func(*http.Request) (*http.Response, error) {
	srv := httptest.NewServer(node.Handler)
	t.Cleanup(srv.Close)
	transport := &http.Transport{MaxIdleConnsPerHost: 32}
	t.Cleanup(transport.CloseIdleConnections)
	return torture.Over(&http.Client{Transport: transport}, srv.Listener.Addr().String())
}

// duration is how long each scenario is raced: one second, unless
// UNCACHE_TORTURE says otherwise ("10m").
func duration(t testing.TB) time.Duration {
	s := os.Getenv("UNCACHE_TORTURE")
	if s == "" {
		return time.Second
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		t.Fatalf("UNCACHE_TORTURE=%q: want a positive duration", s)
	}
	return d
}

// newSeed is another one each time, unless UNCACHE_TORTURE_SEED repeats that of
// an earlier run.
func newSeed(t testing.TB) uint64 {
	s := os.Getenv("UNCACHE_TORTURE_SEED")
	if s == "" {
		return uint64(time.Now().UnixNano())
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatalf("UNCACHE_TORTURE_SEED=%q: %v", s, err)
	}
	return n
}

// Nothing stale is ever served, whatever happens to what the nodes share. Run it
// with -v for the table, and with UNCACHE_TORTURE=5m for longer.
func TestTorture(t *testing.T) {
	d, seed := duration(t), newSeed(t)
	table := []string{torture.Head}
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			r := s.open(t)
			result := r.run(t, d, seed)
			if err := result.Check(); err != nil {
				t.Error(err)
			}
			if len(r.faults) > 0 && result.Strikes == 0 {
				t.Error("no fault has struck: the run proves nothing")
			}
			if r.after != nil {
				r.after(t)
			}
			table = append(table, result.Row()+"  "+s.name)
		})
	}
	t.Logf("seed %d, %v each\n%s", seed, d, strings.Join(table, "\n"))
}
