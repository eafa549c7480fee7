package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
)

// covered is how many pages the groups have that are purged.
var covered = []int{100, 10_000, 1_000_000}

// benchPurge is what a purge takes, by what it covers. The peers' way is a set
// of keys for each group.
func benchPurge(b *bench) {
	b.keepHeap = true // a million pages
	b.printf(`A purge of a group, by the number of pages in it, and other kinds of purge. Each
group is in a store of its own, which it fills; pages of each are looked up after
the race, and were purged. "And a lookup" is the purge and the first request for
one of the pages after it, which finds it purged: what a purge leaves to others. The
set of keys is what others keep for each group in Redis: SMEMBERS, then UNLINK of
all.`)
	var contestants []contestant
	var checks []func()
	graphs := []graph{{file: "purge", title: "A purge, by how much it covers", x: "pages in the group", y: "µs a purge (median of rounds)"}}
	for _, place := range []string{"memory", "Redis"} {
		for _, n := range covered {
			group, check := b.groupOf(place, b.size(n))
			contestants = append(contestants, group...)
			checks = append(checks, check)
		}
		contestants = append(contestants, b.otherPurges(place)...)
	}
	for _, n := range covered[:2] {
		contestants = append(contestants, b.setOfKeys(b.size(n)))
	}
	all := b.race(contestants...)
	for _, check := range checks {
		check()
	}
	var inMemory, inRedis []series
	for _, s := range all {
		if strings.HasPrefix(s.name, "memory") {
			inMemory = append(inMemory, s)
		} else {
			inRedis = append(inRedis, s)
		}
	}
	b.compare(inMemory, b.groupName("memory", 0), "CPU ns", cpu)
	b.compare(inRedis, b.groupName("Redis", 0), "p50 ns", p50)
	for _, x := range []struct {
		place string
		of    quantity
	}{{"memory", cpu}, {"Redis", p50}} {
		for _, also := range []string{"", andLookup} {
			b.bar(fmt.Sprintf("in %s, a group of %d over one of %d%s", x.place, b.size(covered[2]), b.size(covered[0]), also),
				ratio(named(all, b.groupName(x.place, 2)+also), named(all, b.groupName(x.place, 0)+also), x.of), 1.2)
		}
	}
	for _, place := range []string{"memory", "Redis", "set of keys in Redis"} {
		l := line{name: place}
		for i, n := range covered {
			if place == "set of keys in Redis" && i == 2 {
				continue
			}
			l.points = append(l.points, [2]float64{float64(b.size(n)), named(all, b.groupName(place, i)).estimate(wall).mid / 1000})
		}
		graphs[0].lines = append(graphs[0].lines, l)
	}
	b.graph(graphs[0])
}

func (b *bench) groupName(place string, i int) string {
	return fmt.Sprintf("%s, group of %d", place, b.size(covered[i]))
}

const andLookup = ", and a lookup"

// groupOf returns contestants that purge a group of n values, without and with a
// lookup, and what makes sure that it was purged.
func (b *bench) groupOf(place string, n int) ([]contestant, func()) {
	var store cache.Backend = b.memory()
	flush := func() error { return nil }
	if place == "Redis" {
		rdb, prefix := b.client(), fmt.Sprintf("group%d:", n)
		bulk := &bulkStore{Backend: b.rediscache(rdb, prefix), rdb: rdb, prefix: prefix}
		store, flush = bulk, bulk.flush
	}
	c := b.coherent(store, coherent.Options{})
	group := cache.Group("all")
	key := func(i int) string { return fmt.Sprintf("page:example.com/blog/%d/", i) }
	for i := range n {
		_, err := coherent.Fetch(b.ctx, c, key(i), time.Hour, func(_ context.Context, deps *coherent.Deps) (string, error) {
			deps.Add(group, cache.Path(fmt.Sprintf("/blog/%d/", i)))
			return "<p>hello</p>", nil
		})
		b.must(err)
	}
	b.must(flush())
	// A lookup that finds nothing stores nothing: the next one finds what was purged.
	lookup := func(i int) (found bool) {
		_, err := coherent.Fetch(b.ctx, c, key(i), time.Hour, notLoaded)
		b.expect(err == nil || err == errNotLoaded, "value %d: %v", i, err)
		return err == nil
	}
	is := func(when string, i int, want bool) {
		got := lookup(i)
		b.expect(got == want, "%s, group of %d, value %d %s the purge: found %v, want %v", place, n, i, when, got, want)
	}
	is("before", n/2, true)
	e := cache.Event{Dependencies: []cache.Dependency{group}, Reason: "blog.Author ada saved"}
	name := fmt.Sprintf("%s, group of %d", place, n)
	purge := func() { b.must(c.Purge(b.ctx, e)) }
	// It is called before each round, too: what the contestant above has put into
	// the log is not this one's to read.
	one := func() { lookup(n / 2) }
	return []contestant{
			{name: name, worker: each(purge), single: place == "Redis"},
			{name: name + andLookup, single: place == "Redis", before: one, worker: each(func() { purge(); one() })},
		}, func() {
			is("after", 0, false)
			is("after", n/2, false)
			is("after", n-1, false)
		}
}

var errNotLoaded = errors.New("not loaded")

// notLoaded is a load that makes nothing.
func notLoaded(context.Context, *coherent.Deps) (string, error) { return "", errNotLoaded }

// loaded is a load that makes something.
func loaded(context.Context, *coherent.Deps) (string, error) { return "<p>hello</p>", nil }

// otherPurges purge pages by path, by prefix and by route.
func (b *bench) otherPurges(place string) []contestant {
	var store cache.Backend = b.memory()
	if place == "Redis" {
		store = b.rediscache(b.client(), "other:")
	}
	pages := b.pages(store, coherent.Options{})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /blog/{slug}/{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Vary", "Accept-Language")
		_, _ = io.WriteString(w, "<p>hello</p>")
	})
	h := pages.Handler(mux)
	for i := range b.size(1000) {
		newSink().get(h, newRequest(fmt.Sprintf("http://example.com/blog/%d/", i)))
	}
	for _, language := range []string{"de", "en", "fr", "it", "ja", "ko", "nl", "pl", "pt", "zh"} {
		r := newRequest(pageURL)
		r.Header.Set("Accept-Language", language)
		newSink().get(h, r)
	}
	var all []contestant
	for _, kind := range []struct {
		name string
		dep  cache.Dependency
	}{
		{"path with 10 variants", cache.Path("/blog/hello/")},
		{fmt.Sprintf("prefix over %d", b.size(1000)), cache.Prefix("/blog/")},
		{fmt.Sprintf("route of %d", b.size(1000)), cache.Route("GET /blog/{slug}/{$}")},
	} {
		e := cache.Event{Dependencies: []cache.Dependency{kind.dep}, Reason: "blog.Post 42 saved"}
		all = append(all, contestant{
			name:   place + ", " + kind.name,
			worker: each(func() { b.must(pages.Purge(b.ctx, e)) }),
			single: place == "Redis",
		})
	}
	return all
}
