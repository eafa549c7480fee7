package torture

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/internal/redistest"
)

// A Fault harms what the nodes share, again and again.
type Fault struct {
	// Every is how long it pauses on average. Pauses are random: some are long
	// enough for a page to be filled and hit, up to three times Every, and some
	// so short that what was just mended breaks again.
	Every time.Duration

	// Strike harms once. An error says that it could not.
	Strike func(ctx context.Context) error
}

func (f Fault) strike(ctx context.Context, rng *rand.Rand, t *tally) error {
	for {
		sleep(ctx, time.Duration(min(rng.ExpFloat64(), 3)*float64(f.Every)))
		if ctx.Err() != nil {
			return nil
		}
		if err := f.Strike(ctx); err != nil && ctx.Err() == nil {
			return fmt.Errorf("torture: fault: %w", err)
		}
		t.strikes.Add(1)
	}
}

// masters calls f with each server that rdb writes to.
func masters(ctx context.Context, rdb redis.UniversalClient, f func(context.Context, *redis.Client) error) error {
	switch c := rdb.(type) {
	case *redis.ClusterClient:
		return c.ForEachMaster(ctx, f)
	case *redis.Client:
		return f(ctx, c)
	}
	return fmt.Errorf("cannot harm a %T", rdb)
}

// DeleteRandomly deletes a random key, of the log or not.
func DeleteRandomly(rdb redis.UniversalClient, every time.Duration) Fault {
	return Fault{every, func(ctx context.Context) error {
		return masters(ctx, rdb, func(ctx context.Context, node *redis.Client) error {
			key, err := node.RandomKey(ctx).Result()
			if errors.Is(err, redis.Nil) {
				return nil
			}
			if err != nil {
				return err
			}
			return node.Del(ctx, key).Err()
		})
	}}
}

// DeleteLog deletes the two keys of the log in turn, which are few among the
// pages: chance finds them seldom.
func DeleteLog(rdb redis.UniversalClient, prefix string, every time.Duration) Fault {
	n := 0
	return Fault{every, func(ctx context.Context) error {
		n++
		key := prefix + "{log}:head"
		if n%2 == 0 {
			key = prefix + "{log}:events"
		}
		return rdb.Del(ctx, key).Err()
	}}
}

// FlushAll deletes everything.
func FlushAll(rdb redis.UniversalClient, every time.Duration) Fault {
	return Fault{every, func(ctx context.Context) error {
		return masters(ctx, rdb, func(ctx context.Context, node *redis.Client) error {
			return node.FlushAll(ctx).Err()
		})
	}}
}

// Crowd stores 20 KiB, so that a server with a maxmemory has to evict.
func Crowd(rdb redis.UniversalClient, every time.Duration) Fault {
	value := make([]byte, 1<<10)
	n := 0
	return Fault{every, func(ctx context.Context) error {
		const batch = 20
		pipe := rdb.Pipeline()
		for range batch {
			n++
			pipe.Set(ctx, "crowd:"+strconv.Itoa(n), value, 0)
		}
		_, err := pipe.Exec(ctx)
		return err
	}}
}

// RestartEmpty kills a server, another one at each turn, and starts it without
// its data.
func RestartEmpty(every time.Duration, servers ...*redistest.Server) Fault {
	n := 0
	return Fault{every, func(ctx context.Context) error {
		n++
		return servers[n%len(servers)].RestartEmpty(ctx)
	}}
}

// RestartOlder has a server save its data and, a while later, kills it and
// starts it with what it had saved: pages and log go back in time.
func RestartOlder(s *redistest.Server, every, while time.Duration) Fault {
	return Fault{every, func(ctx context.Context) error {
		rdb := redis.NewClient(s.Options())
		defer rdb.Close()
		if err := rdb.Save(ctx).Err(); err != nil {
			return err
		}
		sleep(ctx, while)
		return s.Restart(ctx)
	}}
}

// Pause stops a server in mid-air for a while: connections stay open, and
// nothing answers.
func Pause(s *redistest.Server, every, while time.Duration) Fault {
	return Fault{every, func(ctx context.Context) error {
		if err := s.Pause(); err != nil {
			return err
		}
		sleep(ctx, while)
		return s.Resume()
	}}
}
