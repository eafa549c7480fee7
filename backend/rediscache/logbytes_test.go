package rediscache_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/backend/rediscache"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/redistest"
)

func appendOf(t *testing.T, b cache.Log, size int) cache.Position {
	t.Helper()
	pos, err := b.Append(t.Context(), cache.Event{Dependencies: []cache.Dependency{cache.Dependency(strings.Repeat("x", size))}})
	must(t, err)
	return pos
}

// held returns how many bytes and entries the stream has, and the longest entry.
func held(t *testing.T, rdb *redis.Client) (bytes, n, longest int) {
	t.Helper()
	entries, err := rdb.XRange(t.Context(), eventsKey, "-", "+").Result()
	must(t, err)
	for _, e := range entries {
		size := 100
		for _, v := range e.Values {
			size += len(v.(string))
		}
		bytes += size
		longest = max(longest, size)
	}
	return bytes, len(entries), longest
}

// Whatever is appended, and whatever is lost, the log keeps the newest events and
// no more bytes than it may.
func TestLogIsBoundedInBytes(t *testing.T) { onEachServer(t, testLogIsBoundedInBytes) }

func testLogIsBoundedInBytes(t *testing.T, srv server) {
	const most = 32 << 10
	ctx := t.Context()
	for name, tt := range map[string]struct {
		size func(rng *rand.Rand) int
		lose func(rdb *redis.Client) error
	}{
		"short":          {size: func(*rand.Rand) int { return 50 }},
		"a kilobyte":     {size: func(*rand.Rand) int { return 1000 }},
		"of all lengths": {size: func(rng *rand.Rand) int { return 1 << rng.IntN(14) }},
		"a tenth of it":  {size: func(*rand.Rand) int { return most / 10 }},
		"more than it":   {size: func(*rand.Rand) int { return most + 1 }},
		"the head is lost": {
			size: func(rng *rand.Rand) int { return rng.IntN(500) },
			lose: func(rdb *redis.Client) error { return rdb.Del(ctx, headKey).Err() },
		},
		"the events are lost": {
			size: func(rng *rand.Rand) int { return rng.IntN(500) },
			lose: func(rdb *redis.Client) error { return rdb.Del(ctx, eventsKey).Err() },
		},
		"the head has no total": {
			size: func(rng *rand.Rand) int { return rng.IntN(500) },
			lose: func(rdb *redis.Client) error {
				fields := strings.Fields(rdb.Get(ctx, headKey).Val())
				return rdb.Set(ctx, headKey, fields[0]+" "+fields[1], 0).Err()
			},
		},
		"events without a sum": {
			size: func(rng *rand.Rand) int { return rng.IntN(500) },
			lose: func(rdb *redis.Client) error {
				pos, id, total := readHead(t, rdb)
				must(t, rdb.XAdd(ctx, &redis.XAddArgs{Stream: eventsKey, ID: fmt.Sprint(pos+1, "-0"), Values: []string{"deps", ""}}).Err())
				return rdb.Set(ctx, headKey, rediscache.Head(pos+1, id, total), 0).Err()
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 1))
			rdb := newClient(t, srv.Options())
			must(t, rdb.FlushAll(ctx).Err())
			b := newBackend(t, rdb, &rediscache.Options{MaxBytes: most})
			allowed := most
			if tt.lose != nil {
				allowed += most / 8 // until it is noticed
			}
			appended, events := 0, 0
			for appended < 8*most {
				size := tt.size(rng)
				last := appendOf(t, b, size)
				appended += size
				if events++; events%20 != 0 && size < most/20 {
					continue
				}
				bytes, n, longest := held(t, rdb)
				if bytes > allowed+longest && n > 1 {
					t.Fatalf("after %d events: %d are kept, %d bytes, want at most %d and one event", events, n, bytes, allowed)
				}
				if got := since(t, b, last-1); len(got.List) != 1 || got.Head != last {
					t.Fatalf("after %d events: the newest is not there: %+v", events, got)
				}
				if appended > 2*most && tt.lose == nil && bytes < most*7/10 && longest < most/10 {
					t.Fatalf("after %d events: %d are kept, %d bytes, want nearly %d", events, n, bytes, most)
				}
				if tt.lose != nil && rng.IntN(5) == 0 {
					must(t, tt.lose(rdb))
				}
			}
		})
	}
}

// Hundreds of large purges do not fill Redis.
func TestLargePurgesDoNotFillRedis(t *testing.T) {
	srv := redistest.New(t, redistest.Config{})
	b, rdb := process(t, srv)
	start := since(t, b, 0).Head
	for range 150 {
		appendOf(t, b, 1_800_000)
	}
	var used int
	for line := range strings.Lines(rdb.Info(t.Context(), "memory").Val()) {
		_, _ = fmt.Sscanf(line, "used_memory:%d", &used)
	}
	if used == 0 || used > 48<<20 {
		t.Errorf("150 purges of 1.8 MB leave %d MB in Redis, want at most 48", used>>20)
	}
	if events := since(t, b, start); events.From == start || len(events.List) < 10 {
		t.Errorf("Since(%d) = From %d, %d events; want the newest and a gap", start, events.From, len(events.List))
	}
}
