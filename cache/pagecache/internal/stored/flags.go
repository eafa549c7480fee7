package stored

import "sync/atomic"

// marks are what this process knows of a stored response that becomes true later.
// Processes, and copies that were decoded, don't share it.
type Marks struct{ bits atomic.Uint32 }

const (
	// isRefreshing: this process makes its successor in the background, so that
	// those who are given it meanwhile need not look for the fill, which is what
	// there is only one of.
	IsRefreshing uint32 = 1 << iota

	// isSoftened: it was found to have been purged softly, which it will be for
	// ever. Its Cache-Status says so.
	IsSoftened
)

func (m *Marks) Has(mark uint32) bool { return m.bits.Load()&mark != 0 }

func (m *Marks) Unset(mark uint32) { m.bits.And(^mark) }

func (m *Marks) Set(mark uint32) (first bool) { return m.bits.Or(mark)&mark == 0 }

// flags are what is true of a stored response.
type Flags uint16

const (
	IsNote        Flags = 1 << iota // only the fields that select: the responses are stored under their own keys
	IsShared                        // may answer requests with Authorization (RFC 9111 §3.5)
	IsNoCache                       // must be validated before each use (§5.2.2.4)
	IsStrict                        // must not be served stale (§4.2.4)
	IsImplied                       // the last words of the Cache-Control in its header are ours
	OwnETag                         // the entity tag is the handler's
	IsDated                         // Last-Modified tells this version from the next
	IsPart                          // the body is a part of one
	IsForVisitors                   // it was made for a visitor, and is public
	IsTold                          // SetTTL gave it its lifetime
)

func (p *Response) Is(f Flags) bool { return p.Flags&f != 0 }
