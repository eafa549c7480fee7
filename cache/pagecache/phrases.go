package pagecache

import (
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// phrases are header values that a number is the only variable of, ready to be
// assigned: the Age and the Cache-Status of a hit. Pages share them, since in one
// second there are fewer ages than pages. They are bounded: numbers that meet in
// a slot push one another out.
type phrases [phraseSlots]atomic.Pointer[phrase]

const phraseSlots = 1 << 13 // more than the seconds of two hours

type phrase struct {
	n      int64
	values [1]string
}

func (b *phrases) slot(n int64) *atomic.Pointer[phrase] { return &b[uint64(n)%phraseSlots] }

// say returns before, n as a decimal number, after. Those who share b have the same
// before and after.
func (b *phrases) say(before string, n int64, after string) []string {
	slot := b.slot(n)
	p := slot.Load()
	if p == nil || p.n != n {
		p = &phrase{n, [1]string{before + strconv.FormatInt(n, 10) + after}}
		slot.Store(p)
	}
	return p.values[:]
}

// says are the header values that differ from one second, and one request, to
// the next.
type says struct {
	age    []string // nil for none
	status []string
}

func (s *says) set(h map[string][]string) {
	if s.age != nil {
		h["Age"] = s.age
	}
	h["Cache-Status"] = s.status
}

const softStatus = "; detail=" + string(reasonSoft)

// hit returns the header values of a hit on p at an age.
func (c *Cache) hit(p *response, age time.Duration) says {
	s := says{age: c.age(age)}
	soft := p.marks.has(isSoftened)
	switch ttl := p.ttl(age); {
	case c.opts.StatusKey || p.header.shape.status:
		member := c.hitStatus + strconv.FormatInt(ttl, 10)
		if c.opts.StatusKey {
			member += keyParam(p.key)
		}
		if soft {
			member += softStatus
		}
		s.status = p.appendStatus(member)
	case soft:
		s.status = c.softened.say(c.hitStatus, ttl, softStatus)
	default:
		s.status = c.statuses.say(c.hitStatus, ttl, "")
	}
	return s
}

// age returns the values of an Age field.
func (c *Cache) age(age time.Duration) []string { return c.ages.say("", int64(age/time.Second), "") }

// dates share the Date of the responses of one second.
type dates struct{ last atomic.Pointer[date] }

type date struct {
	second int64
	text   string
}

// format writes t as HTTP does (RFC 9110 §5.6.7).
func (d *dates) format(t time.Time) string {
	last := d.last.Load()
	if last == nil || last.second != t.Unix() {
		last = &date{t.Unix(), t.UTC().Format(http.TimeFormat)}
		d.last.Store(last)
	}
	return last.text
}
