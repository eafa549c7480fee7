package redistest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

const pollEvery = 5 * time.Millisecond

// poll calls done until it says so, gives up with an error of its own, or ctx
// ends.
func poll(ctx context.Context, done func() (bool, error)) error {
	for {
		ok, err := done()
		if ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pollEvery):
		}
	}
}

func (s *Server) waitReady(ctx context.Context, exited <-chan struct{}) error {
	return poll(ctx, func() (bool, error) {
		select {
		case <-exited:
			return false, errors.New("redis-server exited")
		default:
		}
		return answers(s.Addr), nil
	})
}

// answers says whether a server is there and has loaded its data. One that
// asks for a password has.
func answers(addr string) bool {
	c, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return false
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Second))
	if _, err := c.Write([]byte("PING\r\n")); err != nil {
		return false
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	return err == nil && (strings.HasPrefix(line, "+PONG") || strings.HasPrefix(line, "-NOAUTH"))
}

// WaitSynced waits until the server, a replica, holds its master's data.
func (s *Server) WaitSynced(ctx context.Context) error {
	rdb := redis.NewClient(s.Options())
	defer rdb.Close()
	err := poll(ctx, func() (bool, error) {
		info, err := rdb.Info(ctx, "replication").Result()
		return err == nil && strings.Contains(info, "master_link_status:up"), nil
	})
	if err != nil {
		return fmt.Errorf("redistest: wait for the replica %s: %w", s.Addr, err)
	}
	return nil
}
