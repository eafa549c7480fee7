package engine

import (
	"sync"
	"time"
)

// A Flight is a fill that other requests may wait for.
//
// Concurrent requests for one value share one fill, but never across a purge:
//
//	fill F begins and reads the old row
//	                         a save commits; its purge returns
//	request R begins         R's view says that the purge names a dependency of F:
//	                         R does not join F, it starts a fill of its own
//	F names a group late     if the purge names that group, requests that joined F
//	                         are not given its value
//
// The request that starts a flight leads it. It makes the value, names dependencies in
// [Flight.Fill], and ends the flight exactly once, whatever happens: with
// [Flight.Finish], FinishStored, Fail or LookAgain. Others call [Flight.Wait].
type Flight[V any] struct {
	flights *flights[V]
	queue   *queue[V] // nil if nobody can join
	key     string
	fill    *Fill
	began   time.Time
	number  int           // among those of its queue
	took    time.Duration // how long the fill took, if the leader knows better
	extra   bool          // another flight was too slow: this one waits for no lease
	holder  string        // the holder's name of the leader's lease; "" for none
	awaited *Stored[V]    // what Await returned

	overtaken bool // a later flight has ended before: nobody waits for this one
	once      sync.Once
	ended     bool
	ok        bool       // it has ended with value
	value     V          //
	found     *Stored[V] // where value was found and not made
	until     time.Time  // until then other requests may join, after the end
}

// Fill returns the fill that the flight's leader makes.
func (fl *Flight[V]) Fill() *Fill { return fl.fill }

// Took says how long the fill took, for the next time. By default it is the time from
// the beginning of the flight to its end.
func (fl *Flight[V]) Took(d time.Duration) { fl.took = d }

// Finish ends the flight with its value.
//
// With ok false it ends without one, for a reason of the leader's own: its visitor has
// left, for example. Then one of the waiting requests leads a flight, and the others
// wait for that.
//
// Only the first call that ends a flight counts, so it can be deferred against panics.
//
// A request may have looked for the value just before it was stored. It may still join,
// for as long as a lookup takes.
func (fl *Flight[V]) Finish(value V, ok bool) {
	fl.end(func() {
		fl.value, fl.ok = value, ok && !fl.fill.RolledBack() && !fl.fill.TooMany()
		fs, q, now := fl.flights, fl.queue, time.Now()
		if !fl.ok {
			q.beginNext(fl)
			return
		}
		if fl.took <= 0 {
			fl.took = now.Sub(fl.began)
		}
		fs.took.set(fl.key, fl.took)
		q.overtake(fl)
		if q.finished == nil || q.finished.number < fl.number {
			fl.until = now.Add(fs.storage.c.opts.Timeout)
			q.finished = fl
			fs.finished = append(fs.finished, fl)
		}
		if fs.mayJoin(fl) {
			q.tellAll(Waited[V]{How: WaitedMade, Flight: fl})
		} else {
			q.beginNext(fl)
		}
		fs.forgetFinished(now)
	})
}

// FinishStored ends the flight with a value that was found and not made: the one that
// [Flight.Await] returned or, for want of a better one, a stale one.
//
// It is given to the requests that wait already, unless it was purged meanwhile. Later
// requests do not join. What Await returned was fresh, and nobody has asked whether the
// waiting requests allow stale values: for it, a soft purge is a purge.
func (fl *Flight[V]) FinishStored(s *Stored[V]) {
	fl.end(func() {
		// Waiting requests confirmed the log before they entered, so the view judges
		// for all of them.
		fs, q := fl.flights, fl.queue
		verdict, _ := fs.storage.c.reader.view().judge(s.stamp, s.deps)
		fl.found = s
		fl.value, fl.ok = s.Value, verdict == Fresh || verdict == SoftPurged && s != fl.awaited
		if fl.ok {
			q.overtake(fl)
		}
		if fl.ok && fs.mayJoin(fl) {
			q.tellAll(Waited[V]{How: WaitedMade, Flight: fl})
		} else {
			q.beginNext(fl)
		}
	})
}

// Fail ends the flight without a value for others: making it failed, or it is of no use
// to them. All waiting requests make their own at once, since waiting for one attempt
// after another would add up.
func (fl *Flight[V]) Fail() { fl.endWithout(WaitedAlone) }

// LookAgain ends the flight without a value, because it is stored by now, under this
// key or another. All waiting requests look for it.
func (fl *Flight[V]) LookAgain() { fl.endWithout(WaitedAgain) }

func (fl *Flight[V]) endWithout(how How) {
	fl.end(func() {
		if !fl.overtaken {
			fl.queue.overtake(fl)
			fl.queue.tellAll(Waited[V]{How: how})
		}
	})
}

// end calls f with the lock, if fl has not ended yet, and releases its lease.
func (fl *Flight[V]) end(f func()) {
	fl.once.Do(func() {
		if fl.queue != nil {
			fl.flights.mu.Lock()
			fl.ended = true
			fl.queue.remove(fl)
			f()
			fl.queue.cleanUp()
			fl.flights.mu.Unlock()
		}
		fl.release()
	})
}

// PassTo makes f depend on the dependencies of the flight's value, after its end. A nil
// f is ignored.
func (fl *Flight[V]) PassTo(f *Fill) {
	switch {
	case f == nil:
	case fl.found != nil:
		f.addHashes(fl.found.deps)
	default:
		f.addHashes(fl.fill.Hashes())
	}
}
