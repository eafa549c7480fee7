// Package logs holds what the SlogObservers of several packages share.
package logs

import (
	"sync"
	"time"
)

// maxKeys bounds what is remembered.
const maxKeys = 1000

// Once says what is logged for the first time. The zero value is ready.
type Once struct {
	mu   sync.Mutex
	seen map[string]struct{}
}

// First reports whether a key comes for the first time. After a thousand keys no other
// does.
func (o *Once) First(key string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, ok := o.seen[key]; ok || len(o.seen) >= maxKeys {
		return false
	}
	if o.seen == nil {
		o.seen = make(map[string]struct{})
	}
	o.seen[key] = struct{}{}
	return true
}

// every is how often Seldom lets a kind through.
const every = 10 * time.Second

// Seldom lets each kind through once in ten seconds: an error of every request must not
// fill a disk. The zero value is ready. There must be few kinds.
type Seldom struct {
	mu    sync.Mutex
	kinds map[string]*held
}

type held struct {
	last time.Time
	more int
}

// Next reports whether to log one of a kind now, and how many were held back before.
func (s *Seldom) Next(kind string) (more int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	h := s.kinds[kind]
	switch {
	case h == nil:
		if s.kinds == nil {
			s.kinds = make(map[string]*held)
		}
		s.kinds[kind] = &held{last: now}
		return 0, true
	case now.Sub(h.last) < every:
		h.more++
		return 0, false
	}
	more = h.more
	h.last, h.more = now, 0
	return more, true
}
