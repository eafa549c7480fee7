package stored

import (
	"time"

	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
	"github.com/uncache/uncache/internal/httpdate"
)

// terms are for how long a response may be used.
type Terms struct {
	Life    time.Duration // freshness lifetime
	Age     time.Duration // how old it was when the handler gave it
	Grace   time.Duration // for how long after its life it may be served while it is validated
	IfError time.Duration // and if that fails
}

// timing says when a response was made, and how long that took.
type Timing struct {
	Asked, Given time.Time
	Took         time.Duration
}

// finish completes p, whose key, body, route, status and flags are set. Whoever
// makes a response calls it once, before anybody else sees it.
func (c Codec) Finish(p *Response, header []Field, use Terms, made Timing) {
	if p.Rare == nil {
		p.Rare = plain
	}
	p.Took = made.Took
	c.SetTerms(p, use, made.Given)
	c.SetHeader(p, header)
	p.setDated(made.Asked)
}

// setTerms says for how long p, which was given at a time, may be used.
func (c Codec) SetTerms(p *Response, use Terms, given time.Time) {
	p.Date, p.Age, p.Life = given.UnixNano(), use.Age, use.Life
	p.Grace, p.IfError = use.Grace, use.IfError
	p.setLead(c.beta)
}

// ageAt is the current age of RFC 9111 §4.2.3.
func (p *Response) AgeAt(now time.Time) time.Duration {
	return time.Duration(max(now.UnixNano()-p.Date, 0)) + p.Age
}

// ttl is how many seconds p is still fresh at an age, or has been stale, as a
// negative number (RFC 9211 §2.4). It is rounded down: 0 is not yet stale.
func (p *Response) TTL(age time.Duration) int64 {
	left := p.Life - age
	seconds := int64(left / time.Second)
	if left < 0 && left%time.Second != 0 {
		seconds--
	}
	return seconds
}

// changed is its Last-Modified, or zero.
func (p *Response) Changed() time.Time { return p.DateIn("Last-Modified") }

// setDated notes whether Last-Modified tells this version from the next, in a
// response whose making began at asked.
func (p *Response) setDated(asked time.Time) {
	p.Flags &^= IsDated
	if changed := p.Changed(); !changed.IsZero() && rfc9111.Tells(changed, p.DateIn("Date"), asked) {
		p.Flags |= IsDated
	}
}

// dateIn returns the date in a field, or zero.
func (p *Response) DateIn(name string) time.Time {
	values := p.Header.Get(name)
	if len(values) != 1 {
		return time.Time{}
	}
	t, _ := httpdate.ParseAt(values[0], time.Unix(0, p.Date))
	return t
}

// made is when the handler made p, by its own account: its Date. Of a note, when
// the newest of the responses was made.
func (p *Response) Made() time.Time {
	if t := p.DateIn("Date"); !t.IsZero() {
		return t
	}
	return time.Unix(0, p.Date)
}
