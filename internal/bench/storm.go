package main

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	stormPages    = 100
	stormSaves    = 1000 // a second
	stormRequests = 4000 // a second
	stormVisitors = 64
	stormRender   = 5 * time.Millisecond
)

// A storm is a site whose records are saved all the time.
type storm struct {
	saved    [stormPages]atomic.Int64 // versions of the records
	purged   [stormPages]atomic.Int64 // versions whose purge has returned
	rendered atomic.Int64
}

// render reads a record and makes its page: its version, and some HTML.
func (s *storm) render(page int) []byte {
	s.rendered.Add(1)
	version := s.saved[page].Load()
	time.Sleep(stormRender)
	return append(fmt.Appendf(nil, "%d ", version), html4K...)
}

// A stormSite is a cache in front of the site.
type stormSite struct {
	name  string
	ask   func() func(page int) []byte // makes a visitor
	purge func(page int)
}

// benchStorm is what visitors see while records are saved all the time.
func benchStorm(b *bench) {
	b.printf(`%d pages that take %v to render. %d saves a second, of one page after the
other, each followed by a purge of its page. %d requests a second for all pages alike, whether
or not earlier ones were answered. How long do visitors wait, how often is a
page rendered, and how many answers are wrong: empty, or older than a purge that had
returned before the request? Peers delete the key of the page.`, stormPages, stormRender, stormSaves, stormRequests)
	opens := b.stormSites()
	var all []stormSeries
	for range opens {
		all = append(all, stormSeries{})
	}
	long := min(50*b.round, time.Second)
	for range min(max(b.rounds/5, 1), 8) {
		for i, open := range opens {
			b.part(func() {
				s := new(storm)
				site := open(s)
				all[i].name = site.name
				b.runStorm(s, site, long, &all[i])
			})
		}
	}
	var rows [][]string
	for _, x := range all {
		rows = append(rows, []string{x.name, x.quantile(0.5), x.quantile(0.99), x.quantile(0.999),
			number(float64(x.rendered) / x.took.Seconds()), percent(float64(x.wrong) / float64(len(x.waits))),
			number(float64(x.saves) / x.took.Seconds()), number(float64(x.cpu) / float64(len(x.waits)) / 1000)})
		for _, q := range []float64{0.5, 0.99, 0.999} {
			b.report.value(b.name, x.name, float64(x.at(q)), fmt.Sprintf("p%v-ns", 100*q))
		}
		b.report.value(b.name, x.name, float64(x.rendered)/x.took.Seconds(), "renderings/s")
		b.report.value(b.name, x.name, float64(x.wrong)/float64(len(x.waits)), "wrong/request")
	}
	b.table([]string{"", "p50", "p99", "p99.9", "renderings a second", "wrong answers", "saves a second", "CPU µs a request"}, rows)
}

// A stormSeries is what several runs of one site came to.
type stormSeries struct {
	name     string
	waits    []time.Duration
	wrong    int
	rendered int64
	saves    int
	took     time.Duration
	cpu      time.Duration
}

func (s *stormSeries) at(q float64) time.Duration {
	slices.Sort(s.waits)
	return s.waits[min(int(q*float64(len(s.waits))), len(s.waits)-1)]
}

func (s *stormSeries) quantile(q float64) string { return s.at(q).Round(time.Microsecond).String() }

// runStorm lets it blow for some time.
func (b *bench) runStorm(s *storm, site stormSite, long time.Duration, into *stormSeries) {
	warm := site.ask()
	for page := range stormPages {
		go site.ask()(page) // they all take their time
	}
	for page := range stormPages {
		warm(page)
	}
	renderedBefore, cpuBefore, began := s.rendered.Load(), cpuTime(), time.Now()
	var wg sync.WaitGroup
	wg.Go(func() {
		b.atRate(began, long, stormSaves, func(i int, _ time.Time) {
			page := i % stormPages
			version := s.saved[page].Add(1)
			site.purge(page)
			s.purged[page].Store(version)
			into.saves++
		})
	})
	var mu sync.Mutex
	for v := range stormVisitors {
		ask := site.ask()
		wg.Go(func() {
			var waits []time.Duration
			wrong := 0
			b.atRate(began.Add(time.Duration(v)*time.Second/stormRequests), long, stormRequests/stormVisitors, func(i int, due time.Time) {
				page := (i*stormVisitors + v) * 37 % stormPages
				least := s.purged[page].Load()
				body := ask(page)
				waits = append(waits, time.Since(due))
				var version int64
				if _, err := fmt.Sscan(string(body[:min(len(body), 20)]), &version); err != nil || version < least {
					wrong++ // or it is empty
				}
			})
			mu.Lock()
			defer mu.Unlock()
			into.waits, into.wrong = append(into.waits, waits...), into.wrong+wrong
		})
	}
	wg.Wait()
	into.took += time.Since(began)
	into.cpu += cpuTime() - cpuBefore
	into.rendered += s.rendered.Load() - renderedBefore
}

// atRate calls f so many times a second. f is told when its turn was: as long as the
// call before it took its time, that is earlier than now. A timer that is late is not f's fault.
func (b *bench) atRate(began time.Time, long time.Duration, rate int, f func(i int, due time.Time)) {
	for i := range max(int(long.Seconds()*float64(rate)), 1) {
		due := began.Add(time.Duration(i) * time.Second / time.Duration(rate))
		if wait := time.Until(due); wait > 0 {
			time.Sleep(wait)
			due = time.Now()
		}
		f(i, due)
	}
}
