package rediscache

import (
	"sync"
	"sync/atomic"
	"weak"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/option"
)

// A Backend keeps values and the log of purges in Redis. All processes that use
// the same Redis with the same prefix share them. Its methods are safe for
// concurrent use.
type Backend struct {
	rdb     redis.UniversalClient
	cluster *redis.ClusterClient // rdb, if it is one
	opts    Options

	headKey, eventsKey string
	fenceKey           string // nothing is ever stored there
	headArg            any    // headKey, as an argument of a command

	gather gatherer
	pages  pager

	unverified atomic.Bool // the last ask found INFO hidden
	replica    atomic.Bool // the last ask was refused by a replica
	unfenced   atomic.Bool // the last ask found replicas and no fence
	noMGET     atomic.Bool // it was refused
	noDigest   atomic.Bool // so was EVALSHA

	// Clients that may serve the log: rdb itself, or the nodes of a cluster.
	last  atomic.Pointer[source]
	mu    sync.Mutex
	known map[weak.Pointer[redis.Client]]*history
}

var (
	_ cache.Backend    = (*Backend)(nil)
	_ cache.HeadGetter = (*Backend)(nil)
)

// New returns a Backend on rdb, a *redis.Client (one server, or Sentinel by way
// of redis.NewFailoverClient) or a *redis.ClusterClient. The caller closes the client.
//
// New does no network I/O. It returns an error, [ErrOptions], for a client that
// says that it reads from replicas (ReadOnly, RouteByLatency, RouteRandomly),
// that caches on its side, spreads keys over unrelated servers (Ring), or does
// not have ContextTimeoutEnabled.
//
// A client of redis.NewFailoverClient with ReplicaOnly does not say so. Its server
// then refuses to tell the head: nothing that is stored is served, and Options.Observe
// is told [OpReplica].
//
// Make the Backend before the client is used, and not from what WithTimeout returns.
// Otherwise the Backend cannot see dials, and hits are slower.
func New(rdb redis.UniversalClient, opts *Options) (*Backend, error) {
	o, err := opts.check()
	if err != nil {
		return nil, option.Errorf(ErrOptions, "rediscache: %w", err)
	}
	if err := checkClient(rdb); err != nil {
		return nil, option.Errorf(ErrOptions, "rediscache: New: %w", err)
	}
	b := &Backend{
		rdb:       rdb,
		opts:      o,
		headKey:   o.Prefix + logTag + "head",
		eventsKey: o.Prefix + logTag + "events",
		fenceKey:  o.Prefix + logTag + "fence",
		gather:    gatherer{patience: maxGathering},
		known:     make(map[weak.Pointer[redis.Client]]*history),
	}
	b.headArg = b.headKey
	switch c := rdb.(type) {
	case *redis.Client:
		b.last.Store(&source{c, b.historyOf(c)})
	case *redis.ClusterClient:
		b.cluster = c
		c.OnNewNode(func(node *redis.Client) { b.historyOf(node) })
	}
	return b, nil
}
