package pagecache

import (
	"strings"
	"sync/atomic"
	"time"

	"github.com/uncache/uncache/cache"
)

// A Rendering is what came of the last rendering of a URL in this process.
type Rendering struct {
	// Time is when the handler was called.
	Time time.Time `json:"time"`
	// Took is how long it needed.
	Took time.Duration `json:"took_ns"`
	// Status is the status code that it gave.
	Status int `json:"status"`
	// Stored says that the response was stored, and Keep for how long.
	Stored bool          `json:"stored"`
	Keep   time.Duration `json:"keep_ns,omitempty"`
	// Reason is the word of Cache-Status that says why it was not stored, and Why is
	// the same in a sentence.
	Reason string `json:"reason,omitempty"`
	Why    string `json:"why,omitempty"`
}

// renderings remembers the last rendering of each of some thousand URLs, for Explain. It is
// bounded, and forgets when two URLs meet in one slot.
type renderings [maxRenderings]atomic.Pointer[rendered]

const (
	maxRenderings = 1 << 12
	maxGroupBytes = 512 // of the names that a rendering remembers
)

// rendered is a Rendering, and what Explain needs beside.
type rendered struct {
	Rendering
	primary string
	stamp   cache.Position
	groups  []string // that it named, as far as they are known
}

// note remembers what came of a rendering. What is said to a known visitor says nothing
// about others.
func (c *Cache) note(t *task, rec *recorder) {
	if t.fill == nil || rec.hijacked || t.kept == nil && t.isPersonal() {
		return
	}
	e := &rendered{
		Rendering: Rendering{
			Time: rec.asked, Took: time.Since(rec.asked) - rec.sending, Status: rec.status,
			Stored: t.kept != nil, Reason: string(t.unstored),
		},
		primary: strings.Clone(t.id.Primary), stamp: t.fill.Stamp(),
	}
	if p := t.kept; p != nil {
		e.Keep = c.keepFor(p)
		e.Reason = ""
	} else if rec.policy.Reason != storable {
		e.Reason = string(rec.policy.Reason)
	}
	if query := t.r.URL.RawQuery; e.Reason != "" && c.keys.Query(query) != query {
		e.Reason += queryCut
	}
	bytes := 0
	for _, name := range t.fill.Groups() {
		if bytes += len(name); bytes <= maxGroupBytes {
			e.groups = append(e.groups, strings.Clone(name))
		}
	}
	c.rendered[c.memo.Hash(t.id.Primary)%maxRenderings].Store(e)
}

// lastRendering returns what is remembered of a primary key, or nil.
func (c *Cache) lastRendering(primary string) *rendered {
	if e := c.rendered[c.memo.Hash(primary)%maxRenderings].Load(); e != nil && e.primary == primary {
		return e
	}
	return nil
}
