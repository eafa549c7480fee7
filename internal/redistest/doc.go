// Package redistest runs real redis-server processes, alone, with a Sentinel or
// as a Redis Cluster, and does to them what happens to servers: kills them,
// restarts them with older data or with none, stops them in mid-air, and holds
// up, loses or answers what clients send them ([Proxy]).
//
// A test asks for a server that lives as long as it does:
//
//	srv := redistest.New(t, redistest.Config{})
//	rdb := redis.NewClient(srv.Options())
//
// A program uses [Start] and [Server.Stop]. Servers listen on the loopback
// interface only, keep their files in a directory of their own, persist nothing
// unless told to, and die with the process that started them, even if that one
// is killed.
//
// redis-server is looked up in PATH. Where it is missing, [New], [NewCluster]
// and [NewSentinel] skip the test, unless the variable CI is "true": there a test
// that does not run is a failure. Signals and sh are needed: Unix only.
package redistest
