package killing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/backend/rediscache"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/internal/redistest"
)

// childVariable holds the config of a child process.
const childVariable = "UNCACHE_KILLING_CHILD"

// A config is what a child process is told.
type config struct {
	Role     string // node or relay
	Database string // URL
	Redis    endpoint
	Outbox   bool          // whether saves go through it
	Log      string        // the schema of the log in PostgreSQL, in place of one in Redis
	After    bool          // whether saves append to that after COMMIT
	MaxStale time.Duration // of the pages
	Records  int
}

// An endpoint is where a process finds Redis.
type endpoint struct {
	Addrs             []string // of a server, of a cluster's nodes, or of a Sentinel
	Cluster, Sentinel bool
	Replicas          int // how many must have a purge
}

// client returns a client of the Redis that is there.
func (e endpoint) client() redis.UniversalClient {
	const retry = 10 * time.Millisecond
	switch {
	case e.Cluster:
		return redis.NewClusterClient(&redis.ClusterOptions{Addrs: e.Addrs, ContextTimeoutEnabled: true, DialerRetryTimeout: retry})
	case e.Sentinel:
		return redis.NewFailoverClient(&redis.FailoverOptions{MasterName: redistest.SentinelMaster, SentinelAddrs: e.Addrs, ContextTimeoutEnabled: true, DialerRetryTimeout: retry})
	}
	return redis.NewClient(&redis.Options{Addr: e.Addrs[0], ContextTimeoutEnabled: true, DialerRetryTimeout: retry})
}

const (
	roleNode  = "node"
	roleRelay = "relay"
)

// Child runs this process as a node or a relay if it was started as one, and
// then does not return. It is the first call of TestMain.
func Child() {
	s := os.Getenv(childVariable)
	if s == "" {
		return
	}
	if err := runChild(s); err != nil {
		fmt.Fprintln(os.Stderr, "killing:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func runChild(s string) error {
	var c config
	if err := json.Unmarshal([]byte(s), &c); err != nil {
		return err
	}
	// The process that started this one holds the other end: a child ends with
	// its parent.
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	run := runNode
	if c.Role == roleRelay {
		run = runRelay
	}
	return run(ctx, c)
}

// logTimeout is how long a request waits for the log in PostgreSQL. Servers that recover
// are slow, and pages that are not served from the cache prove nothing.
const logTimeout = 500 * time.Millisecond

// pages opens the page cache that all processes share.
func (c config) pages(ctx context.Context) (*pagecache.Cache, error) {
	backend, err := c.backend(ctx)
	if err != nil {
		return nil, err
	}
	opts := &coherent.Options{MaxStale: c.MaxStale}
	if c.Log != "" {
		opts.Timeout = logTimeout
	}
	store, err := coherent.New(backend, opts)
	if err != nil {
		return nil, err
	}
	return pagecache.New(store, &pagecache.Options{TTL: time.Hour})
}

func (c config) backend(ctx context.Context) (cache.Backend, error) {
	if c.Log != "" {
		return c.joined(ctx)
	}
	return rediscache.New(c.Redis.client(), &rediscache.Options{Replicas: c.Redis.Replicas})
}

// serve serves until ctx is done, and says where it listens.
func serve(ctx context.Context, h http.Handler) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: h}
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	fmt.Println("ready", l.Addr())
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
