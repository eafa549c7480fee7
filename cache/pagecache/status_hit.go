package pagecache

import (
	"time"

	"github.com/uncache/uncache/cache/pagecache/internal/stored"
)

// A moment is the header values of a response that differ from one second, and one request,
// to the next.
type moment struct {
	age    []string // nil for none
	status []string
}

func (s *moment) set(h map[string][]string) {
	if s.age != nil {
		h["Age"] = s.age
	}
	h["Cache-Status"] = s.status
}

const softStatus = "; detail=" + string(reasonSoft)

// hit returns the header values of a hit on p at an age.
func (c *Cache) hit(p *stored.Response, age time.Duration) moment {
	s := moment{age: c.age(age)}
	ttl, soft := p.TTL(age), p.Marks.Has(stored.IsSoftened)
	switch {
	case c.opts.StatusKey || p.Header.HasStatus():
		member := c.statuses.Text(ttl)
		if c.opts.StatusKey {
			member += keyParam(p.Key)
		}
		if soft {
			member += softStatus
		}
		s.status = p.AppendStatus(member)
	case soft:
		s.status = c.softened.Say(ttl)
	default:
		s.status = c.statuses.Say(ttl)
	}
	return s
}

// age returns the values of an Age field.
func (c *Cache) age(age time.Duration) []string { return c.ages.Say(int64(age / time.Second)) }
