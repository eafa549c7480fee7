package main

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/keys"
)

// benchFootprint is what a stored page takes beside its own bytes, and what a
// process keeps of a purge.
func benchFootprint(b *bench) {
	const n = 20_000
	b.printf(`Heap in use after a collection, before and after %d pages of 4 KiB were stored
through the middleware, less their own bytes: key, header fields, body. A page
that varies has two entries, itself and the note that says by what.`, b.size(n))
	var rows [][]string
	perPage := func(name string, store cache.Backend, vary bool) float64 {
		took := b.perPage(store, b.size(n), vary)
		rows = append(rows, []string{name, number(took)})
		return took
	}
	plain := perPage("memory", b.memory(), false)
	perPage("memory, varies by one field", b.memory(), true)
	perPage("bounded", b.bounded(), false)
	perPage("bounded, varies by one field", b.bounded(), true)
	b.table([]string{"backend", "bytes a page, over its own"}, rows)

	const purges = 100_000
	took := b.perPurge(b.size(purges))
	b.printf("The view takes %s bytes for each dependency that was purged, and 34 MiB in all at most (%d purges of one each).\n", number(took), b.size(purges))
	b.bar("a stored page, bytes over its own", estimate{plain, plain, plain}, 200)
}

// heap is what is in use after a collection.
func heap() float64 {
	runtime.GC()
	runtime.GC() // what finalizers and pools held on to
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

func (b *bench) perPage(store cache.Backend, n int, vary bool) float64 {
	pages := b.pages(store, coherent.Options{})
	h := pages.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for i := range fields {
			if fields[i][0] != "Vary" || vary {
				w.Header().Set(fields[i][0], fields[i][1])
			}
		}
		_, _ = w.Write(html4K)
	}))
	builder, err := keys.New("page", nil)
	b.must(err)
	w := newSink()
	own := 0
	w.get(h, newRequest("http://example.com/warm/"))
	before := heap()
	for i := range n {
		r := newRequest(fmt.Sprintf("http://example.com/blog/a-post-with-a-title-%06d/", i))
		w.get(h, r)
		own += len(builder.Request(r).String()) + pageSize
		for name, values := range w.header {
			if name == "Cache-Status" || name == "Age" {
				continue // are not stored
			}
			for _, v := range values {
				own += len(name) + len(v)
			}
		}
	}
	took := heap() - before
	runtime.KeepAlive(h)
	return (took - float64(own)) / float64(n)
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
	before := heap()
	for i := range n {
		b.must(c.Purge(b.ctx, cache.Event{Dependencies: []cache.Dependency{cache.Group(fmt.Sprint("post:", i))}}))
		if i%1000 == 0 {
			confirm()
		}
	}
	confirm()
	took := heap() - before
	runtime.KeepAlive(c)
	return took / float64(n)
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
