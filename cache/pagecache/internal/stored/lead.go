package stored

import (
	"sync/atomic"

	"github.com/uncache/uncache/cache/internal/engine"
)

// A Lead is a request that a response answers: package find has a table in which such a
// request finds its response at once. It is a part of the response, so it takes no room of
// its own, is counted with it, and ends with it.
//
// A response has one lead at most, ever: what is set before By is not changed afterwards.
type Lead struct {
	By   atomic.Pointer[Selection] // nil: none
	Next atomic.Pointer[Response]  // in its place of the table

	Text   string    // host, path, raw path, query, and the path that the client asked for
	Ends   [5]uint16 // of these
	Gap    uint8     // bytes before the query
	Form   uint8     // what else counts of the request
	URL    uint32    // a hash of the URL
	Values uint32    // and of the selecting fields
	At     uint64    // where it is in the table
}

// MaxSelecting is how many selecting fields a lead has at most.
const MaxSelecting = 8

// A Selection is the selecting fields of requests, with their values. Leads share it. It is
// not changed, but for Users.
type Selection struct {
	Table Table
	By    uint32 // the number of the list of fields
	Lines [MaxSelecting]string
	There [MaxSelecting]bool // or the request has no such field
	Users int                // how many leads share it; the table's
}

// A Table is where leads are. It is told what becomes of the responses.
type Table interface {
	// Left says that a response has left the store. If another took its place, that is
	// next.
	Left(p, next *Response)
	// Used says that p was used by its lead, some time since its store last asked.
	Used(p *Response)
}

// Place returns the room in p for what the engine notes of a stored value, or nil if it was
// given away before.
func (p *Response) Place() *engine.Stored[*Response] {
	if !p.Marks.Set(isPlaced) {
		return nil
	}
	return &p.kept
}

// Kept returns what the engine has noted of p.
func (p *Response) Kept() *engine.Stored[*Response] { return &p.kept }

// Entered notes that p's store will tell p when it leaves.
func (p *Response) Entered() { p.Marks.Set(IsHeld) }

// Left notes that p has left its store. next is what took its place, or nil.
func (p *Response) Left(next *Response) {
	p.Marks.Set(HasLeft)
	if by := p.Lead.By.Load(); by != nil {
		by.Table.Left(p, next)
	}
}

// Used reports whether p was used by its lead since the last call.
func (p *Response) Used() bool {
	if !p.Marks.Has(IsUsed) {
		return false
	}
	p.Marks.Unset(IsUsed)
	p.Lead.By.Load().Table.Used(p)
	return true
}
