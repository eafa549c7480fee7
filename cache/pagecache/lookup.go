package pagecache

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/keys"
)

// lookup returns the stored response that was selected by a request with header
// h, stale or not, or nil and what was found instead.
//
// Responses that vary are stored under keys of their own, beside a note under
// the primary key which says by what. This process remembers notes, so that the
// second lookup is the first one's exception.
func (c *Cache) lookup(ctx context.Context, s *scratch, h http.Header) (*coherent.Stored[*response], coherent.Verdict, error) {
	s.tried, s.varies = s.tried[:0], false
	key := s.primary
	if fields := c.memo.fields(s.primary); fields != nil {
		s.variant = s.keys.AppendVariant(s.variant[:0], s.primary, fields, h)
		key = s.variant
	}
	worst := coherent.Absent
	for {
		stored, verdict, err := c.values.Find(ctx, key)
		if err != nil {
			return nil, worst, err
		}
		atPrimary := len(key) == len(s.primary)
		if verdict == coherent.Purged {
			if stored != nil && stored.Value.is(isNote) { // who stores a response deletes the variants that it lists
				s.varies = true
				c.memo.setFields(s.primary, stored.Value.vary)
			}
			stored = nil
		}
		switch {
		case stored == nil:
			worst = max(worst, verdict)
			if atPrimary || len(s.tried) > 0 {
				return nil, worst, nil
			}
			s.tried = append(s.tried, s.variant...)
			key = s.primary
		case stored.Value.is(isNote):
			fields := stored.Value.vary
			s.varies = true
			c.memo.setFields(s.primary, fields)
			s.variant = s.keys.AppendVariant(s.variant[:0], s.primary, fields, h)
			if !atPrimary || bytes.Equal(s.variant, s.tried) {
				return nil, worst, nil
			}
			key = s.variant
			s.tried = append(s.tried[:0], s.variant...)
		default:
			if atPrimary {
				c.memo.setFields(s.primary, nil)
			}
			return stored, verdict, nil
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
	case errors.Is(err, keys.ErrPath), errors.Is(err, keys.ErrDotSegment):
		return reasonPath
	case errors.Is(err, keys.ErrQuery):
		return reasonQuery
	}
	return reasonNoKey
}

// An identity is what a request asks for, by the names that a purge knows.
type identity struct {
	keys    *keys.Builder // made primary, and makes the keys of variants
	primary string
	origin  string
	uri     string
	deps    []cache.Dependency // what its response depends on from birth
}

// identify returns the identity of a request; ok is false if its path is too
// deep.
func (c *Cache) identify(r *http.Request, visitor reason) (id identity, ok bool) {
	b := c.keysFor(visitor)
	k := b.Request(r)
	path := k.Path()
	if !k.Valid() || strings.Count(path, "/") > maxDepth {
		return identity{}, false
	}
	// A purge names a URL with its host, or without.
	deps := append(make([]cache.Dependency, 0, 8), cache.URI(k.URI()), cache.URI(k.Target()))
	return identity{b, k.String(), origin(k), k.URI(), cache.AppendPathDependencies(deps, path)}, true
}
