package pagecache

import (
	"net/http"
	"strconv"
	"time"

	"github.com/uncache/uncache/cache/pagecache/internal/stored"
	"github.com/uncache/uncache/internal/sfv"
)

// Why a request went forward to the handler, in the words of RFC 9211 §2.2.
const (
	fwdBypass  = "bypass"
	fwdMethod  = "method"
	fwdRequest = "request"
	fwdMiss    = "miss"
	fwdStale   = "stale"
	fwdVary    = "vary-miss"
)

// A status is our member of the Cache-Status list of a response that did not come from the
// store.
type status struct {
	fwd    string
	answer int // the handler's status code, if the visitor got another
	detail string
	key    string // if Options.StatusKey is set
	stored bool
	joined bool // it was waiting for another request's fill
	stale  bool // it was served stale, and ttl says by how much
	ttl    int64
}

func (s status) format(name string) string {
	v := name + "; fwd=" + s.fwd
	if s.answer != 0 {
		v += "; fwd-status=" + strconv.Itoa(s.answer)
	}
	if s.stored {
		v += "; stored"
	}
	if s.joined {
		v += "; collapsed"
	}
	if s.stale {
		v += "; ttl=" + strconv.FormatInt(s.ttl, 10)
	}
	if s.key != "" {
		v += keyParam(s.key)
	}
	if s.detail != "" {
		v += "; detail=" + s.detail
	}
	return v
}

// add appends the status to what Cache-Status says already (RFC 9211 §2).
func (s status) add(h http.Header, name string) {
	h.Add("Cache-Status", s.format(name))
}

// keyParam is the key parameter of RFC 9211 §2.7. Keys are printable ASCII.
func keyParam(key string) string {
	b, _ := sfv.AppendString([]byte("; key="), key)
	return string(b)
}

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
