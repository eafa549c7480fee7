package stored

import (
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/internal/figures"
)

// A Response is a stored response (RFC 9111 §2), or a note: what is stored under the key of
// a target URI whose responses vary, to say which fields select among them. Requests share
// it. It is not changed after [Codec.Finish], except for its Marks and its Row.
type Response struct {
	Key     string // what it is stored under
	Header  Header
	Body    []byte
	Route   string        // the pattern that served it
	Date    int64         // when the handler gave it, Unix ns
	Age     time.Duration // how old it was then
	Life    time.Duration // freshness lifetime
	Grace   time.Duration // how long after that it may be served while its successor is made
	IfError time.Duration // how long after that it may be served if its successor fails
	Took    time.Duration // how long making it took
	lead    time.Duration // how long before its expiry a hit may refresh it; 0: never
	*Rare
	Flags  Flags
	Status uint16

	Marks Marks
	Row   atomic.Pointer[figures.Row] // where its hits were last counted; see package pagecache
	Lead  Lead

	kept engine.Stored[*Response] // see Place
}

// Rare is what most responses don't have, or many have in common. It is shared, and never
// changed.
type Rare struct {
	Vary     []string // the fields that select it, canonical and sorted
	Named    []int64  // of a note: for each of Vary, until when a response that named it may be stored, Unix ns
	End      int64    // of a note: until when one of the responses may be stored, Unix ns
	Variants []string // of a note: the keys of the responses, oldest first
	Tags     []string // of a note: their entity tags; "" for a response whose handler gave none
	Part     Span     // what of the whole body Body is; zero for a whole one
}

var plain = new(Rare) // never changed

// sizeOf is what a response takes beside what it points to, and two places in the table of
// leads.
const sizeOf = int(unsafe.Sizeof(Response{})) + 2*8

// size is about how much memory p takes.
func (p *Response) size() int {
	n := sizeOf + len(p.Key) + len(p.Body)
	if strings.Contains(p.Key, "%") {
		n += 2 * len(p.Key) // the text of its lead is not a part of the key
	}
	for _, v := range p.Variants {
		n += 16 + len(v)
	}
	for _, v := range p.Tags {
		n += 16 + len(v)
	}
	if p.Rare != plain {
		n += 128 + 8*len(p.Named)
	}
	for _, v := range p.Header.values {
		n += 16 + len(v)
	}
	return n
}

// AppendStatus appends a member to the Cache-Status that the handler gave (RFC 9211 §2).
func (p *Response) AppendStatus(member string) []string {
	return slices.Concat(p.Header.Get("Cache-Status"), []string{member})
}

// SetSpan makes p a part of a body.
func (p *Response) SetSpan(s Span) {
	p.Rare = &Rare{Part: s}
	p.Flags |= IsPart
	p.lead = 0
}

// A Span says which bytes of a body of Size bytes a part is: from First to the one before
// End.
type Span struct{ First, End, Size int64 }

// Is reports whether p has one of some flags.
func (p *Response) Is(f Flags) bool { return p.Flags&f != 0 }
