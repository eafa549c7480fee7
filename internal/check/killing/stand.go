package killing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/internal/netproxy"
	"github.com/uncache/uncache/internal/redistest"
)

// A stand is the Redis that all processes share.
type stand interface {
	// at is where the process of this number finds it.
	at(process int) endpoint
	io.Closer
}

// A single is one server, or a master with a replica. Every process has a link
// of its own to it.
type single struct {
	links []*netproxy.Proxy

	mu      sync.Mutex
	master  *redistest.Server
	replica *redistest.Server // nil if there is none
	toward  *netproxy.Proxy   // from the replica to its master
}

func newSingle(ctx context.Context, processes int) (stand, error) {
	return startSingle(ctx, processes)
}

func startSingle(ctx context.Context, processes int) (*single, error) {
	master, err := redistest.Start(ctx, redistest.Config{})
	if err != nil {
		return nil, err
	}
	s := &single{master: master}
	for range processes {
		l, err := netproxy.New(master.Addr)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.links = append(s.links, l)
	}
	return s, nil
}

// newReplicated returns a master with a replica, whose link can be frozen.
func newReplicated(ctx context.Context, processes int) (stand, error) {
	s, err := startSingle(ctx, processes)
	if err != nil {
		return nil, err
	}
	if s.replica, err = redistest.Start(ctx, redistest.Config{}); err == nil {
		err = s.follow(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// follow makes the replica one of the master, over a new link.
func (s *single) follow(ctx context.Context) error {
	l, err := netproxy.New(s.master.Addr)
	if err != nil {
		return err
	}
	if s.toward != nil {
		_ = s.toward.Close()
	}
	s.toward = l
	rdb := redis.NewClient(s.replica.Options())
	defer rdb.Close()
	if err := replicaOf(ctx, rdb, l.Addr); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return s.replica.WaitSynced(ctx)
}

func replicaOf(ctx context.Context, rdb *redis.Client, addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	return rdb.ReplicaOf(ctx, host, port).Err()
}

// promote loses the master, with all that the replica has not heard of, and
// puts the replica in its place. The old master comes back as its replica.
func (s *single) promote(ctx context.Context, lag time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.toward.Freeze()
	if err := sleep(ctx, lag); err != nil { // purges are acknowledged that the replica never hears of
		return err
	}
	if err := s.master.Kill(); err != nil {
		return err
	}
	s.toward.Cut()
	rdb := redis.NewClient(s.replica.Options())
	defer rdb.Close()
	if err := rdb.ReplicaOf(ctx, "NO", "ONE").Err(); err != nil {
		return err
	}
	s.master, s.replica = s.replica, s.master
	for _, l := range s.links {
		l.Lead(s.master.Addr)
	}
	if err := s.replica.RestartEmpty(ctx); err != nil {
		return err
	}
	return s.follow(ctx)
}

func (s *single) at(process int) endpoint { return endpoint{Addrs: []string{s.links[process].Addr}} }

// Close stops it.
func (s *single) Close() error {
	errs := []error{s.master.Stop()}
	if s.replica != nil {
		errs = append(errs, s.replica.Stop())
	}
	if s.toward != nil {
		errs = append(errs, s.toward.Close())
	}
	for _, l := range s.links {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}

// A cluster is three masters with a replica each. Its nodes say themselves where
// they are: there are no links.
type cluster struct{ *redistest.Cluster }

func newCluster(ctx context.Context, _ int) (stand, error) {
	c, err := redistest.StartCluster(ctx, redistest.ClusterConfig{Replicas: true})
	if err != nil {
		return nil, err
	}
	return &cluster{c}, nil
}

func (c *cluster) at(int) endpoint { return endpoint{Addrs: c.Options().Addrs, Cluster: true} }

// fail kills the master that holds the log, and has its replica take over. What
// that had not heard of is lost. The master comes back as its replica.
func (c *cluster) fail(ctx context.Context) error {
	rdb := redis.NewClusterClient(c.Options())
	defer rdb.Close()
	holder, err := rdb.MasterForKey(ctx, "uncache:{log}:head")
	if err != nil {
		return err
	}
	pairs := len(c.Masters)
	for i := range pairs {
		dead, heir := c.Masters[i], c.Replicas[i]
		if dead.Addr != holder.Options().Addr {
			continue
		}
		if err := dead.Kill(); err != nil {
			return err
		}
		one := redis.NewClient(heir.Options())
		defer one.Close()
		if err := one.Do(ctx, "cluster", "failover", "takeover").Err(); err != nil {
			return fmt.Errorf("cluster failover takeover at %s: %w", heir.Addr, err)
		}
		c.Masters[i], c.Replicas[i] = heir, dead
		if err := dead.Start(ctx); err != nil {
			return err
		}
		return c.rejoined(ctx, dead)
	}
	return fmt.Errorf("no known master holds the log: it is %s", holder.Options().Addr)
}

// rejoined waits until a node that came back is a replica again, in step.
func (c *cluster) rejoined(ctx context.Context, s *redistest.Server) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return s.WaitSynced(ctx)
}

// Close stops it.
func (c *cluster) Close() error { return c.Stop() }
