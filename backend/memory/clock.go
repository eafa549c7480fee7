package memory

import (
	"sync/atomic"
	"time"

	"github.com/uncache/uncache/internal/held"
)

// entry is a stored value. What it holds does not change after it was
// published; a new value is a new entry. Its links belong to the clock, chain to the
// front.
type entry struct {
	key      string
	value    any           // a copied, if it came by Set
	deadline time.Duration // on the store's clock; 0: never
	cost     int64

	chain      atomic.Pointer[entry] // the next one in the front
	prev, next *entry
	hash       uint32      // of key, by the front
	used       atomic.Bool // read since the hand last came by
}

// copied is the value of an entry that Set stored: a copy of the caller's.
type copied string

func (e *entry) expired(now time.Duration) bool {
	return e.deadline != 0 && now >= e.deadline
}

// touch marks e as used. The mark is set already on most hits, and reading it
// first keeps the processors from passing its cache line around.
func (e *entry) touch() {
	if !e.used.Load() {
		e.used.Store(true)
	}
}

// usedOtherwise reports whether e's value was used without a look at the store.
func (e *entry) usedOtherwise() bool {
	v, ok := e.value.(held.Value)
	return ok && v.Used()
}

// clock orders entries for eviction: a ring with a hand that gives what was
// used a second chance (CLOCK). Unlike an LRU list, a hit changes nothing but a
// bit, and needs no lock.
type clock struct {
	len    int
	hand   *entry // the next candidate for eviction
	cursor *entry // where the search for expired entries goes on
}

// maxLooks bounds the work of one eviction where everything is in use.
const maxLooks = 256

// add puts e where the hand comes last.
func (c *clock) add(e *entry) {
	c.len++
	if c.hand == nil {
		e.prev, e.next = e, e
		c.hand, c.cursor = e, e
		return
	}
	e.prev, e.next = c.hand.prev, c.hand
	e.prev.next, e.next.prev = e, e
}

// remove takes e out; the hand and the cursor step on if they are at it.
func (c *clock) remove(e *entry) {
	c.len--
	if c.len == 0 {
		c.hand, c.cursor = nil, nil
	} else {
		if c.hand == e {
			c.hand = e.next
		}
		if c.cursor == e {
			c.cursor = e.next
		}
		e.prev.next, e.next.prev = e.next, e.prev
	}
	e.prev, e.next = nil, nil
}

// each calls f for every entry.
func (c *clock) each(f func(*entry)) {
	e := c.hand
	for range c.len {
		f(e)
		e = e.next
	}
}

// victim moves the hand to the entry that should go: the first that has
// expired or was not used since the hand was there. The clock is not empty.
func (c *clock) victim(now time.Duration) *entry {
	for range maxLooks {
		e := c.hand
		if e.expired(now) || !e.used.Load() && !e.usedOtherwise() {
			return e
		}
		e.used.Store(false)
		c.hand = e.next
	}
	return c.hand
}
