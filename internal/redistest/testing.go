package redistest

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"
)

// startTimeout is ample: a server starts in some 20 ms, a cluster in 2 s.
const startTimeout = 60 * time.Second

// New starts a server that is stopped when the test ends.
func New(t testing.TB, cfg Config) *Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	s, err := Start(ctx, cfg)
	must(t, err)
	t.Cleanup(func() { stop(t, s.Stop) })
	return s
}

// NewCluster starts a cluster that is stopped when the test ends.
func NewCluster(t testing.TB, cfg ClusterConfig) *Cluster {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	c, err := StartCluster(ctx, cfg)
	must(t, err)
	t.Cleanup(func() { stop(t, c.Stop) })
	return c
}

// NewSentinel starts a Sentinel that is stopped when the test ends. Start it
// after the replicas of master: it must know them when the master is lost.
func NewSentinel(t testing.TB, master *Server) *Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	s, err := StartSentinel(ctx, master)
	must(t, err)
	t.Cleanup(func() { stop(t, s.Stop) })
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	switch {
	case err == nil:
	case errors.Is(err, ErrNoServer) && os.Getenv("CI") != "true":
		t.Skipf("%v: install it to run this test", err)
	default:
		t.Fatal(err)
	}
}

func stop(t testing.TB, stop func() error) {
	if err := stop(); err != nil {
		t.Error(err)
	}
}
