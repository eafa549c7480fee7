package stored

import (
	"slices"
	"strconv"
	"time"
)

// A response is a stored response (RFC 9111 §2), or the note that stands under
// the key of a target URI whose responses vary: which fields select among them.
// It is shared between requests and never changed.
type Response struct {
	Key     string // what it is stored under
	Header  Header
	Body    []byte
	Route   string        // the pattern that served it
	Date    int64         // when the handler gave it, Unix ns
	Age     time.Duration // how old it was then
	Life    time.Duration // freshness lifetime
	Grace   time.Duration // for how long after that it may be served while its successor is made
	IfError time.Duration // for how long after that it may be served if that fails
	Took    time.Duration // how long making it took
	lead    time.Duration // for how long before its expiry a hit may refresh it; 0 for not at all
	*Rare
	Flags  Flags
	Status uint16

	Marks Marks
}

// rare is what most responses don't have, or many have the same. It is shared, and
// never changed.
type Rare struct {
	Vary     []string // the fields that select it, canonical and sorted
	Named    []int64  // of a note: for each of vary, until when a response may be stored that named it, Unix ns
	End      int64    // of a note: until when one of the responses may be stored, Unix ns
	Variants []string // of a note: the keys of the responses, oldest first
	Tags     []string // of a note: their entity tags, "" for those that the handler gave none
	Part     Span     // of a body, that body holds; zero for a whole one
}

var plain = new(Rare) // never changed

// size is about how much memory p takes.
func (p *Response) size() int {
	n := 192 + len(p.Key) + len(p.Body)
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

// appendStatus appends a member to the Cache-Status that the handler gave (RFC
// 9211 §2).
func (p *Response) AppendStatus(member string) []string {
	return slices.Concat(p.Header.Get("Cache-Status"), []string{member})
}

// setHeader gives p, whose body is set, its header.
func (c Codec) SetHeader(p *Response, header []Field) {
	p.Header = c.shapes.pack(header, strconv.Itoa(len(p.Body)))
}

// setVary names the fields that select p.
func (c Codec) SetVary(p *Response, vary []string) {
	p.Rare = plain
	if len(vary) > 0 {
		p.Rare = c.shapes.varying(vary)
	}
}

// setSpan makes p a part of a body.
func (p *Response) SetSpan(s Span) {
	p.Rare = &Rare{Part: s}
	p.Flags |= IsPart
	p.lead = 0
}

// A span says which bytes of a body of size bytes a part is: from first, to the
// one before end.
type Span struct{ First, End, Size int64 }
