package engine

import (
	"slices"
	"sync"
	"time"

	"github.com/uncache/uncache/cache"
)

// flights are those of all keys.
type flights[V any] struct {
	storage *storage[V]
	took    durations // of the fill of each key

	mu       sync.Mutex
	queues   map[string]*queue[V] // of the keys that have flights
	finished []*Flight[V]         // the flights that have ended and can still be joined, oldest first
}

// maxFinished is how many flights that have ended are kept for requests that come a
// moment late.
const maxFinished = 64

// enter is Values.Enter.
func (fs *flights[V]) enter(key string, took time.Duration, deps []cache.Dependency) (fl *Flight[V], leads bool) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.forgetFinished(time.Now())
	q := fs.queues[key]
	if q != nil {
		for _, fl := range slices.Backward(q.running) {
			if fs.mayJoin(fl) {
				return fl, false
			}
		}
		if fl := q.finished; fl != nil && fs.mayJoin(fl) {
			return fl, false
		}
	} else {
		q = &queue[V]{flights: fs, key: key}
		fs.queues[key] = q
	}
	if q.interval == 0 {
		if known := fs.took.of(key); known > 0 {
			took = known
		}
		q.interval = firstInterval(took)
	}
	fl = q.begin() // a flight that was purged goes on, and nobody joins it any more
	fl.fill.Add(deps...)
	return fl, true
}

// alone is Values.Alone.
func (fs *flights[V]) alone(key string) *Flight[V] {
	return &Flight[V]{flights: fs, key: key, fill: fs.storage.c.Begin(), extra: true}
}

// mayJoin reports whether the value that fl makes may answer a request which has
// confirmed the log.
func (fs *flights[V]) mayJoin(fl *Flight[V]) bool {
	verdict, _ := fs.storage.c.reader.view().judge(fl.fill.stamp, fl.fill.Hashes())
	return verdict == Fresh
}

// recheck judges a value once more, by the purges since it was made.
func (fs *flights[V]) recheck(now Waited[V]) Waited[V] {
	if now.How != WaitedMade {
		return now
	}
	if !fs.mayJoin(now.Flight) {
		return Waited[V]{How: WaitedAgain}
	}
	now.Value = now.Flight.value
	return now
}

// forgetFinished drops the flights that ended too long ago to be joined, and the
// oldest ones where there are too many. The caller holds mu.
func (fs *flights[V]) forgetFinished(now time.Time) {
	n := 0
	for n < len(fs.finished) && (len(fs.finished)-n > maxFinished || fs.finished[n].until.Before(now)) {
		fl := fs.finished[n]
		if fl.queue.finished == fl {
			fl.queue.finished = nil
			fl.queue.cleanUp()
		}
		n++
	}
	fs.finished = slices.Delete(fs.finished, 0, n)
}

// forget drops the flights of keys that have ended. The values of these keys are being
// deleted, and must not be given to requests that come a moment later.
func (fs *flights[V]) forget(keys []string) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for _, key := range keys {
		if q, ok := fs.queues[key]; ok {
			q.finished = nil
			q.cleanUp()
		}
	}
}
