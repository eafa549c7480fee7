package engine

import (
	"slices"
	"sync"
	"time"

	"github.com/uncache/uncache/cache"
)

// A Flight is a fill that other requests may wait for. Concurrent requests for one
// value share one fill, but never across a purge:
//
//  1. fill F begins, and reads the old row
//  2. a save commits, its purge returns
//  3. request R begins                    the view that R confirmed names what
//     F has named so far: R does not join, it leads a fill of its own
//  4. F names a group late                R', which joined before that, is told
//     at the end that F's value is not for it
//
// The request that starts a flight leads it. It makes the value, names in
// [Flight.Fill] what the value is made from, and ends the flight exactly once,
// whatever happens. Others call [Flight.Wait].
type Flight[V any] struct {
	v         *Values[V]
	crowd     *crowd[V] // nil for a flight that nobody can join
	key       string
	fill      *Fill
	began     time.Time
	number    int           // among those of its crowd
	took      time.Duration // how long the making took, if the leader knows better
	extra     bool          // another flight was too slow: this one waits for no lease
	overtaken bool          // a flight that began later has ended before: nobody waits for this one
	once      sync.Once
	ended     bool
	value     V
	ok        bool
	until     time.Time  // for how long others may still join, once it has ended
	holds     string     // the lease that the leader has, by its holder's name; "" for none
	found     *Stored[V] // what the leader was given by Await, in place of a turn
	stored    *Stored[V] // what it has ended with, if that was found and not made
}

// lingering is how many flights that have ended are kept for requests that come a
// moment late.
const lingering = 64

// Enter joins the flight of key that is under way, if it may answer a request that
// begins now, as far as one can tell. Otherwise it starts one, which depends on deps
// from the start, and reports that the caller leads it. took is how long the making
// of the value took last time; 0 stands for what this process remembers of that.
//
// Call Enter after a Get that returned no error: Get is what confirms the log. A
// caller that leads calls [Flight.Await] next.
func (v *Values[V]) Enter(key string, took time.Duration, deps ...cache.Dependency) (fl *Flight[V], leads bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.land(time.Now())
	cr := v.crowds[key]
	if cr != nil {
		for _, fl := range slices.Backward(cr.flying) {
			if v.mayJoin(fl) {
				return fl, false
			}
		}
		if fl := cr.landed; fl != nil && v.mayJoin(fl) {
			return fl, false
		}
	} else {
		cr = &crowd[V]{v: v, key: key}
		v.crowds[key] = cr
	}
	if cr.pause == 0 {
		if known := v.lasted.of(key); known > 0 {
			took = known
		}
		cr.pause = patience(took)
	}
	fl = cr.launch() // one that was purged goes on, and nobody joins it any more
	fl.fill.Add(deps...)
	return fl, true
}

// Alone starts a flight that nobody joins and that waits for no lease: the flights of
// others were too slow.
func (v *Values[V]) Alone(key string) *Flight[V] {
	return &Flight[V]{v: v, key: key, fill: v.c.Begin(), extra: true}
}

// mayJoin reports whether a request that has confirmed the log may be answered by
// what fl makes.
func (v *Values[V]) mayJoin(fl *Flight[V]) bool {
	verdict, _ := v.c.view().judge(fl.fill.stamp, fl.fill.snapshot())
	return verdict == Fresh
}

// Fill returns the fill that the flight's leader makes.
func (fl *Flight[V]) Fill() *Fill { return fl.fill }

// Took tells how long the making of the value took, for the next time. By default it
// is the time from the beginning of the flight to its end.
func (fl *Flight[V]) Took(d time.Duration) { fl.took = d }

