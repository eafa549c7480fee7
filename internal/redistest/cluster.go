package redistest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// ClusterConfig says what kind of cluster to start. The zero ClusterConfig is
// three masters.
type ClusterConfig struct {
	// Replicas gives each of the three masters a replica.
	Replicas bool

	// Args are more arguments of every redis-server.
	Args []string
}

// A Cluster is a Redis Cluster of three masters which share the slots evenly.
type Cluster struct {
	// Masters are the nodes that began as masters.
	Masters []*Server

	// Replicas are their replicas, in the same order, if there are any.
	Replicas []*Server
}

const (
	masters = 3
	slots   = 16384
)

// StartCluster starts a cluster and waits until every node of it says that the
// cluster is in order. If ctx ends first, StartCluster returns an error and
// leaves no process behind.
func StartCluster(ctx context.Context, cfg ClusterConfig) (*Cluster, error) {
	c := &Cluster{}
	if err := c.start(ctx, cfg); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context, cfg ClusterConfig) error {
	for range masters {
		s, err := Start(ctx, Config{Cluster: true, Args: cfg.Args})
		if err != nil {
			return err
		}
		c.Masters = append(c.Masters, s)
	}
	for range masters {
		if !cfg.Replicas {
			break
		}
		s, err := Start(ctx, Config{Cluster: true, Args: cfg.Args})
		if err != nil {
			return err
		}
		c.Replicas = append(c.Replicas, s)
	}
	if err := c.join(ctx); err != nil {
		return fmt.Errorf("redistest: form a cluster: %w", err)
	}
	return nil
}

func (c *Cluster) join(ctx context.Context) error {
	nodes := c.nodes()
	clients := make([]*redis.Client, len(nodes))
	for i, s := range nodes {
		clients[i] = redis.NewClient(s.Options())
		defer clients[i].Close()
	}
	for i, rdb := range clients {
		// Different epochs from the start spare the nodes to agree on them.
		if err := rdb.Do(ctx, "cluster", "set-config-epoch", i+1).Err(); err != nil {
			return err
		}
		if i < masters {
			err := rdb.ClusterAddSlotsRange(ctx, i*slots/masters, (i+1)*slots/masters-1).Err()
			if err != nil {
				return err
			}
		}
		if i > 0 {
			err := clients[0].ClusterMeet(ctx, "127.0.0.1", fmt.Sprint(nodes[i].port)).Err()
			if err != nil {
				return err
			}
		}
	}
	if err := c.waitState(ctx, clients); err != nil {
		return err
	}
	for i := range c.Replicas {
		id, err := clients[i].Do(ctx, "cluster", "myid").Text()
		if err != nil {
			return err
		}
		if err := clients[masters+i].ClusterReplicate(ctx, id).Err(); err != nil {
			return err
		}
	}
	for _, s := range c.Replicas {
		if err := s.WaitSynced(ctx); err != nil {
			return err
		}
	}
	return nil
}

// waitState waits until all nodes know each other and all slots.
func (c *Cluster) waitState(ctx context.Context, clients []*redis.Client) error {
	known := fmt.Sprintf("cluster_known_nodes:%d\r\n", len(clients))
	for _, rdb := range clients {
		err := poll(ctx, func() (bool, error) {
			info, err := rdb.ClusterInfo(ctx).Result()
			return err == nil && strings.Contains(info, "cluster_state:ok") &&
				strings.Contains(info, known), nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) nodes() []*Server {
	return append(append([]*Server(nil), c.Masters...), c.Replicas...)
}

// Stop kills all nodes for good and deletes their files.
func (c *Cluster) Stop() error {
	var errs []error
	for _, s := range c.nodes() {
		errs = append(errs, s.Stop())
	}
	return errors.Join(errs...)
}

// Options returns options for a client of the cluster, the caller's to change.
func (c *Cluster) Options() *redis.ClusterOptions {
	opts := &redis.ClusterOptions{
		ContextTimeoutEnabled: true,
		DialerRetryTimeout:    10 * time.Millisecond,
	}
	for _, s := range c.nodes() {
		opts.Addrs = append(opts.Addrs, s.Addr)
	}
	return opts
}
