package redistest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/redis/go-redis/v9"
)

// SentinelMaster is the name under which a Sentinel knows its master.
const SentinelMaster = "main"

// StartSentinel starts a Sentinel that watches master alone, and waits until it
// knows the replicas that master has. It takes a master that does not answer
// for half a second for dead.
func StartSentinel(ctx context.Context, master *Server) (*Server, error) {
	if _, err := exec.LookPath("redis-server"); err != nil {
		return nil, fmt.Errorf("redistest: start: %w", ErrNoServer)
	}
	s, err := newServer()
	if err != nil {
		return nil, err
	}
	// A Sentinel writes what it learns into its configuration.
	file := filepath.Join(s.Dir, "sentinel.conf")
	config := fmt.Sprintf("port %d\nbind 127.0.0.1\ndir %s\nlogfile %s\n"+
		"sentinel monitor %[4]s 127.0.0.1 %d 1\n"+
		"sentinel down-after-milliseconds %[4]s 500\n"+
		"sentinel failover-timeout %[4]s 5000\n",
		s.port, s.Dir, logfile, SentinelMaster, master.port)
	s.args = []string{file, "--sentinel"}
	err = os.WriteFile(file, []byte(config), 0o600)
	if err == nil {
		err = s.Start(ctx)
	}
	if err == nil {
		err = s.waitReplicas(ctx, master)
	}
	if err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// waitReplicas waits until a Sentinel knows as many replicas as master has.
func (s *Server) waitReplicas(ctx context.Context, master *Server) error {
	rdb := redis.NewClient(master.Options())
	defer rdb.Close()
	sentinel := redis.NewSentinelClient(s.Options())
	defer sentinel.Close()
	return poll(ctx, func() (bool, error) {
		info, err := rdb.Info(ctx, "replication").Result()
		if err != nil {
			return false, err
		}
		known, err := sentinel.Replicas(ctx, SentinelMaster).Result()
		return err == nil && strings.Contains(info, fmt.Sprintf("connected_slaves:%d\r\n", len(known))), nil
	})
}
