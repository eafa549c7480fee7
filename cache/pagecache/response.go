package pagecache

import (
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"time"
)

// A response is a stored response (RFC 9111 §2), or the note that stands under
// the key of a target URI whose responses vary: which fields select among them.
// It is shared between requests and never changed.
type response struct {
	key     string   // what it is stored under
	vary    []string // the fields that select it, canonical and sorted
	note    bool     // only the fields: the responses are stored under their own keys
	shared  bool     // may answer requests with Authorization (RFC 9111 §3.5)
	status  int
	route   string // the pattern that served it
	date    int64  // when the handler gave it, Unix ns
	age     int64  // how old it was then, ns
	life    int64  // freshness lifetime, ns
	etag    string
	changed time.Time // Last-Modified, or zero
	header  []field
	body    []byte

	length []string // Content-Length, ready to be assigned
	second atomic.Pointer[second]
}

// A field is a header field with all its values. The values are assigned to a
// http.Header as they are: their capacity is their length, so that whoever
// appends gets a slice of his own. No values means that the handler took away
// what stood there before it.
type field struct {
	name   string
	values []string
}

// second holds the header values that change once a second.
type second struct {
	at     int64    // age in seconds
	age    []string // nil for none
	status []string
}

func (s *second) set(h http.Header) {
	if s.age != nil {
		h["Age"] = s.age
	}
	h["Cache-Status"] = s.status
}

// finish makes what serving needs. Who makes a response calls it once, before
// anybody else sees it.
func (p *response) finish() {
	p.length = []string{strconv.Itoa(len(p.body))}
	for i := range p.header {
		p.header[i].values = slices.Clip(p.header[i].values)
		switch p.header[i].name {
		case "Etag":
			if len(p.header[i].values) == 1 {
				p.etag = p.header[i].values[0]
			}
		case "Last-Modified":
			if len(p.header[i].values) != 1 {
				break
			}
			if t, err := http.ParseTime(p.header[i].values[0]); err == nil {
				p.changed = t
			}
		}
	}
}

// ageAt is the current age of RFC 9111 §4.2.3.
func (p *response) ageAt(now time.Time) time.Duration {
	return time.Duration(max(now.UnixNano()-p.date, 0) + p.age)
}

func (p *response) fresh(age time.Duration) bool { return int64(age) < p.life }

// size is about how much memory p takes.
func (p *response) size() int {
	n := 256 + len(p.key) + len(p.body)
	for i := range p.header {
		n += 48 + len(p.header[i].name)
		for _, v := range p.header[i].values {
			n += 16 + len(v)
		}
	}
	return n
}

// hit returns the header values of a hit at an age, for a cache of that name.
func (p *response) hit(age time.Duration, name string) *second {
	n := int64(age / time.Second)
	if s := p.second.Load(); s != nil && s.at == n {
		return s
	}
	ttl := (p.life - int64(age)) / int64(time.Second)
	s := &second{
		at:     n,
		age:    []string{strconv.FormatInt(n, 10)},
		status: p.appendStatus(name + "; hit; ttl=" + strconv.FormatInt(ttl, 10)),
	}
	p.second.Store(s)
	return s
}

// appendStatus appends a member to the Cache-Status that the handler gave (RFC
// 9211 §2).
func (p *response) appendStatus(member string) []string {
	for i := range p.header {
		if p.header[i].name == "Cache-Status" {
			return append(p.header[i].values, member) // a copy: there is no room behind
		}
	}
	return []string{member}
}
