package stored

import "sync/atomic"

// Marks are what this process learns about a stored response. Processes don't share them,
// nor do copies that were decoded.
type Marks struct{ bits atomic.Uint32 }

const (
	// IsRefreshing: this process makes its successor in the background. Requests that
	// are given the response meanwhile need not look for the fill.
	IsRefreshing uint32 = 1 << iota

	// IsSoftened: it was purged softly, and will remain so. Its Cache-Status says so.
	IsSoftened

	// IsHeld: its store says when it leaves.
	IsHeld

	// HasLeft: it has left its store.
	HasLeft

	// WasHit: it was looked up by a request that it answered.
	WasHit

	// IsLed: it has a lead, or had one.
	IsLed

	// IsUsed: it was used by its lead since its store last asked.
	IsUsed

	isPlaced // see Response.Place
)

// Has reports whether a mark is set.
func (m *Marks) Has(mark uint32) bool { return m.bits.Load()&mark != 0 }

// Unset takes a mark away.
func (m *Marks) Unset(mark uint32) { m.bits.And(^mark) }

// Set sets a mark, and reports whether it was not set before.
func (m *Marks) Set(mark uint32) (first bool) { return m.bits.Or(mark)&mark == 0 }

// Flags are what is true of a stored response.
type Flags uint16

const (
	IsNote        Flags = 1 << iota // it has the fields that select, and no response: those are stored under their own keys
	IsShared                        // may answer requests with Authorization (RFC 9111 §3.5)
	IsNoCache                       // must be validated before each use (§5.2.2.4)
	IsStrict                        // must not be served stale (§4.2.4)
	IsImplied                       // the last words of the Cache-Control in its header are ours
	OwnETag                         // the entity tag is the handler's
	IsDated                         // Last-Modified tells this version from the next
	IsPart                          // the body is a part of the whole
	IsForVisitors                   // it was made for a visitor, and is public
	IsTold                          // SetTTL gave it its lifetime
)
