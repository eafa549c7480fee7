package engine

import (
	"time"

	"github.com/uncache/uncache/internal/panics"
)

// A Codec turns values of one type into bytes and back. Its methods are called from
// many goroutines at once.
type Codec[V any] interface {
	// Encode returns v as bytes.
	Encode(v V) ([]byte, error)
	// Decode is the opposite of Encode. It must not panic, whatever the bytes; an
	// error is a miss. It may keep b.
	Decode(b []byte) (V, error)
	// Size returns about how many bytes of memory v takes.
	Size(v V) int
}

// storage is the tiers of a Cache, with values of one type.
type storage[V any] struct {
	c     *Cache
	codec Codec[V]
}

// encode is the codec's Encode. A panic is its error.
func (st *storage[V]) encode(value V) (b []byte, err error) {
	defer panics.Catch(&err)
	return st.codec.Encode(value)
}

// decode is the codec's Decode. A panic is its error.
func (st *storage[V]) decode(b []byte) (value V, err error) {
	defer panics.Catch(&err)
	return st.codec.Decode(b)
}

// open returns what is in an envelope.
func (st *storage[V]) open(key string, b []byte) (*Stored[V], error) {
	stamp, expires, deps, body, err := open(key, b)
	if err != nil {
		return nil, err
	}
	value, err := st.decode(body)
	if err != nil {
		return nil, err
	}
	return newStored(value, stamp, deps, endOf(expires)), nil
}

// hit is Values.Hit.
func (st *storage[V]) hit(key []byte, now time.Time) (hit *Stored[V]) {
	c := st.c
	defer c.observe.catchGet(key) // hit is nil then
	if c.near == nil || c.life.closed.Load() {
		return nil
	}
	x, ok := c.near(key)
	if !ok {
		return nil
	}
	s, ok := x.(*Stored[V])
	if !ok || !st.still(s, now) {
		return nil
	}
	return s
}

// isFresh is Values.IsFresh.
func (st *storage[V]) isFresh(s *Stored[V], now time.Time) (fresh bool) {
	defer st.c.observe.catchGet(nil) // fresh is false then
	return !st.c.life.closed.Load() && st.still(s, now)
}

// still reports whether s, which is stored, is known to be fresh without asking.
func (st *storage[V]) still(s *Stored[V], now time.Time) bool {
	c := st.c
	if endAt(now) >= s.end {
		return false
	}
	// The log is asked after the value was found, as in get: replacing a value in the
	// store does not make the log older.
	if c.reader.local != nil {
		if c.reader.local.Head() != c.reader.view().position() {
			return false
		}
	} else if !c.reader.recent() {
		return false
	}
	return c.judge(&s.checked, s.stamp, s.deps) == Fresh
}

// judge says what s is worth by the view as it is now.
func (st *storage[V]) judge(s *Stored[V]) Verdict {
	return st.c.judge(&s.checked, s.stamp, s.deps)
}
