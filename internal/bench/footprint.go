package main

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
)

// benchFootprint is what a million stored pages take beside their own bytes, and what
// they cost the garbage collector.
func benchFootprint(b *bench) {
	n := b.size(1_000_000)
	b.printf(`Heap in use after a collection, before and after %d pages of %d bytes were stored
through the middleware, less their own bytes: key, header fields, body. Objects are
those of the heap, the body among them. Then the heap is collected again: the CPU
time of that belongs to the pages. One store at a time is in memory; they take turns.`, n, len(smallBody))
	kinds := []struct {
		name string
		make func() site
	}{
		{"otter v2, by hand", func() site { return b.otterSite(newRender(smallBody, true), 2*n) }},
		{"memory", func() site { return b.uncacheSite("", b.memory(), newRender(smallBody, false)) }},
		{"memory, varies by one field", func() site { return b.uncacheSite("", b.memory(), newRender(smallBody, true)) }},
		{"bounded", func() site { return b.uncacheSite("", b.bounded(), newRender(smallBody, false)) }},
		{"bounded, varies by one field", func() site { return b.uncacheSite("", b.bounded(), newRender(smallBody, true)) }},
		{"ristretto v2, by hand", func() site { return b.ristrettoSite(newRender(smallBody, true), 2*n) }},
		{"gin-cache", func() site { return b.ginSite(newRender(smallBody, true)) }},
		{"fiber's cache", func() site { return b.fiberSite(newRender(smallBody, true)) }},
	}
	taken := make([][]held, len(kinds))
	for range min(max(b.rounds/10, 1), 3) {
		for i, k := range kinds {
			b.part(func() { taken[i] = append(taken[i], b.hold(k.make(), n)) })
		}
	}
	gc := func(i int) estimate {
		var ratios []float64
		for round, h := range taken[i] {
			ratios = append(ratios, h.gc/taken[0][round].gc)
		}
		return estimateOf(ratios)
	}
	var rows [][]string
	for i, k := range kinds {
		h := taken[i][0]
		rows = append(rows, []string{k.name, number(h.bytes), number(h.objects), number(h.gc / 1e6), gc(i).String()})
		b.report.value(b.name, k.name, h.bytes, "B/page")
		b.report.value(b.name, k.name, h.objects, "objects/page")
		for _, h := range taken[i] {
			b.report.value(b.name, k.name, h.gc, "gc-cpu-ns")
		}
	}
	b.table([]string{"", "bytes a page, over its own", "objects a page", "CPU ms of a collection", "× otter"}, rows)
	exactly := func(x float64) estimate { return estimate{x, x, x} }
	const plain, varies = 1, 2 // among kinds
	b.bar("a stored page, bytes over its own", exactly(taken[plain][0].bytes), 300)
	b.bar("a stored page that varies, bytes over its own", exactly(taken[varies][0].bytes), 450)
	b.bar("a stored page, objects", exactly(taken[plain][0].objects), 6)
	b.bar("a stored page that varies, objects", exactly(taken[varies][0].objects), 8)
	b.bar("a collection with the pages, CPU over otter's", gc(plain), 1.3)
	b.bar("a collection with the pages that vary, CPU over otter's", gc(varies), 1.3)

	const purges = 100_000
	took := b.perPurge(b.size(purges))
	b.report.value(b.name, "view", took, "B/purge")
	b.printf("\nThe view takes %s bytes for each dependency that was purged, and 34 MiB in all at most (%d purges of one each).\n", number(took), b.size(purges))
}

// heap is what is in use after a collection.
func heap() (bytes, objects float64) {
	runtime.GC()
	runtime.GC() // what finalizers and pools held on to
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc), float64(m.HeapObjects)
}

// held is what the pages of a site take: per page, and the CPU ns of a collection.
type held struct{ bytes, objects, gc float64 }

// hold stores n pages and measures them.
func (b *bench) hold(s site, n int) (h held) {
	ask := s.ask()
	ask("/blog/first/")
	bytes, objects := heap()
	own := 0
	for i := range n {
		path := sitePath(i)
		ask(path)
		own += s.own(path)
	}
	if s.rendered.Load() < int64(n) {
		b.expect(false, "%d of %d pages were rendered", s.rendered.Load(), n)
	}
	after, objectsAfter := heap()
	h.bytes = (after - bytes - float64(own)) / float64(n)
	h.objects = (objectsAfter - objects) / float64(n)
	var took []float64
	for range 3 {
		start := cpuTime()
		runtime.GC()
		took = append(took, float64(cpuTime()-start))
	}
	h.gc = median(took)
	runtime.KeepAlive(ask)
	return h
}

// perPurge is what a view keeps of a purge of one dependency.
func (b *bench) perPurge(n int) float64 {
	log := &passingLog{head: 1}
	store := cache.Join(b.memory(), log)
	c := b.coherent(store, coherent.Options{})
	confirm := func() {
		_, err := coherent.Fetch(b.ctx, c, "nothing", time.Hour, notLoaded)
		b.expect(err == errNotLoaded, "nothing: %v", err)
	}
	confirm()
	before, _ := heap()
	for i := range n {
		b.must(c.Purge(b.ctx, cache.Event{Dependencies: []cache.Dependency{cache.Group(fmt.Sprint("post:", i))}}))
		if i%1000 == 0 {
			confirm()
		}
	}
	confirm()
	after, _ := heap()
	runtime.KeepAlive(c)
	return (after - before) / float64(n)
}

// A passingLog forgets its events once they were read, so that only the
// reader's memory is measured. It has one reader.
type passingLog struct {
	head cache.Position
	list []cache.Event
}

// Append adds e.
func (l *passingLog) Append(_ context.Context, e cache.Event) (cache.Position, error) {
	l.head++
	e.Position = l.head
	l.list = append(l.list, e)
	return l.head, nil
}

// Since returns the events that nobody has read.
func (l *passingLog) Since(_ context.Context, after cache.Position) (cache.Events, error) {
	list := l.list
	l.list = nil
	return cache.Events{Head: l.head, From: l.head - cache.Position(len(list)), List: list}, nil
}

// Head returns the position of the last event.
func (l *passingLog) Head() cache.Position { return l.head }
