package rediscache_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/backend/rediscache"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/alongside"
	"github.com/uncache/uncache/internal/redistest"
)

// BenchmarkHit makes six kinds of reads of a 4 KiB page by turns in one loop,
// since on a busy machine two benchmarks one after the other cannot be
// compared, and reports the median of each: a bare GET, the MGET that a hit
// consists of, two GETs in one pipeline, a hit that relies on an answer, a hit
// that asks (over a client whose dials are not seen, which always asks), and
// the GET and the head one after the other.
func BenchmarkHit(b *testing.B) {
	srv := redistest.New(b, redistest.Config{})
	ctx := b.Context()
	rdb := newClient(b, srv.Options())
	relying := newBackend(b, rdb, nil)
	asking := newBackend(b, rdb.WithTimeout(rdb.Options().ReadTimeout), nil)
	purge(b, relying, "a purge")
	must(b, relying.Set(ctx, "k", make([]byte, 4096), 0))

	get := func(key string) error { return rdb.Get(ctx, key).Err() }
	hit := func(c *rediscache.Backend) error {
		_, _, _, err := c.GetHead(ctx, "k")
		return err
	}
	kinds := []struct {
		name  string
		read  func() error
		times []time.Duration
	}{
		{name: "GET", read: func() error { return get("uncache:k") }},
		{name: "MGET", read: func() error { return rdb.MGet(ctx, headKey, "uncache:k").Err() }},
		{name: "GET+GET", read: func() error {
			_, err := rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
				p.Get(ctx, headKey)
				p.Get(ctx, "uncache:k")
				return nil
			})
			return err
		}},
		{name: "relying", read: func() error { return hit(relying) }},
		{name: "asking", read: func() error { return hit(asking) }},
		{name: "two-trips", read: func() error { return errors.Join(get(headKey), get("uncache:k")) }},
	}
	for b.Loop() {
		for i := range kinds {
			began := time.Now()
			if err := kinds[i].read(); err != nil {
				b.Fatal(err)
			}
			kinds[i].times = append(kinds[i].times, time.Since(began))
		}
	}
	for _, k := range kinds {
		slices.Sort(k.times)
		b.ReportMetric(float64(k.times[len(k.times)/2])/1e3, k.name+"-µs")
	}
}

// BenchmarkPurge makes purges by turns, since on a busy machine two benchmarks one
// after the other cannot be compared, and reports the median of each: by EVAL and by
// EVALSHA, and of a path whose key is deleted in a trip of its own or in the append's.
func BenchmarkPurge(b *testing.B) {
	srv := redistest.New(b, redistest.Config{})
	ctx := b.Context()
	byDigest, _ := process(b, srv)
	byText, _ := process(b, srv)
	byText.WithoutDigest()
	e := cache.Event{Dependencies: []cache.Dependency{cache.Path("/blog/hello/")}, Reason: "blog.Post 42 saved"}
	names := []string{"example.com/blog/hello/"}
	appended := func(ctx context.Context, c *rediscache.Backend) error {
		_, err := c.Append(ctx, e)
		return err
	}
	kinds := []struct {
		name  string
		purge func() error
		times []time.Duration
	}{
		{name: "EVAL", purge: func() error { return appended(ctx, byText) }},
		{name: "EVALSHA", purge: func() error { return appended(ctx, byDigest) }},
		{name: "two-trips", purge: func() error { return errors.Join(appended(ctx, byDigest), byDigest.Delete(ctx, names...)) }},
		{name: "one-trip", purge: func() error {
			return appended(alongside.With(ctx, &alongside.Keys{Names: names}), byDigest)
		}},
	}
	for b.Loop() {
		for i := range kinds {
			began := time.Now()
			if err := kinds[i].purge(); err != nil {
				b.Fatal(err)
			}
			kinds[i].times = append(kinds[i].times, time.Since(began))
		}
	}
	for _, k := range kinds {
		slices.Sort(k.times)
		b.ReportMetric(float64(k.times[len(k.times)/2])/1e3, k.name+"-µs")
	}
}

// BenchmarkPurges is how many there are in a second, of 16 savers at a time.
func BenchmarkPurges(b *testing.B) {
	srv := redistest.New(b, redistest.Config{})
	e := cache.Event{Dependencies: []cache.Dependency{cache.Path("/blog/hello/")}, Reason: "blog.Post 42 saved"}
	for _, name := range []string{"EVAL", "EVALSHA", "EVAL", "EVALSHA"} {
		b.Run(name, func(b *testing.B) {
			c, _ := process(b, srv)
			if name == "EVAL" {
				c.WithoutDigest()
			}
			b.SetParallelism(16)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := c.Append(b.Context(), e); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "purges/s")
		})
	}
}
