package main

import (
	"container/heap"
	"math/rand/v2"
	"slices"
	"time"
)

// A fleet is what is simulated.
type fleet struct {
	Nodes    int
	Hits     float64       // a second, of all nodes
	Near     float64       // the share of them that the near tier has
	Purges   float64       // a second
	MaxStale time.Duration // 0: strict
	Masters  int           // of the cluster
	Logs     int           // into which hosts or tenants are split, each on a master of its own
	Trip     time.Duration // there and back, without any queue
	Costs    costs
	Length   time.Duration // of what is counted; as much again runs before, for warming up
	Seed     uint64
}

// costs are the CPU times that commands take of a master, and the sizes of what
// it answers.
type costs struct {
	Page, Head, Since, Event, Append time.Duration
	PageBytes, HeadBytes, EventBytes int
}

// A report is what came of it, of the busiest master where one is meant.
type report struct {
	Reads    float64 // of a log's head a second, on the busiest master
	Busy     float64 // share of that master's time; 1 is all
	Out      float64 // bytes a second that it sends
	Median   time.Duration
	Slow     time.Duration // the 99th percentile of what a hit waits for Redis
	Answered float64       // hits a second
}

// A sim is a simulation while it runs. Time is in nanoseconds.
type sim struct {
	fleet
	rng     *rand.Rand
	now     int64
	agenda  agenda
	masters []*master
	logs    []*simLog
	nodes   [][]*view // of each node, one for each log
	waits   []time.Duration
	hits    int
}

// A master answers one command after another.
type master struct {
	free  int64 // when it has answered all
	busy  int64 // how long it worked, since counting began
	reads int
	out   int
}

// A simLog is a log: where it is and what its last position is.
type simLog struct {
	at   *master
	head int
}

// A view is what one node knows of one log.
type view struct {
	log       *simLog
	pos       int
	confirmed int64 // when the newest read began
	running   bool
	next      []func() // those that wait for the next round
}

func simulate(f fleet) report {
	s := &sim{fleet: f, rng: rand.New(rand.NewPCG(f.Seed, 1))}
	for range f.Masters {
		s.masters = append(s.masters, new(master))
	}
	for i := range f.Logs {
		s.logs = append(s.logs, &simLog{at: s.masters[i%f.Masters]})
	}
	for range f.Nodes {
		views := make([]*view, f.Logs)
		for i, l := range s.logs {
			views[i] = &view{log: l}
		}
		s.nodes = append(s.nodes, views)
	}
	s.arrive()
	if f.Purges > 0 {
		s.after(s.exponential(f.Purges), s.purge)
	}
	if f.MaxStale > 0 {
		for _, views := range s.nodes {
			for _, v := range views {
				s.after(s.rng.Int64N(int64(f.MaxStale/2)), func() { s.keep(v) })
			}
		}
	}
	s.run(int64(f.Length))
	for _, m := range s.masters {
		*m = master{free: m.free}
	}
	s.waits, s.hits = nil, 0
	s.run(int64(2 * f.Length))
	return s.report()
}

func (s *sim) run(until int64) {
	for len(s.agenda) > 0 && s.agenda[0].at <= until {
		e := heap.Pop(&s.agenda).(entry)
		s.now = e.at
		e.do()
	}
	s.now = until
}

func (s *sim) report() report {
	seconds := s.Length.Seconds()
	var r report
	for _, m := range s.masters {
		if busy := float64(m.busy) / float64(s.Length); busy >= r.Busy {
			r.Busy, r.Reads, r.Out = busy, float64(m.reads)/seconds, float64(m.out)/seconds
		}
	}
	r.Answered = float64(s.hits) / seconds
	if len(s.waits) > 0 {
		slices.Sort(s.waits)
		r.Median, r.Slow = s.waits[len(s.waits)/2], s.waits[len(s.waits)*99/100]
	}
	return r
}

// arrive lets hits come, one after another.
func (s *sim) arrive() {
	s.after(s.exponential(s.Hits), func() {
		s.arrive()
		v := s.nodes[s.rng.IntN(s.Nodes)][s.rng.IntN(s.Logs)]
		came := s.now
		switch near := s.rng.Float64() < s.Near; {
		case near && s.recent(v):
			s.answered(came)
		case near:
			s.confirm(v, func() { s.answered(came) })
		default:
			s.far(v)
		}
	})
}

