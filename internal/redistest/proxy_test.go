package redistest_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/internal/redistest"
)

func TestProxy(t *testing.T) {
	s := redistest.New(t, redistest.Config{})
	p := redistest.NewProxy(t, s.Addr)
	opts := s.Options()
	opts.Addr, opts.PoolSize, opts.MaxRetries = p.Addr, 1, -1
	rdb := redis.NewClient(opts)
	t.Cleanup(func() { rdb.Close() })
	direct := client(t, s)
	wantNothing := func(when string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if v, err := rdb.Incr(ctx, "k").Result(); !os.IsTimeout(err) && ctx.Err() == nil {
			t.Errorf("%s: INCR k = %d, %v; want no answer", when, v, err)
		}
	}

	if err := rdb.Set(t.Context(), "k", 1, 0).Err(); err != nil {
		t.Fatal(err)
	}
	p.Freeze()
	wantNothing("frozen")
	wantGet(t, direct, "1")
	p.Thaw()
	for direct.Get(t.Context(), "k").Val() != "2" {
		time.Sleep(time.Millisecond) // what was sent is delivered
	}
	wantGet(t, rdb, "2")

	p.Lose()
	wantNothing("lost")
	wantNothing("lost, a new connection")
	p.Thaw()
	wantGet(t, rdb, "2")
	wantGet(t, direct, "2")

	p.Intercept(func(command []string) string {
		if strings.EqualFold(command[0], "get") {
			return "-LOADING not yet\r\n"
		}
		return ""
	})
	if err := rdb.Get(t.Context(), "k").Err(); err == nil || err.Error() != "LOADING not yet" {
		t.Errorf("intercepted GET: got %v, want LOADING", err)
	}
	if err := rdb.Incr(t.Context(), "k").Err(); err != nil {
		t.Errorf("INCR, which is not intercepted: %v", err)
	}
	p.Intercept(nil)
	wantGet(t, rdb, "3")
}
