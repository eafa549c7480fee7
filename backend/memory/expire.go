package memory

import "time"

// expireBatch is how many entries are looked at under one lock: writers wait
// for some microseconds, not for a walk through a million entries.
const expireBatch = 256

// expireLoop gives the memory of expired entries back until stop is closed.
func (s *store) expireLoop(every time.Duration, stop <-chan struct{}) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			s.expireAll(stop)
		}
	}
}

// expireAll looks once at every entry that is stored when it begins.
func (s *store) expireAll(stop <-chan struct{}) {
	s.mu.Lock()
	left := s.clock.len
	s.mu.Unlock()
	for left > 0 {
		select {
		case <-stop:
			return
		default:
		}
		s.expireSome(min(left, expireBatch))
		left -= expireBatch
	}
}

func (s *store) expireSome(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	for range n {
		e := s.clock.cursor
		if e == nil {
			return
		}
		s.clock.cursor = e.next
		if e.expired(now) {
			s.drop(e.key)
			s.stats.Expired++
		}
	}
}
