package main

import (
	"fmt"
	"net/http"
	"net/url"
	"runtime"

	"github.com/uncache/uncache/cache/coherent"
)

const manyPages = 4096

// benchHit is a hit in this process's memory, against the floor and the peers.
func benchHit(b *bench) {
	b.printf(`A page of 4 KiB of HTML that varies by Accept-Language, asked for with ten
header fields, into a ResponseWriter that counts bytes. The floor is the bare
handler: it sets four header fields and writes the page. "By hand" is a handler
that puts host, path and Accept-Language into a key, looks it up in that store and
assigns header values prepared before; nothing can be purged but by key, no
validator, no Age, no conditional request. Peers are as their documentation shows
them, with the same key. "A hit's work on maps alone" looks for the eight header
fields of a request that a hit has to look for, and assigns the eight of the
answer, and does nothing else. Fiber does not run on net/http: its own floor stands
beside it.`)
	floor := http.HandlerFunc(bare)
	mem := b.handler(b.memory(), coherent.Options{})
	many := b.handler(b.memory(), coherent.Options{})
	pages := fmt.Sprintf(", %d pages", b.size(manyPages))
	cores := runtime.GOMAXPROCS(0)
	contestants := append([]contestant{
		{name: "floor", worker: b.visits(floor, pageURL)},
		{name: "a hit's work on maps alone", worker: b.visits(mapsAlone(mem), pageURL)},
		{name: "uncache", worker: b.visits(mem, pageURL)},
		{name: "uncache, bounded", worker: b.visits(b.handler(b.bounded(), coherent.Options{}), pageURL)},
		{name: "floor" + pages, worker: b.visitsMany(floor)},
		{name: "uncache" + pages, worker: b.visitsMany(many)},
		{name: "floor, parallel", workers: cores, worker: b.visits(floor, pageURL)},
		{name: "uncache, parallel", workers: cores, worker: b.visits(mem, pageURL)},
		{name: "uncache" + pages + ", parallel", workers: cores, worker: b.visitsMany(many)},
	}, b.hitPeers()...)
	all := b.race(contestants...)
	b.compare(all, "floor", "CPU ns", cpu)

	hit, parallel := named(all, "uncache"), named(all, "uncache, parallel")
	b.bar("a hit, CPU over the floor's", ratio(hit, named(all, "floor"), cpu), 0.8)
	b.bar("a hit, allocations", hit.estimate(allocs), 0.01)
	b.bar("a parallel hit, CPU over a serial one's", ratio(parallel, hit, cpu), 1.2)
}

// asked are the fields of a request that decide whether and how a hit answers it.
var asked = [...]string{"Connection", "If-Match", "If-Unmodified-Since", "Authorization", "Accept-Language", "If-None-Match", "If-Modified-Since", "Range"}

// mapsAlone looks for the fields that a hit looks for, and assigns those that a
// hit of h assigns: a cache that needed no time for anything else.
func mapsAlone(h http.Handler) http.Handler {
	w := newSink()
	w.get(h, newRequest(pageURL))
	var names []string
	var values [][]string
	for name, value := range w.header {
		names, values = append(names, name), append(values, value)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lines := 0
		for i := range asked {
			lines += len(r.Header[asked[i]])
		}
		if lines != 1 { // the language
			http.Error(w, "a request that is not answered like this", http.StatusInternalServerError)
			return
		}
		header := w.Header()
		for i := range names {
			header[names[i]] = values[i]
		}
		_, _ = w.Write(html4K)
	})
}

// visitsMany asks for many pages in turn, more than a processor's nearest
// caches hold, and each less than once a second.
func (b *bench) visitsMany(h http.Handler) func() func(int) {
	return func() func(int) {
		w, r := newSink(), newRequest(pageURL) // a server has just read the header
		urls := make([]*url.URL, b.size(manyPages))
		i := 0
		next := func() {
			if i++; i == len(urls) {
				i = 0
			}
			r.URL, r.RequestURI, r.Pattern = urls[i], urls[i].Path, ""
			w.get(h, r)
		}
		for k := range urls {
			urls[k] = newRequest(fmt.Sprintf("http://example.com/blog/%d/", k*7919%len(urls))).URL
		}
		for range urls {
			next()
		}
		return func(n int) {
			for range n {
				next()
			}
		}
	}
}
