package stored

import (
	"strings"
	"sync"
)

// shapes are what responses share. When there are very many, as no site has them, responses
// have their own.
type shapes struct {
	mu     sync.RWMutex
	known  map[string]*shape
	kinds  map[string]int   // shapes with values, by the names of their fields
	vary   map[string]*Rare // that have fields in Vary and nothing else
	routes map[string]*string
}

const maxShapes = 1 << 10

func newShapes() *shapes {
	return &shapes{known: make(map[string]*shape), kinds: make(map[string]int), vary: make(map[string]*Rare), routes: make(map[string]*string)}
}

// route returns a copy of a pattern. It is left in requests, and metrics keep it as a label
// after the page is gone.
func (s *shapes) route(pattern string) string {
	if s == nil || pattern == "" {
		return strings.Clone(pattern)
	}
	var room [256]byte
	id := append(room[:0], pattern...)
	if known := lookUp(s, s.routes, id); known != nil {
		return *known
	}
	own := strings.Clone(pattern)
	return *intern(s, s.routes, id, &own)
}

// varying returns the Rare of a response that these fields select.
func (s *shapes) varying(vary []string) *Rare {
	if s == nil {
		return &Rare{Vary: clones(vary)}
	}
	var room [256]byte
	id := room[:0]
	for _, name := range vary {
		id = appendString(id, name)
	}
	if known := lookUp(s, s.vary, id); known != nil {
		return known
	}
	return intern(s, s.vary, id, &Rare{Vary: clones(vary)})
}

// lookUp returns what is known under id, or nil.
func lookUp[T any](s *shapes, known map[string]*T, id []byte) *T {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return known[string(id)]
}

// intern returns what is known under id, which becomes x if nothing is and there
// is room.
func intern[T any](s *shapes, known map[string]*T, id []byte, x *T) *T {
	s.mu.Lock()
	defer s.mu.Unlock()
	if other := known[string(id)]; other != nil {
		return other
	}
	if len(known) < maxShapes {
		known[string(id)] = x
	}
	return x
}
