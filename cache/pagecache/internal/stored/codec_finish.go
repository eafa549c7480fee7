package stored

import (
	"strconv"
	"time"
)

// Terms are for how long a response may be used.
type Terms struct {
	Life    time.Duration // freshness lifetime
	Age     time.Duration // how old it was when the handler gave it
	Grace   time.Duration // how long after its Life it may be served while its successor is made
	IfError time.Duration // how long after its Life it may be served if its successor fails
}

// A Timing says when the handler was asked for a response, when it gave the header, and how
// long making the response took.
type Timing struct {
	Asked, Given time.Time
	Took         time.Duration
}

// Finish completes p, whose key, body, route, status and flags are set. It is called once,
// before anybody else sees p.
func (c Codec) Finish(p *Response, header []Field, use Terms, made Timing) {
	if p.Rare == nil {
		p.Rare = plain
	}
	p.Took = made.Took
	c.SetTerms(p, use, made.Given)
	c.SetHeader(p, header)
	p.setDated(made.Asked)
}

// SetTerms says for how long p, which was given at a time, may be used.
func (c Codec) SetTerms(p *Response, use Terms, given time.Time) {
	p.Date, p.Age, p.Life = given.UnixNano(), use.Age, use.Life
	p.Grace, p.IfError = use.Grace, use.IfError
	p.setLead(c.beta)
}

// SetHeader gives p, whose body is set, its header.
func (c Codec) SetHeader(p *Response, header []Field) {
	p.Header = c.shapes.pack(header, strconv.Itoa(len(p.Body)))
}

// SetVary names the fields that select p.
func (c Codec) SetVary(p *Response, vary []string) {
	p.Rare = plain
	if len(vary) > 0 {
		p.Rare = c.shapes.varying(vary)
	}
}