// Finish ends the flight with its value, or with ok false if there is none for a
// reason that is the leader's own: its visitor has left, say. One of the waiting
// requests then leads a flight, and the others wait for that. Only the first call
// that ends a flight counts, so it can be deferred against panics.
//
// A flight with a value can be joined for a while after its end, by requests whose
// Get began before the value was stored: as long as a Get may take.
func (fl *Flight[V]) Finish(value V, ok bool) {
	fl.end(func() {
		fl.value, fl.ok = value, ok && !fl.fill.RolledBack() && !fl.fill.TooMany()
		cr, now := fl.crowd, time.Now()
		if !fl.ok {
			cr.carryOn(fl)
			return
		}
		v := fl.v
		if fl.took <= 0 {
			fl.took = now.Sub(fl.began)
		}
		v.lasted.set(fl.key, fl.took)
		cr.overtake(fl)
		if cr.landed == nil || cr.landed.number < fl.number {
			fl.until = now.Add(v.c.opts.Timeout)
			cr.landed = fl
			v.landed = append(v.landed, fl)
		}
		if v.mayJoin(fl) {
			cr.tell(Waited[V]{How: WaitedMade, Flight: fl})
		} else {
			cr.carryOn(fl)
		}
		v.land(now)
	})
}

// LetGo ends the flight without a value that others may have: making it failed, or
// it is of no use to anybody else. All waiting requests make their own, at once: to
// try one after another would add up.
func (fl *Flight[V]) LetGo() { fl.endFor(WaitedAlone) }

// LookAgain ends the flight without a value, because what was looked for is stored by
// now, under this key or another. All waiting requests look for it.
func (fl *Flight[V]) LookAgain() { fl.endFor(WaitedAgain) }

func (fl *Flight[V]) endFor(how How) {
	fl.end(func() {
		if !fl.overtaken {
			fl.crowd.overtake(fl)
			fl.crowd.tell(Waited[V]{How: how})
		}
	})
}

// FinishStored is for code that integrates a cache of its own, as pagecache does. It
// ends the flight with a value that was found and not made: the one that
// [Flight.Await] returned or, for want of a better one, what has become stale.
// It goes to the requests that wait already, unless it was purged in the meantime,
// and to none that comes later. What Await returned was fresh, so nobody has asked
// whether waiting requests allow for less: there a soft purge is a purge.
func (fl *Flight[V]) FinishStored(s *Stored[V]) {
	fl.end(func() {
		// A waiting request has confirmed the log before it entered, which was
		// before this: the view judges for all of them.
		verdict, _ := fl.v.c.view().judge(s.stamp, s.deps)
		fl.stored = s
		fl.value, fl.ok = s.Value, verdict == Fresh || verdict == SoftPurged && s != fl.found
		if fl.ok {
			fl.crowd.overtake(fl)
		}
		if fl.ok && fl.v.mayJoin(fl) {
			fl.crowd.tell(Waited[V]{How: WaitedMade, Flight: fl})
		} else {
			fl.crowd.carryOn(fl)
		}
	})
}

// end calls how, with the lock, if fl has not ended yet, and gives its lease back.
func (fl *Flight[V]) end(how func()) {
	fl.once.Do(func() {
		if fl.crowd != nil {
			fl.v.mu.Lock()
			fl.ended = true
			fl.crowd.leave(fl)
			how()
			fl.crowd.tidy()
			fl.v.mu.Unlock()
		}
		fl.release()
	})
}

// PassTo makes f depend on what the value of a flight that has ended was made from. A
// nil f is none.
func (fl *Flight[V]) PassTo(f *Fill) {
	switch {
	case f == nil:
	case fl.stored != nil:
		f.addHashes(fl.stored.deps)
	default:
		f.addHashes(fl.fill.snapshot())
	}
}

// land takes out the flights that can't be joined any more, and the oldest ones
// when there are too many. The caller holds mu.
func (v *Values[V]) land(now time.Time) {
	n := 0
	for n < len(v.landed) && (len(v.landed)-n > lingering || v.landed[n].until.Before(now)) {
		fl := v.landed[n]
		if fl.crowd.landed == fl {
			fl.crowd.landed = nil
			fl.crowd.tidy()
		}
		n++
	}
	v.landed = slices.Delete(v.landed, 0, n)
}

// leave takes out the flights of keys that have ended. Whoever deletes what one of
// them stored does not want it to be given to requests that come a moment later.
func (v *Values[V]) leave(keys []string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, key := range keys {
		if cr, ok := v.crowds[key]; ok {
			cr.landed = nil
			cr.tidy()
		}
	}
}
