package rediscache_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/backend/rediscache"
	"github.com/uncache/uncache/cache"
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

func BenchmarkPurge(b *testing.B) {
	srv := redistest.New(b, redistest.Config{})
	c, _ := process(b, srv)
	e := cache.Event{Dependencies: []cache.Dependency{cache.Path("/blog/hello/")}, Reason: "blog.Post 42 saved"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Append(b.Context(), e); err != nil {
			b.Fatal(err)
		}
	}
}
