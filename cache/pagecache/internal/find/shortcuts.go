package find

import (
	"hash/maphash"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
	"github.com/uncache/uncache/keys"
)

// Shortcuts lead from requests, as they came, to the keys of the responses that they
// select. They save making the key: a canonical URI, and a digest of what selects. A key
// depends on the request and on the fields that select, and on nothing else. When these
// change, the memo says so. A shortcut is made of a request that was answered without one.
//
// Where the store tells a response when it leaves, most requests have no need of them: the
// response has a lead, see leads. Shortcuts are for other spellings of such requests.
//
// What is stored under the key is asked of the store. Shortcuts are bounded by the number
// of slots and by the size of one. A shortcut stays in its slot as long as it is used.
type Shortcuts struct {
	values  *engine.Values[*stored.Response]
	leads   *leads // nil if the store tells its values nothing
	memo    *Memo
	keys    *keys.Builder
	always  []string // the fields that select whatever a response says
	cookies []string // that count; nil: all

	hints [shortcutSlots]atomic.Uint32 // by URL: the selectors to try, their number plus one
	slots [shortcutSlots]atomic.Pointer[shortcut]

	mu        sync.Mutex
	selectors atomic.Pointer[[]selector] // is added to, under mu
}

// NewShortcuts returns shortcuts to values, under the keys that b makes.
func NewShortcuts(values *engine.Values[*stored.Response], memo *Memo, b *keys.Builder) *Shortcuts {
	s := &Shortcuts{values: values, memo: memo, keys: b, always: b.Headers(), cookies: b.Cookies()}
	if values.Held() {
		s.leads = newLeads(values, memo.seed)
	}
	return s
}

const (
	shortcutSlots = 1 << 14
	shortcutWays  = 4  // slots that one may be in
	maxSelectors  = 64 // sites have a few
)

// A selector is a list of fields: those that always select, and those that some responses
// vary by.
type selector struct {
	vary   []string
	fields []string
}

func (s *Shortcuts) hash(r *http.Request, form uint8) uint64 {
	h := maphash.String(s.memo.seed, r.URL.Path)*hashMultiplier ^ maphash.String(s.memo.seed, r.Host)
	if form&formAsked == 0 {
		h = h*hashMultiplier ^ maphash.String(s.memo.seed, askedPath(r))
	}
	if r.URL.RawQuery != "" {
		h = h*hashMultiplier ^ maphash.String(s.memo.seed, r.URL.RawQuery)
	}
	return h
}

// key returns the key of the response that r selects, or nil if there is no shortcut. hash is
// that of its URL.
func (s *Shortcuts) key(r *http.Request, f uint8, hash uint64) []byte {
	by := s.hints[hash%shortcutSlots].Load()
	if by == 0 {
		return nil
	}
	fields := (*s.selectors.Load())[by-1].fields
	var values selecting
	hash, ok := values.read(s.memo.seed, r.Header, fields, s.cookies, hash)
	if !ok {
		return nil
	}
	for i := range uint64(shortcutWays) {
		e := s.slots[(hash^i)%shortcutSlots].Load()
		if e == nil || e.by != by || e.form != f || !e.is(r, &values) {
			continue
		}
		if e.set.changes.Load() != e.change {
			return nil
		}
		if !e.used.Load() { // mostly it is marked, and its cache line stays with all processors
			e.used.Store(true)
		}
		return e.text[e.keyAt:]
	}
	return nil
}

// learn notes that r, whose primary key is given, selects the response under key.
func (s *Shortcuts) learn(r *http.Request, f uint8, primary []byte, key string) {
	// In this order: if the fields change meanwhile, the shortcut is of no use.
	set := s.memo.varySet(primary)
	change := set.changes.Load()
	vary := s.memo.Fields(primary)
	by := s.selector(vary)
	if by == 0 {
		return
	}
	hash := s.hash(r, f)
	hint := &s.hints[hash%shortcutSlots]
	fields := (*s.selectors.Load())[by-1].fields
	var values selecting
	hash, ok := values.read(s.memo.seed, r.Header, fields, s.cookies, hash)
	if !ok {
		return
	}
	slot, old := s.slot(hash)
	if slot == nil {
		return
	}
	e := &shortcut{form: f, by: by, set: set, change: change}
	if !e.write(r, &values, len(fields), key) {
		return
	}
	if len(vary) > 0 {
		primary = s.keys.AppendVariant(nil, primary, vary, r.Header)
	}
	if string(primary) == key { // or they have changed already
		e.used.Store(true)
		slot.CompareAndSwap(old, e)
		hint.Store(by)
	}
}

// slot returns a slot for a hash that is free, or has not been used lately, and what is in
// it; nil if there is none. A shortcut has to be used again to stay.
func (s *Shortcuts) slot(hash uint64) (slot *atomic.Pointer[shortcut], old *shortcut) {
	for i := range uint64(shortcutWays) {
		at := &s.slots[(hash^i)%shortcutSlots]
		switch e := at.Load(); {
		case e == nil:
			return at, nil
		case slot == nil && !e.used.Load(), e.change != e.set.changes.Load():
			slot, old = at, e
		}
	}
	if slot == nil {
		for i := range uint64(shortcutWays) {
			if e := s.slots[(hash^i)%shortcutSlots].Load(); e != nil {
				e.used.Store(false)
			}
		}
	}
	return slot, old
}

// selector returns the number of the selector of responses that vary by some
// fields, counted from 1, or 0 if there are too many.
func (s *Shortcuts) selector(vary []string) uint32 {
	var known []selector
	find := func() uint32 {
		if p := s.selectors.Load(); p != nil {
			known = *p
		}
		return uint32(slices.IndexFunc(known, func(k selector) bool { return slices.Equal(k.vary, vary) }) + 1)
	}
	if n := find(); n != 0 || len(known) >= maxSelectors || len(s.always)+len(vary) > maxSelecting {
		return n
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := find(); n != 0 || len(known) >= maxSelectors {
		return n
	}
	known = append(slices.Clip(known), selector{slices.Clone(vary), slices.Concat(s.always, vary)})
	s.selectors.Store(&known)
	return uint32(len(known))
}
