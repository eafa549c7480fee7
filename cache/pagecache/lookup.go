package pagecache

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
	"github.com/uncache/uncache/keys"
)

// scratch is the memory that a lookup needs, used again.
type scratch struct {
	primary, variant, tried []byte

	keys *keys.Builder // that makes the keys of this request

	varies bool      // variants are stored, if not the one that was looked for
	until  time.Time // for how long the visitor waits at most; zero before it has begun to
}

// lookup returns the stored response that was selected by a request with header
// h, stale or not, or nil and what was found instead.
//
// Responses that vary are stored under keys of their own, beside a note under
// the primary key which says by what. This process remembers notes, so that the
// second lookup is the first one's exception.
func (c *Cache) lookup(ctx context.Context, s *scratch, h http.Header) (*engine.Stored[*stored.Response], engine.Verdict, error) {
	s.tried, s.varies = s.tried[:0], false
	key := s.primary
	if fields := c.memo.Fields(s.primary); fields != nil {
		s.variant = s.keys.AppendVariant(s.variant[:0], s.primary, fields, h)
		key = s.variant
	}
	worst := engine.Absent
	for {
		found, verdict, err := c.values.Find(ctx, key)
		if err != nil {
			return nil, worst, err
		}
		atPrimary := len(key) == len(s.primary)
		if verdict == engine.Purged {
			if found != nil && found.Value.Is(stored.IsNote) { // who stores a response deletes the variants that it lists
				s.varies = true
				c.memo.SetFields(s.primary, found.Value.Vary)
			}
			found = nil
		}
		switch {
		case found == nil:
			worst = max(worst, verdict)
			if atPrimary || len(s.tried) > 0 {
				return nil, worst, nil
			}
			s.tried = append(s.tried, s.variant...)
			key = s.primary
		case found.Value.Is(stored.IsNote):
			fields := found.Value.Vary
			s.varies = true
			c.memo.SetFields(s.primary, fields)
			s.variant = s.keys.AppendVariant(s.variant[:0], s.primary, fields, h)
			if !atPrimary || bytes.Equal(s.variant, s.tried) {
				return nil, worst, nil
			}
			key = s.variant
			s.tried = append(s.tried[:0], s.variant...)
		default:
			if atPrimary {
				c.memo.SetFields(s.primary, nil)
			}
			return found, verdict, nil
		}
	}
}

// whyNoKey says why r has no key.
func (c *Cache) whyNoKey(r *http.Request) reason {
	switch err := c.keys.Check(r); {
	case errors.Is(err, keys.ErrForeignHost):
		return reasonOtherHost
	case errors.Is(err, keys.ErrHost):
		return reasonHost
	case errors.Is(err, keys.ErrPath), errors.Is(err, keys.ErrDotSegment), errors.Is(err, keys.ErrEmptySegment):
		return reasonPath
	case errors.Is(err, keys.ErrQuery):
		return reasonQuery
	}
	return reasonNoKey
}
