package rediscache

import (
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/cache"
)

// An Observation is something that an operator may want to know.
type Observation struct {
	// Op is what happened.
	Op Op
	// Head is where the log is, or 0 if Op says that this cannot be told.
	Head cache.Position
}

// Op names what an [Observation] is about.
type Op string

const (
	// OpEra says that this process began a new era of the log: what was stored
	// before is not served any more. Redis was flushed or restarted, has
	// evicted the head, or another server has taken over.
	OpEra Op = "era"

	// OpUnverified says that the server does not show its replication ID
	// (INFO is not allowed, or not known). That it went back in time, by a
	// restart from an older file or by a failover, is then only noticed by
	// processes that had read further. It is told once, until that changes.
	OpUnverified Op = "unverified"

	// OpReplica says that the client reached a replica, which may not have the
	// last purge yet. It is not asked for the head, so that nothing is served
	// from the cache and purges fail. After a failover that passes; with a
	// client that prefers replicas, as ReplicaOnly of redis.FailoverOptions
	// makes it, it does not. It is told once, until a master answers.
	OpReplica Op = "replica"

	// OpUnfenced says that the server has replicas and would go on serving after
	// one of them was promoted: its min-replicas-to-write is 0, or the user may
	// not UNLINK. A process that still reaches it then is served old pages until
	// the server is made a replica, or until their TTL ends. It is told once,
	// until that changes; not of a cluster, whose nodes fence themselves.
	OpUnfenced Op = "unfenced"
)

// refused takes note of why a server is not believed, or an append failed.
func (b *Backend) refused(err error) {
	if (strings.Contains(err.Error(), onReplica) || redis.HasErrorPrefix(err, "READONLY")) && !b.replica.Swap(true) {
		b.observe(OpReplica, 0)
	}
}

// said is what a server that was asked said of itself.
type said struct {
	id       string // its replication ID, or hidden
	head     cache.Position
	began    bool // an era
	unfenced bool
}

// heard takes note of what a server said.
func (b *Backend) heard(s said) {
	b.replica.Store(false)
	if s.began {
		b.observe(OpEra, s.head)
	}
	if unverified := s.id == hidden; b.unverified.Swap(unverified) != unverified && unverified {
		b.observe(OpUnverified, s.head)
	}
	// A cluster's nodes fence themselves, by cluster-node-timeout.
	unfenced := s.unfenced && b.cluster == nil
	if b.unfenced.Swap(unfenced) != unfenced && unfenced {
		b.observe(OpUnfenced, s.head)
	}
}

func (b *Backend) observe(op Op, head cache.Position) {
	if b.opts.Observe != nil {
		b.opts.Observe(Observation{Op: op, Head: head})
	}
}
