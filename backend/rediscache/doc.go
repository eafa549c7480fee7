// Package rediscache keeps values and the log of purges in Redis, so that all
// processes that use it see every purge: the far tier, and the truth.
//
//	rdb := redis.NewClient(&redis.Options{Addr: "localhost:6379", ContextTimeoutEnabled: true})
//	backend, err := rediscache.New(rdb, nil)
//	store, err := coherent.New(backend, nil)
//
// It works with one server, Sentinel and Redis Cluster. What it asks of Redis is
// there since 6.2, and in Valkey; it is tested with Redis 7.0.
//
// Do not use it for data that must not be lost: a cache may forget. In a single
// process, backend/memory is simpler and faster.
//
// The contract is that of package cache. It is checked by cachetest, against
// real servers and a cluster of three masters, and by tests that kill, flush,
// fill up and take back in time the servers below it.
//
// # Keys
//
// Under the prefix "uncache:" there are
//
//	uncache:KEY            a value, with its expiry
//	uncache:{log}:head     "POSITION REPLICATION-ID BYTES CHECK": what was ever
//	                       appended, and a checksum
//	uncache:{log}:events   a stream, one entry per purge: XREVRANGE tells why
//	uncache:{log}:lease:KEY  who is making the value of KEY, with its expiry,
//	                       where coherent.Options.Lease is set
//
// and nothing else; uncache:{log}:fence is deleted now and then, and never there. A KEY that begins with {log}: goes under
// uncache:{log}:value:KEY. Keys without expiry in a Redis that evicts
// (allkeys-lru and its kin) are evicted like any other; when it hits the log,
// what was stored before is not served any more, and nothing else happens.
//
// # What is promised, and where it ends
//
// A head that is lost, by a flush, an eviction or a restart without data, is
// begun anew beyond every position that it ever had. A Redis that goes back in
// time, by a restart from an older file or because a replica took over that had
// not got the last purges, is known by its replication ID, which INFO shows.
// Where INFO is hidden (a user without +info, some hosted services and
// emulators) only those processes notice that had read beyond the point it went
// back to; Options.Observe is told [OpUnverified].
//
// Behind Sentinel an old master may live on beside the new one. With
// min-replicas-to-write it is fenced, and a process that still reaches it serves
// nothing from it one second after the fence ([ErrFenced]). Without, the process is
// served old pages until Sentinel makes the old master a replica, or until their
// TTL ends ([OpUnfenced]). What the old master acknowledged meanwhile is lost,
// unless Options.Replicas is set. docs/durability.md has the details.
//
// What else goes on behind a connection that stays open is noticed within a second,
// too: a master that is made a replica and a master again by hand, a proxy that
// turns to another server, connections that a hosted service moves.
//
// The clocks of servers that may follow one another should agree: a new era
// starts beyond the clock and beyond what the server has of the last one. One
// whose clock is behind the start of that era, and which missed the end of it,
// would give the positions of that end again.
//
// Contexts that have a deadline are obeyed. go-redis does not notice during a
// command that a context without one is cancelled; it gives up after its own
// ReadTimeout.
//
// # When Redis is away
//
// A server that is down, hangs, or refuses (LOADING, NOAUTH, READONLY on a
// replica, MOVED and CLUSTERDOWN without end) opens the breaker of package
// coherent: one visitor waits, pages are served from their handlers, and purges
// return what Redis or the network said. When it answers again, connections that
// died unnoticed are found all at once ([Backend.Reach]), and hits come back
// within about a second; go-redis, after as many failed dials as its pool has
// connections, dials no more than once a second, which may add another. While one
// node of a cluster hangs that has pages and not the log, requests for pages on
// it wait up to coherent.Options.Timeout each.
//
// A server that is full and may not evict (OOM under noeviction) serves hits and
// takes purges; fills are told to Observe and not stored.
//
// # Permissions
//
// A user of Redis needs, for all of it:
//
//	~uncache:* +get +mget +set +unlink +eval +evalsha +time +info +xadd +xrange +xrevrange +scan
//
// and on a cluster +cluster|slots +asking +command. SCAN is for Clear alone, and
// +wait is needed for Options.Replicas. Without MGET hits are GETs in a pipeline,
// which takes a little longer; without UNLINK a fence is not noticed, and without
// EVALSHA purges take longer.
package rediscache
