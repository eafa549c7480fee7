package main

import (
	"github.com/redis/go-redis/v9"
	"github.com/uncache/uncache/cache/coherent"
)

// manyVisitors is how many goroutines ask at a time where round trips overlap.
const manyVisitors = 16

// benchRedis is a hit in Redis, against the one round trip that it can't be
// without.
func benchRedis(b *bench) {
	b.printf(`The same page from a redis-server on loopback. The raw GET fetches the very
bytes that the hit fetches, and does nothing with them. MGET fetches the page and
the head of the log in one command, which a Redis Cluster would not allow. Times
are the median of single calls.`)
	const prefix = "bench:"
	rdb := b.client()
	h := b.handler(b.rediscache(rdb, prefix), coherent.Options{})
	page, head := b.storedPage(rdb, prefix), prefix+"{log}:head"
	side := b.rueidis()
	ctx := b.ctx

	type kind struct {
		name   string
		worker func() func(int)
	}
	kinds := []kind{
		{"GET by go-redis", each(func() {
			_, err := rdb.Get(ctx, page).Bytes()
			b.must(err)
		})},
		{"uncache", b.visits(h, pageURL)},
		{"MGET by go-redis", each(func() { b.must(rdb.MGet(ctx, page, head).Err()) })},
		{"GET and GET in a pipeline", each(func() {
			_, err := rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
				p.Get(ctx, page)
				p.Get(ctx, head)
				return nil
			})
			b.must(err)
		})},
		{"GET by rueidis", each(func() {
			_, err := side.Do(ctx, side.B().Get().Key(page).Build()).AsBytes()
			b.must(err)
		})},
		{"MGET by rueidis", each(func() {
			_, err := side.Do(ctx, side.B().Mget().Key(page, head).Build()).ToArray()
			b.must(err)
		})},
	}
	var contestants []contestant
	for _, k := range kinds {
		contestants = append(contestants,
			contestant{name: k.name, worker: k.worker, single: true},
			contestant{name: k.name + ", by 16", worker: k.worker, workers: manyVisitors, single: true})
	}
	all := b.race(contestants...)
	serial, parallel := alternate(all)
	b.printf("\nOne visitor at a time:")
	b.compare(serial, "GET by go-redis", "p50 ns", p50)
	b.printf("16 visitors at a time:")
	b.compare(parallel, "GET by go-redis, by 16", "p50 ns", p50)
	b.printf("16 visitors at a time, CPU of this process (Redis has its own):")
	b.compare(parallel, "GET by go-redis, by 16", "CPU ns", cpu)
	b.bar("a hit, p50 over the raw GET's", ratio(named(all, "uncache"), named(all, "GET by go-redis"), p50), 1.1)
	b.bar("a hit among 16, p50 over the raw GET's", ratio(named(all, "uncache, by 16"), named(all, "GET by go-redis, by 16"), p50), 1.1)
}

// alternate takes apart what came in pairs.
func alternate(all []series) (first, second []series) {
	for i, s := range all {
		if i%2 == 0 {
			first = append(first, s)
		} else {
			second = append(second, s)
		}
	}
	return first, second
}

// storedPage finds the key of the page that is stored under prefix.
func (b *bench) storedPage(rdb *redis.Client, prefix string) string {
	keys, err := rdb.Keys(b.ctx, prefix+"*").Result()
	b.must(err)
	for _, key := range keys {
		if n, err := rdb.StrLen(b.ctx, key).Result(); err == nil && n >= pageSize {
			return key
		}
	}
	b.expect(false, "no page is stored among %q", keys)
	return ""
}
