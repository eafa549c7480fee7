package main

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/uncache/uncache/backend/rediscache"
)

// chunk is how many keys are stored in one round trip.
const chunk = 1000

// setOfKeys purges a group of n pages as others do, by a set of its keys.
func (b *bench) setOfKeys(n int) contestant {
	rdb := b.client()
	ctx, set := b.ctx, fmt.Sprintf("set%d", n)
	fill := func() {
		for from := 0; from < n; from += chunk {
			_, err := rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
				for i := from; i < min(from+chunk, n); i++ {
					key := fmt.Sprintf("%s:page:example.com/blog/%d/", set, i)
					p.Set(ctx, key, "<p>hello</p>", time.Hour)
					p.SAdd(ctx, set, key)
				}
				return nil
			})
			b.must(err)
		}
	}
	purge := func() {
		keys, err := rdb.SMembers(ctx, set).Result()
		b.must(err)
		b.expect(len(keys) == n, "the set has %d keys, want %d", len(keys), n)
		b.must(rdb.Unlink(ctx, append(keys, set)...).Err())
	}
	return contestant{
		name:   fmt.Sprintf("set of keys in Redis, group of %d", n),
		worker: each(purge),
		before: fill,
		once:   true,
		single: true,
	}
}

// A bulkStore stores values in pipelines: a million round trips would take a
// minute. They are the values that package coherent made, under their keys.
type bulkStore struct {
	*rediscache.Backend
	rdb    *redis.Client
	prefix string
	pipe   redis.Pipeliner
}

// Set stores the value with the others of its pipeline.
func (s *bulkStore) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if s.pipe == nil {
		s.pipe = s.rdb.Pipeline()
	}
	s.pipe.Set(ctx, s.prefix+key, value, ttl)
	if s.pipe.Len() < chunk {
		return nil
	}
	return s.flush()
}

// flush stores what has not been stored yet.
func (s *bulkStore) flush() error {
	if s.pipe == nil {
		return nil
	}
	_, err := s.pipe.Exec(context.Background())
	s.pipe = nil
	return err
}
