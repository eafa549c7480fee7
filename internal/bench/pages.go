package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime/debug"
)

// smallBody is the body of a page where there are a million of them. A hit does not
// read it.
var smallBody = bytes.Repeat([]byte("<p>hello</p>\n   "), 512/16)

var pageCounts = []int{1, 100, 10_000, 100_000, 1_000_000}

// benchPages is what a hit costs as there are more pages, and as they are asked for
// more evenly.
func benchPages(b *bench) {
	b.printf(`Pages of %d bytes that vary by Accept-Language, in memory, with room for all of
them. Each was asked for three times before. Requests are for one page, for all by
Zipf's law (exponent 1.1), or for all alike. The path is a new string for each
request, as a server makes it. The floor is the bare handler, with the same
requests. Bytes that others allocate are collected later, outside of the race.`, len(smallBody))
	b.keepHeap = true
	ours := map[string]*line{}
	var names []string
	for _, count := range pageCounts {
		n := count
		if count > 1 {
			n = b.size(count)
		}
		b.part(func() {
			for _, l := range b.racePages(n) {
				if ours[l.name] == nil {
					ours[l.name] = &line{name: l.name}
					names = append(names, l.name)
				}
				ours[l.name].points = append(ours[l.name].points, l.points...)
			}
		})
	}
	g := graph{file: "pages", title: "A hit, by how many pages there are", x: "pages", y: "CPU ns a hit"}
	for _, name := range names {
		g.lines = append(g.lines, *ours[name])
	}
	b.graph(g)
}

// kinds are the ways in which pages are asked for.
var kinds = []string{"one page", "Zipf", "uniform"}

// racePages is the race with n pages. It returns the points of the graph.
func (b *bench) racePages(n int) []line {
	defer debug.SetGCPercent(debug.SetGCPercent(40)) // a few gigabytes are in use
	page := func() *render { return newRender(smallBody, true) }
	floor := newRender(smallBody, true)
	sites := []site{
		{name: "floor", ask: visitorOf(http.HandlerFunc(floor.ServeHTTP)), rendered: nil},
		b.uncacheSite("uncache", b.memory(), page()),
		b.uncacheSite("uncache, bounded", b.bounded(), page()),
		b.otterSite(page(), 2*n+1000),
		b.ristrettoSite(page(), 2*n+1000),
		b.ginSite(page()),
		b.fiberSite(page()),
		b.rueidisSite(page()),
	}
	seq := newSequence(n, b.size(1<<16))
	var contestants []contestant
	before := make([]int64, len(sites))
	for i, s := range sites {
		ask := s.ask()
		if s.rendered != nil {
			if s.load != nil {
				s.load(n)
			}
			for range 3 {
				for k := range n {
					ask(sitePath(k))
				}
			}
			before[i] = s.rendered.Load()
		}
		for _, kind := range kinds {
			contestants = append(contestants, contestant{
				name:   fmt.Sprintf("%s, %s of %d", s.name, kind, n),
				before: func() { seq.choose(kind) },
				worker: func() func(int) {
					return func(calls int) {
						for i := range calls {
							ask(seq.paths[i%len(seq.paths)])
						}
					}
				},
			})
		}
	}
	all := b.race(contestants...)
	of := func(site int, kind int) series { return all[site*len(kinds)+kind] }
	const uncache, byHand = 1, 3 // among sites
	var rows [][]string
	var lines []line
	for i, s := range sites {
		row := []string{s.name}
		for k, kind := range kinds {
			row = append(row, number(of(i, k).estimate(cpu).mid))
			if i == uncache || i == byHand {
				lines = append(lines, line{s.name + ", " + kind, [][2]float64{{float64(n), of(i, k).estimate(cpu).mid}}})
			}
		}
		row = append(row,
			ratio(of(i, 1), of(i, 0), cpu).String(),
			ratio(of(i, 1), of(byHand, 1), cpu).String(),
			ratio(of(i, 2), of(byHand, 2), cpu).String())
		misses := "-"
		if s.rendered != nil {
			misses = fmt.Sprint(s.rendered.Load() - before[i])
		}
		rows = append(rows, append(row, misses))
	}
	b.printf("\n%d pages, CPU ns a hit:", n)
	b.table([]string{"", "one page", "Zipf", "uniform", "Zipf × one page", "Zipf × otter", "uniform × otter", "misses"}, rows)
	switch {
	case n == b.size(1_000_000):
		b.bar(fmt.Sprintf("%d pages, Zipf over one page", n), ratio(of(uncache, 1), of(uncache, 0), cpu), 2.5)
		b.bar(fmt.Sprintf("%d pages, uniform over otter", n), ratio(of(uncache, 2), of(byHand, 2), cpu), 1.5)
	case n == b.size(10_000):
		b.bar(fmt.Sprintf("%d pages, Zipf over one page", n), ratio(of(uncache, 1), of(uncache, 0), cpu), 1.3)
		b.bar(fmt.Sprintf("%d pages, uniform over otter", n), ratio(of(uncache, 2), of(byHand, 2), cpu), 1.3)
	}
	return lines
}

// A sequence is what visitors ask for next. It is made anew before each round:
// otherwise a long race would ask for some of a million pages again and again.
type sequence struct {
	n     int
	dice  *rand.Rand
	zipf  *rand.Zipf
	paths []string
	ends  []int
	text  []byte
}

func newSequence(n, length int) *sequence {
	dice := rand.New(rand.NewPCG(1, uint64(n)))
	return &sequence{n: n, dice: dice, zipf: rand.NewZipf(dice, 1.1, 1, uint64(n-1)),
		paths: make([]string, length), ends: make([]int, length)}
}

func (s *sequence) choose(kind string) {
	s.text = s.text[:0]
	for i := range s.paths {
		page := 0
		switch kind {
		case "Zipf":
			page = int(s.zipf.Uint64()) * 7919 % s.n // what is asked for often was not stored first
		case "uniform":
			page = s.dice.IntN(s.n)
		}
		s.text = appendSitePath(s.text, page)
		s.ends[i] = len(s.text)
	}
	all, from := string(s.text), 0
	for i, end := range s.ends {
		s.paths[i], from = all[from:end], end
	}
}
