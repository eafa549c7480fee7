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
type phrases struct {
	before, after string // the number
	slots         [phraseSlots]atomic.Pointer[phrase]
}

const phraseSlots = 1 << 13 // more than the seconds of two hours

type phrase struct {
	n      int64
	values [1]string
}

// say returns the phrase with n.
func (b *phrases) say(n int64) []string {
	slot := &b.slots[uint64(n)%phraseSlots]
	p := slot.Load()
	if p == nil || p.n != n {
		p = &phrase{n, [1]string{b.text(n)}}
		slot.Store(p)
	}
	return p.values[:]
}

func (b *phrases) text(n int64) string { return b.before + strconv.FormatInt(n, 10) + b.after }

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
	ttl, soft := p.ttl(age), p.marks.has(isSoftened)
	switch {
	case c.opts.StatusKey || p.header.shape.status:
		member := c.statuses.text(ttl)
		if c.opts.StatusKey {
			member += keyParam(p.key)
		}
		if soft {
			member += softStatus
		}
		s.status = p.appendStatus(member)
	case soft:
		s.status = c.softened.say(ttl)
	default:
		s.status = c.statuses.say(ttl)
	}
	return s
}

// age returns the values of an Age field.
func (c *Cache) age(age time.Duration) []string { return c.ages.say(int64(age / time.Second)) }

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
