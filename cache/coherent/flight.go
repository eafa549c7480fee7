package coherent

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/uncache/uncache/cache"
)

// A Flight is a fill that others may wait for. Concurrent requests for one
// value are collapsed into it, but never across a purge:
//
//  1. fill F begins, and reads the old row
//  2. a save commits, its purge returns
//  3. request R begins                    the view that R confirmed names what
//     F has named so far: R does not join, it leads a fill of its own
//  4. F names a group late                R', which joined before that, is told
//     at the end that F's value is not for it
type Flight[V any] struct {
	v      *Values[V]
	key    string
	fill   *Fill
	once   sync.Once
	done   chan struct{}
	value  V
	ok     bool
	until  time.Time  // for how long others may still join, once it is done
	holds  string     // the lease that the leader has, by its holder's name; "" for none
	found  *Stored[V] // what the leader was given by Await, in place of a turn
	stored *Stored[V] // what it has ended with, if that was found and not made
}

// lingering is how many flights that have ended are kept for those who come a
// moment late.
const lingering = 64

// Enter joins the fill of key that is under way, if a request that begins now
// may be answered by it as far as one can tell; otherwise it leads a new one,
// which depends on deps from the start. Call it after a Get that returned no
// error, which confirmed the log.
//
// Who leads makes the value, names in [Flight.Fill] what it is made from, and
// must call [Flight.Finish], whatever happens. Who does not calls
// [Flight.Wait].
func (v *Values[V]) Enter(key string, deps ...cache.Dependency) (fl *Flight[V], leads bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.land(time.Now())
	if fl, ok := v.flights[key]; ok {
		if verdict, _ := v.c.view.judge(fl.fill.stamp, fl.fill.snapshot()); verdict == Fresh {
			return fl, false
		}
	}
	fl = &Flight[V]{v: v, key: key, fill: v.c.Begin(), done: make(chan struct{})}
	fl.fill.Add(deps...)
	v.flights[key] = fl // one that was purged goes on, and nobody joins it any more
	return fl, true
}

// Fill returns the fill that the flight's leader makes.
func (fl *Flight[V]) Fill() *Fill { return fl.fill }

// Finish ends the flight: with its value, or with ok false if there is none
// that others may have, because making it failed or because it is private. Only
// the first call counts, so that it can be deferred against panics.
//
// A flight with a value can be joined for a while after its end, by those whose
// Get began before the value was stored: as long as a Get may take.
func (fl *Flight[V]) Finish(value V, ok bool) {
	fl.once.Do(func() {
		v := fl.v
		ok = ok && !fl.fill.RolledBack() && !fl.fill.TooMany()
		fl.value, fl.ok = value, ok
		v.mu.Lock()
		switch {
		case v.flights[fl.key] != fl:
		case !ok:
			delete(v.flights, fl.key)
		default:
			now := time.Now()
			fl.until = now.Add(v.c.opts.Timeout)
			v.landed = append(v.landed, fl)
			v.land(now)
		}
		v.mu.Unlock()
		close(fl.done)
		fl.release()
	})
}

// FinishStored is for code that integrates a cache of its own, as pagecache does. It
// ends the flight with a value that was found and not made: the one that
// [Flight.Await] returned or, for want of a better one, what has become stale.
// It goes to those who wait already, unless it was purged in the meantime, and to
// nobody who comes later. What Await returned was fresh, so that nobody has asked
// whether those who wait allow for less: of that a soft purge is a purge.
func (fl *Flight[V]) FinishStored(s *Stored[V]) {
	fl.once.Do(func() {
		v := fl.v
		v.mu.Lock()
		if v.flights[fl.key] == fl {
			delete(v.flights, fl.key)
		}
		// Whoever waits has confirmed the log before it entered, which was
		// before this: the view judges for all of them.
		verdict, _ := v.c.view.judge(s.stamp, s.deps)
		fl.stored = s
		fl.value, fl.ok = s.Value, verdict == Fresh || verdict == SoftPurged && s != fl.found
		v.mu.Unlock()
		close(fl.done)
		fl.release()
	})
}

// deps returns what the value of a flight that has ended was made from.
func (fl *Flight[V]) deps() []uint64 {
	if fl.stored != nil {
		return fl.stored.deps
	}
	return fl.fill.snapshot()
}

// land takes out the flights that can't be joined any more, and the oldest ones
// when there are too many. The caller holds mu.
func (v *Values[V]) land(now time.Time) {
	n := 0
	for n < len(v.landed) && (len(v.landed)-n > lingering || v.landed[n].until.Before(now)) {
		if fl := v.landed[n]; v.flights[fl.key] == fl {
			delete(v.flights, fl.key)
		}
		n++
	}
	v.landed = slices.Delete(v.landed, 0, n)
}

// leave takes out the flights of keys that have ended. Whoever deletes what one of
// them stored does not want it to be given to those who come a moment later.
func (v *Values[V]) leave(keys []string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, key := range keys {
		if fl, ok := v.flights[key]; ok && !fl.until.IsZero() {
			delete(v.flights, key)
		}
	}
}

// Wait waits for the flight's value. ok is false if the flight brought none, or
// one that was purged in the meantime; the caller then makes its own. The error
// is ctx's.
func (fl *Flight[V]) Wait(ctx context.Context) (value V, ok bool, err error) {
	select {
	case <-fl.done:
	case <-ctx.Done():
		return value, false, fmt.Errorf("coherent: waiting for the fill of %q: %w", fl.key, context.Cause(ctx))
	}
	if !fl.ok {
		return value, false, nil
	}
	if verdict, _ := fl.v.c.view.judge(fl.fill.stamp, fl.fill.snapshot()); verdict != Fresh {
		return value, false, nil
	}
	return fl.value, true, nil
}
