package find

import (
	"bytes"
	"hash/maphash"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"
)

// A Memo remembers facts about target URIs in this process, so that a lookup need not ask
// the store:
//
//   - which fields select among the responses of one
//   - that its last response could not be stored
//   - that a purge deleted what was stored
//   - that its last visitor was answered 304
//
// It is bounded, and forgets when two URIs meet in one slot. That costs a lookup or a word
// in Cache-Status, and never makes an answer wrong.
type Memo struct {
	seed        maphash.Seed
	vary        [memoSlots / varyWays]varySet
	apart       [memoSlots]atomic.Pointer[apartMemo]
	deleted     hashes
	notModified hashes
}

// hashes are those of the primary keys about which something is true.
type hashes [memoSlots]atomic.Uint64

func (s *hashes) set(h uint64, is bool) {
	if is {
		s[h%memoSlots].Store(h)
	} else {
		s[h%memoSlots].CompareAndSwap(h, 0)
	}
}

func (s *hashes) has(h uint64) bool { return s[h%memoSlots].Load() == h }

const memoSlots = 1 << 14

type varyMemo struct {
	key    []byte
	fields []string
}

type apartMemo struct {
	hash  uint64
	until int64 // Unix ns
}

// NewMemo returns a Memo that remembers nothing.
func NewMemo() *Memo { return &Memo{seed: maphash.MakeSeed()} }

// A varySet is the slots that one key may be in. There are so many sets that a site with
// some thousand pages that vary is remembered.
type varySet struct {
	slots   [varyWays]atomic.Pointer[varyMemo]
	changes atomic.Uint32 // how often the fields of one of its keys became others
}

const varyWays = 8

func (m *Memo) varySet(key []byte) *varySet {
	return &m.vary[maphash.Bytes(m.seed, key)%uint64(len(m.vary))]
}

// find returns what is remembered of key, and where; nil if nothing is.
func (s *varySet) find(key []byte) (*varyMemo, *atomic.Pointer[varyMemo]) {
	for i := range s.slots {
		if v := s.slots[i].Load(); v != nil && bytes.Equal(v.key, key) {
			return v, &s.slots[i]
		}
	}
	return nil, nil
}

// Fields returns the fields that selected among the responses under a primary key when it
// was last looked at, or nil.
func (m *Memo) Fields(key []byte) []string {
	if v, _ := m.varySet(key).find(key); v != nil {
		return v.fields
	}
	return nil
}

// SetFields says which fields select among the responses under a primary key.
func (m *Memo) SetFields(key []byte, fields []string) {
	set := m.varySet(key)
	v, slot := set.find(key)
	switch {
	case v == nil && len(fields) == 0, v != nil && slices.Equal(v.fields, fields):
		return
	case len(fields) == 0:
		slot.CompareAndSwap(v, nil)
	case v != nil:
		slot.Store(&varyMemo{key: v.key, fields: fields})
	default:
		set.add(&varyMemo{key: bytes.Clone(key), fields: fields})
	}
	set.changes.Add(1) // at last: see Shortcuts.Learn
}

// add finds a place for v.
func (s *varySet) add(v *varyMemo) {
	for i := range s.slots {
		if s.slots[i].CompareAndSwap(nil, v) {
			return
		}
	}
	s.slots[rand.IntN(varyWays)].Store(v)
}

// apartFor is how long requests are not collapsed after one of them had a response of its
// own. To wait for such a response is useless.
const apartFor = 10 * time.Second

// KeepApart says that the responses under key are not for sharing. Together takes it back.
func (m *Memo) KeepApart(key []byte) {
	h := maphash.Bytes(m.seed, key)
	m.apart[h%memoSlots].Store(&apartMemo{hash: h, until: time.Now().Add(apartFor).UnixNano()})
}

// Together says that the responses under key are for sharing.
func (m *Memo) Together(key []byte) {
	h := maphash.Bytes(m.seed, key)
	if a := m.apart[h%memoSlots].Load(); a != nil && a.hash == h {
		m.apart[h%memoSlots].CompareAndSwap(a, nil)
	}
}

// KeptApart reports whether requests for key should not wait for each other.
func (m *Memo) KeptApart(key []byte) bool {
	h := maphash.Bytes(m.seed, key)
	a := m.apart[h%memoSlots].Load()
	return a != nil && a.hash == h && time.Now().UnixNano() < a.until
}

// SetDeleted says whether a purge was the last that happened to the response under key.
func (m *Memo) SetDeleted(key []byte, deleted bool) {
	m.deleted.set(maphash.Bytes(m.seed, key), deleted)
}

// WasDeleted tells a request that finds nothing what SetDeleted has said.
func (m *Memo) WasDeleted(key []byte) bool { return m.deleted.has(maphash.Bytes(m.seed, key)) }

// Set304 says whether the last request under key, for which nothing was stored, was
// answered 304 by the handler: the visitor had the response.
func (m *Memo) Set304(key []byte, is bool) {
	m.notModified.set(maphash.Bytes(m.seed, key), is)
}

// Was304 reports what Set304 has said.
func (m *Memo) Was304(key []byte) bool { return m.notModified.has(maphash.Bytes(m.seed, key)) }

// Hash returns a number for a primary key, which differs from process to process.
func (m *Memo) Hash(primary string) uint64 { return maphash.String(m.seed, primary) }