// recent reports whether a request may do with the view as it is.
func (s *sim) recent(v *view) bool {
	return s.MaxStale > 0 && s.now-v.confirmed <= int64(s.MaxStale)
}

// far asks for a page and, in the same round trip, for the head.
func (s *sim) far(v *view) {
	began, recent := s.now, s.recent(v)
	page := s.masters[s.rng.IntN(s.Masters)]
	waiting := 1
	answer := func() {
		if waiting--; waiting > 0 {
			return
		}
		if !recent && v.log.head > v.pos {
			s.confirm(v, func() { s.answered(began) }) // there are events to read
			return
		}
		s.answered(began)
	}
	if !recent {
		waiting++
		s.ask(v.log.at, s.Costs.Head, s.Costs.HeadBytes, true, answer)
	}
	s.ask(page, s.Costs.Page, s.Costs.PageBytes, false, answer)
}

// confirm waits for a read of the log that begins from now on: one is in flight
// at a time.
func (s *sim) confirm(v *view, done func()) {
	if v.running {
		v.next = append(v.next, done)
		return
	}
	s.read(v, []func(){done})
}

func (s *sim) read(v *view, waiting []func()) {
	v.running = true
	began := s.now
	s.since(v, func() {
		v.confirmed = began
		for _, done := range waiting {
			done()
		}
		v.running = false
		if next := v.next; len(next) > 0 {
			v.next = nil
			s.read(v, next)
		}
	})
}

// since reads the events that a node does not know.
func (s *sim) since(v *view, done func()) {
	m := v.log.at
	s.after(int64(s.Trip/2), func() {
		events := v.log.head - v.pos
		cost := s.Costs.Since + time.Duration(events)*s.Costs.Event
		head := v.log.head
		s.serve(m, cost, s.Costs.HeadBytes+events*s.Costs.EventBytes, true, func() {
			v.pos = max(v.pos, head)
			done()
		})
	})
}

// keep is the background reader of a MaxStale.
func (s *sim) keep(v *view) {
	began := s.now
	s.confirm(v, func() {
		s.after(max(began+int64(s.MaxStale/2)-s.now, 0), func() { s.keep(v) })
	})
}

func (s *sim) purge() {
	s.after(s.exponential(s.Purges), s.purge)
	l := s.logs[s.rng.IntN(len(s.logs))]
	s.after(int64(s.Trip/2), func() {
		s.serve(l.at, s.Costs.Append, s.Costs.HeadBytes, false, func() {})
		l.head++
	})
}

// ask sends a command and waits for its answer.
func (s *sim) ask(m *master, cost time.Duration, bytes int, read bool, done func()) {
	s.after(int64(s.Trip/2), func() { s.serve(m, cost, bytes, read, done) })
}

// serve has m work, when it comes to it, and the answer travel.
func (s *sim) serve(m *master, cost time.Duration, bytes int, read bool, done func()) {
	m.free = max(m.free, s.now) + int64(cost)
	m.busy += int64(cost)
	m.out += bytes
	if read {
		m.reads++
	}
	s.after(m.free-s.now+int64(s.Trip/2), done)
}

func (s *sim) answered(came int64) {
	s.hits++
	s.waits = append(s.waits, time.Duration(s.now-came))
}

// exponential is the time between two of what comes rate times a second.
func (s *sim) exponential(rate float64) int64 { return int64(s.rng.ExpFloat64() / rate * 1e9) }

func (s *sim) after(d int64, do func()) { heap.Push(&s.agenda, entry{s.now + d, do}) }

// An agenda is what is to be done, the next first.
type agenda []entry

type entry struct {
	at int64
	do func()
}

func (a agenda) Len() int           { return len(a) }
func (a agenda) Less(i, j int) bool { return a[i].at < a[j].at }
func (a agenda) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)        { *a = append(*a, x.(entry)) }
func (a *agenda) Pop() any {
	old := *a
	e := old[len(old)-1]
	old[len(old)-1] = entry{}
	*a = old[:len(old)-1]
	return e
}
