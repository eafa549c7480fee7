package pagecache

import (
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"

	"github.com/uncache/uncache/internal/httpdate"
)

// A response is a stored response (RFC 9111 §2), or the note that stands under
// the key of a target URI whose responses vary: which fields select among them.
// It is shared between requests and never changed.
type response struct {
	key     string // what it is stored under
	header  fields
	body    []byte
	route   string // the pattern that served it
	date    int64  // when the handler gave it, Unix ns
	age     int64  // how old it was then, ns
	life    int64  // freshness lifetime, ns
	grace   int64  // for how long after that it may be served while it is validated, ns
	ifError int64  // for how long after that it may be served if that fails, ns
	took    int64  // how long making it took, ns
	lead    int64  // for how long before its expiry a hit may refresh it, ns; 0 for not at all
	*rare
	flags  flags
	status uint16

	marks marks
}

// rare is what most responses don't have, or many have the same. It is shared, and
// never changed.
type rare struct {
	vary     []string // the fields that select it, canonical and sorted
	named    []int64  // of a note: for each of vary, until when a response may be stored that named it, Unix ns
	end      int64    // of a note: until when one of the responses may be stored, Unix ns
	variants []string // of a note: the keys of the responses, oldest first
	tags     []string // of a note: their entity tags, "" for those that the handler gave none
	part     span     // of a body, that body holds; zero for a whole one
}

var plain = new(rare) // never changed

// marks are what this process knows of a stored response that becomes true later.
// Processes, and copies that were decoded, don't share it.
type marks struct{ bits atomic.Uint32 }

const (
	// isRefreshing: this process makes its successor in the background, so that
	// those who are given it meanwhile need not look for the fill, which is what
	// there is only one of.
	isRefreshing uint32 = 1 << iota

	// isSoftened: it was found to have been purged softly, which it will be for
	// ever. Its Cache-Status says so.
	isSoftened
)

func (m *marks) has(mark uint32) bool         { return m.bits.Load()&mark != 0 }
func (m *marks) unset(mark uint32)            { m.bits.And(^mark) }
func (m *marks) set(mark uint32) (first bool) { return m.bits.Or(mark)&mark == 0 }

// flags are what is true of a stored response.
type flags uint16

const (
	isNote        flags = 1 << iota // only the fields that select: the responses are stored under their own keys
	isShared                        // may answer requests with Authorization (RFC 9111 §3.5)
	isNoCache                       // must be validated before each use (§5.2.2.4)
	isStrict                        // must not be served stale (§4.2.4)
	isImplied                       // the last words of the Cache-Control in its header are ours
	ownETag                         // the entity tag is the handler's
	isDated                         // Last-Modified tells this version from the next
	isPart                          // the body is a part of one
	isForVisitors                   // it was made for a visitor, and is public
	isTold                          // SetTTL gave it its lifetime
)

func (p *response) is(f flags) bool { return p.flags&f != 0 }

// terms are for how long a response may be used.
type terms struct {
	life    time.Duration // freshness lifetime
	age     time.Duration // how old it was when the handler gave it
	grace   time.Duration // for how long after its life it may be served while it is validated
	ifError time.Duration // and if that fails
}

// timing says when a response was made, and how long that took.
type timing struct {
	asked, given time.Time
	took         time.Duration
}

// finish completes p, whose key, body, route, status and flags are set. Whoever
// makes a response calls it once, before anybody else sees it.
func (c codec) finish(p *response, header []field, use terms, made timing) {
	p.took = int64(made.took)
	c.setTerms(p, use, made.given)
	c.setHeader(p, header)
	p.setDated(made.asked)
}

// setTerms says for how long p, which was given at a time, may be used.
func (c codec) setTerms(p *response, use terms, given time.Time) {
	p.date, p.age, p.life = given.UnixNano(), int64(use.age), int64(use.life)
	p.grace, p.ifError = int64(use.grace), int64(use.ifError)
	p.setLead(c.beta)
}

// setHeader gives p, whose body is set, its header.
func (c codec) setHeader(p *response, header []field) {
	p.header = c.shapes.pack(header, strconv.Itoa(len(p.body)))
}

// setVary names the fields that select p.
func (c codec) setVary(p *response, vary []string) {
	p.rare = plain
	if len(vary) > 0 {
		p.rare = c.shapes.varying(vary)
	}
}

// setSpan makes p a part of a body.
func (p *response) setSpan(s span) {
	p.rare = &rare{part: s}
	p.flags |= isPart
	p.lead = 0
}

// changed is its Last-Modified, or zero.
func (p *response) changed() time.Time { return p.dateIn("Last-Modified") }

// setDated notes whether Last-Modified tells this version from the next, in a
// response whose making began at asked.
func (p *response) setDated(asked time.Time) {
	p.flags &^= isDated
	if changed := p.changed(); !changed.IsZero() && rfc9111.Tells(changed, p.dateIn("Date"), asked) {
		p.flags |= isDated
	}
}

// dateIn returns the date in a field, or zero.
func (p *response) dateIn(name string) time.Time {
	values := p.header.get(name)
	if len(values) != 1 {
		return time.Time{}
	}
	t, _ := httpdate.ParseAt(values[0], time.Unix(0, p.date))
	return t
}

// ageAt is the current age of RFC 9111 §4.2.3.
func (p *response) ageAt(now time.Time) time.Duration {
	return time.Duration(max(now.UnixNano()-p.date, 0) + p.age)
}

// size is about how much memory p takes.
func (p *response) size() int {
	n := 192 + len(p.key) + len(p.body)
	for _, v := range p.variants {
		n += 16 + len(v)
	}
	for _, v := range p.tags {
		n += 16 + len(v)
	}
	if p.rare != plain {
		n += 128 + 8*len(p.named)
	}
	for _, v := range p.header.values {
		n += 16 + len(v)
	}
	return n
}

// ttl is how many seconds p is still fresh at an age, or has been stale, as a
// negative number (RFC 9211 §2.4). It is rounded down: 0 is not yet stale.
func (p *response) ttl(age time.Duration) int64 {
	left := p.life - int64(age)
	seconds := left / int64(time.Second)
	if left < 0 && left%int64(time.Second) != 0 {
		seconds--
	}
	return seconds
}

// appendStatus appends a member to the Cache-Status that the handler gave (RFC
// 9211 §2).
func (p *response) appendStatus(member string) []string {
	return slices.Concat(p.header.get("Cache-Status"), []string{member})
}
