package main

import (
	"fmt"
	"net/http"

	"github.com/maypok86/otter/v2"
	"github.com/uncache/uncache/cache/coherent"
)

// outerFields are what middleware around a page sets.
var outerFields = [...][2]string{
	{"X-Request-Id", "7f3c1a90-5d1e-4b8e-9a55-2f0e6c1d8b47"},
	{"Strict-Transport-Security", "max-age=63072000; includeSubDomains"},
	{"X-Content-Type-Options", "nosniff"},
}

// benchHeader is a hit whose header map is a new one.
func benchHeader(b *bench) {
	b.printf(`The page of the first table. The header map is made for each request, as
net/http makes it: with room for eight fields. Middleware has set none, one or
three fields before. The floor and the store by hand pay for the map as well.`)
	o, err := otter.New(&otter.Options[string, *prepared]{MaximumSize: 10_000})
	b.must(err)
	b.cleanup(func() { o.StopAllGoroutines() })
	o.Set(handKey(newRequest(pageURL)), newPrepared())
	handlers := []struct {
		name string
		h    http.Handler
	}{
		{"floor", http.HandlerFunc(bare)},
		{"uncache", b.handler(b.memory(), coherent.Options{})},
		{"otter v2, by hand", byHand(o.GetIfPresent)},
	}
	counts := []int{0, 1, 3}
	name := func(handler string, outer int) string { return fmt.Sprintf("%s, %d outer fields", handler, outer) }
	var contestants []contestant
	for _, n := range counts {
		for _, x := range handlers {
			contestants = append(contestants, contestant{name: name(x.name, n), worker: b.freshVisits(x.h, n)})
		}
	}
	all := b.race(contestants...)
	var rows [][]string
	for _, n := range counts {
		for _, x := range handlers {
			s := named(all, name(x.name, n))
			rows = append(rows, []string{s.name, s.estimate(cpu).String(),
				ratio(s, named(all, name("floor", n)), cpu).String(), number(s.estimate(allocs).mid)})
		}
	}
	b.table([]string{"", "CPU ns a call", "× the floor with as many", "allocations"}, rows)
	for i, most := range []float64{1.2, 1.6, 1.6} {
		n := counts[i]
		b.bar(fmt.Sprintf("a hit with a new map and %d outer fields, CPU over the floor's", n),
			ratio(named(all, name("uncache", n)), named(all, name("floor", n)), cpu), most)
	}
}

// freshVisits is visits with a new header map for each request, and n fields that
// middleware has set in it.
func (b *bench) freshVisits(h http.Handler, n int) func() func(int) {
	return func() func(int) {
		w, r := newSink(), newRequest(pageURL)
		get := func() {
			w.header = make(http.Header)
			for i := range n {
				w.header.Set(outerFields[i][0], outerFields[i][1])
			}
			w.status, w.bytes = http.StatusOK, 0
			h.ServeHTTP(w, r)
		}
		get()
		get()
		b.expect(w.status == http.StatusOK && w.bytes == pageSize, "with %d outer fields: got %d and %d bytes, want 200 and %d", n, w.status, w.bytes, pageSize)
		return func(calls int) {
			for range calls {
				get()
			}
		}
	}
}
