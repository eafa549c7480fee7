package rediscache

import (
	"context"
	"weak"

	"github.com/redis/go-redis/v9"
)

// A source is the client of the one server that has the log, and what is known
// of that server's history.
type source struct {
	client  *redis.Client
	history *history
}

// source returns where the log is. On a cluster that is the node which serves
// the log's slot, as far as the client knows.
//
// The log is read from the node itself and not by way of the cluster's client,
// which follows a MOVED silently: the head would come from a server whose
// history nobody has asked for.
func (b *Backend) source(ctx context.Context) (*source, error) {
	last := b.last.Load()
	if b.cluster == nil {
		return last, nil
	}
	node, err := b.cluster.MasterForKey(ctx, b.headKey)
	if err != nil {
		return nil, err
	}
	if last == nil || last.client != node {
		last = &source{node, b.historyOf(node)}
		b.last.Store(last)
	}
	return last, nil
}

// historyOf returns the history that belongs to a client, and lets it watch the
// client's dials from its first mention on.
//
// The map does not keep alive the clients of nodes that have left the cluster.
func (b *Backend) historyOf(c *redis.Client) *history {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := weak.Make(c)
	h, ok := b.known[key]
	if !ok {
		for k := range b.known {
			if k.Value() == nil {
				delete(b.known, k)
			}
		}
		h = &history{}
		c.AddHook(h)
		b.known[key] = h
	}
	return h
}
