package rediscache_test

import (
	"strings"
	"sync/atomic"
	"testing"

	"github.com/alicebob/miniredis/v2"
	minis "github.com/alicebob/miniredis/v2/server"
	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/internal/redistest"
)

// A server is what most tests need of a Redis.
type server interface {
	// Options returns the options of a client for it.
	Options() *redis.Options
}

// onEachServer runs a test on miniredis, which needs nothing installed, and on
// redis-server. Where there is none, that half is skipped by name.
//
// Tests that stop, restart, fill or replicate servers need the real one.
func onEachServer(t *testing.T, test func(t *testing.T, srv server)) {
	t.Run("miniredis", func(t *testing.T) { test(t, newMini(t)) })
	t.Run("redis-server", func(t *testing.T) { test(t, redistest.New(t, redistest.Config{})) })
}

// A mini is a Redis in this process. Unlike miniredis itself it shows the
// replication ID by which a process notices that a Redis went back in time.
type mini struct {
	*miniredis.Miniredis
	history atomic.Value // the replication ID
}

func newMini(t testing.TB) *mini {
	m := &mini{Miniredis: miniredis.RunT(t)}
	m.history.Store("0123456789abcdef0123456789abcdef01234567")
	m.Server().SetPreHook(func(c *minis.Peer, cmd string, args ...string) bool {
		if cmd != "INFO" || len(args) != 1 || !strings.EqualFold(args[0], "replication") {
			return false
		}
		c.WriteBulk("# Replication\r\nrole:master\r\nmaster_replid:" + m.history.Load().(string) + "\r\n")
		return true
	})
	return m
}

// Options returns the options of a client for the server.
func (m *mini) Options() *redis.Options {
	return &redis.Options{Addr: m.Addr(), ContextTimeoutEnabled: true}
}
