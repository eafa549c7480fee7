// Package rediscache keeps values and the log of purges in Redis, so that all
// processes that use it see every purge: the far tier, and the truth.
//
//	rdb := redis.NewClient(&redis.Options{Addr: "localhost:6379", ContextTimeoutEnabled: true})
//	backend, err := rediscache.New(rdb, nil)
//	store, err := coherent.New(backend, nil)
//
// It works with one server, Sentinel and Redis Cluster, from Redis 6.2 on, and with
// Valkey. It is tested with Redis 7.0: by cachetest, on real servers and a cluster of
// three masters, and by tests that kill, flush, fill up and rewind the servers.
//
// Do not use it for data that must not be lost: a cache may forget. In a single
// process, backend/memory is simpler and faster.
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
// and nothing else. uncache:{log}:fence is deleted now and then, and is never there. A
// KEY that begins with {log}: goes under uncache:{log}:value:KEY. If Redis evicts the
// log, what was stored before is not served any more, and nothing else happens.
//
// # More
//
// docs/redis.md: what is promised and where it ends (failover, Redis that goes back in
// time, hidden INFO), what happens while Redis is away, and the permissions of a user
// of Redis.
package rediscache
