package stored

import (
	"time"

	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
	"github.com/uncache/uncache/internal/httpdate"
)

// AgeAt returns the current age of RFC 9111 §4.2.3.
func (p *Response) AgeAt(now time.Time) time.Duration {
	return time.Duration(max(now.UnixNano()-p.Date, 0)) + p.Age
}

// TTL returns how many seconds p is still fresh at an age, or has been stale, as a negative
// number (RFC 9211 §2.4). It is rounded down: 0 is not yet stale.
func (p *Response) TTL(age time.Duration) int64 {
	left := p.Life - age
	seconds := int64(left / time.Second)
	if left < 0 && left%time.Second != 0 {
		seconds--
	}
	return seconds
}

// Changed returns p's Last-Modified, or zero.
func (p *Response) Changed() time.Time { return p.DateIn("Last-Modified") }

// setDated sets the flag [IsDated] of a response whose making began at asked.
func (p *Response) setDated(asked time.Time) {
	p.Flags &^= IsDated
	if changed := p.Changed(); !changed.IsZero() && rfc9111.Tells(changed, p.DateIn("Date"), asked) {
		p.Flags |= IsDated
	}
}

// DateIn returns the date in a field, or zero.
func (p *Response) DateIn(name string) time.Time {
	values := p.Header.Get(name)
	if len(values) != 1 {
		return time.Time{}
	}
	t, _ := httpdate.ParseAt(values[0], time.Unix(0, p.Date))
	return t
}

// Made returns when the handler made p, by its own account: its Date. For a note, that is
// when the newest of the responses was made.
func (p *Response) Made() time.Time {
	if t := p.DateIn("Date"); !t.IsZero() {
		return t
	}
	return time.Unix(0, p.Date)
}
