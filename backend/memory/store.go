package memory

import (
	"sync"
	"sync/atomic"
	"time"

	gocache "github.com/patrickmn/go-cache"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/held"
)

// store is the bounded map under a [Backend]. A hit takes no lock, a miss
// go-cache's read lock; whatever changes items takes mu first, so that under mu
// the front, the clock and the counters agree with items.
//
// Rejected: many stores with a share of the bounds each. Hits on one page would
// still pass one lock around; a value of more than its share could not be stored;
// and evicting the oldest of a share is not evicting the oldest.
type store struct {
	maxEntries int
	maxBytes   int64
	start      time.Time

	// items never expires anything by itself. go-cache hides an item from the
	// moment it expires, also from the one who replaces it and has to know what
	// it counted; its janitor cannot be stopped; its ttls 0 and -1 mean other
	// things than ours. Hence entries carry their deadline themselves.
	items *gocache.Cache
	front *front

	closed atomic.Bool // written under mu

	mu    sync.Mutex
	clock clock
	stats Stats
}

// Stats says what a [Backend] holds, and how many values left it or were
// refused since it was made. Bytes are counted as Options.MaxBytes says.
type Stats = cache.Stats

func newStore(opts Options) *store {
	return &store{
		maxEntries: opts.MaxEntries,
		maxBytes:   opts.MaxBytes,
		start:      time.Now(),
		items:      gocache.New(gocache.NoExpiration, 0),
		front:      newFront(),
	}
}

// now is read off the monotonic clock: setting the wall clock neither expires
// nor prolongs anything.
func (s *store) now() time.Duration { return time.Since(s.start) }

// deadline is never 0 for a ttl that isn't, and a ttl beyond the end of time is
// as good as none.
func (s *store) deadline(ttl time.Duration) time.Duration {
	if ttl == 0 {
		return 0
	}
	if d := s.now() + ttl; d > 0 {
		return d
	}
	return 0
}

// get returns the entry under key, or nil. It does not keep key.
func (s *store) get(key string) *entry {
	e := s.find(key)
	if e == nil || e.deadline != 0 && e.expired(s.now()) {
		return nil
	}
	e.touch()
	return e
}

// getAnyAge returns the entry under key, expired or not, or nil. It does not keep key.
func (s *store) getAnyAge(key string) *entry {
	e := s.find(key)
	if e != nil {
		e.touch()
	}
	return e
}

func (s *store) find(key string) *entry {
	if e := s.front.find(key); e != nil {
		return e
	}
	return s.item(key)
}

// item returns the entry that go-cache has under key, or nil.
func (s *store) item(key string) *entry {
	v, ok := s.items.Get(key)
	if !ok {
		return nil
	}
	return v.(*entry)
}

// put stores e in place of what is under its key, and makes room for it first.
// It reports false if the store is closed.
func (s *store) put(e *entry) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed.Load() {
		return false
	}
	if e.cost > s.maxBytes {
		s.drop(e.key)
		s.stats.Refused++
		return true
	}
	old := s.item(e.key)
	if old != nil {
		// It stays readable in items and in front until its successor takes its
		// place: a key that is overwritten is not missing for a moment.
		s.forget(old, e.value)
	}
	if v, ok := e.value.(held.Value); ok {
		v.Entered()
	}
	for s.clock.len >= s.maxEntries || e.cost > s.maxBytes-s.stats.Bytes {
		s.evict()
	}
	s.items.Set(e.key, e, gocache.NoExpiration)
	s.clock.add(e)
	if old != nil {
		s.front.replace(old, e)
	} else {
		s.front.add(e, &s.clock)
	}
	s.stats.Bytes += e.cost
	return true
}

// delete reports false if the store is closed.
func (s *store) delete(keys []string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed.Load() {
		return false
	}
	for _, key := range keys {
		s.drop(key)
	}
	return true
}

// drop deletes key. It needs mu.
func (s *store) drop(key string) {
	if e := s.item(key); e != nil {
		s.forget(e, nil)
		s.items.Delete(key)
		s.front.replace(e, nil)
	}
}

// forget takes e out of the books, not out of items and front, and tells its value. next is
// the value that will take its place, or nil. It needs mu.
func (s *store) forget(e *entry, next any) {
	s.clock.remove(e)
	s.stats.Bytes -= e.cost
	if v, ok := e.value.(held.Value); ok {
		v.Left(next)
	}
}

// evict makes room of one entry. It needs mu, and an entry.
func (s *store) evict() {
	now := s.now()
	e := s.clock.victim(now)
	if e.expired(now) {
		s.stats.Expired++
	} else {
		s.stats.Evicted++
	}
	s.drop(e.key)
}

func (s *store) snapshot() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.stats
	st.Entries = s.clock.len
	return st
}

// close gives the memory back and refuses whatever comes later. It reports
// false if the store was closed before.
func (s *store) close() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed.Swap(true) {
		return false
	}
	s.items.Flush()
	s.front.clear()
	s.clock.each(func(e *entry) {
		if v, ok := e.value.(held.Value); ok {
			v.Left(nil)
		}
	})
	s.clock = clock{}
	s.stats.Bytes = 0
	return true
}
