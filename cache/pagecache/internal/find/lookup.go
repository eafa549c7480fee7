package find

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
	"github.com/uncache/uncache/keys"
)

// A Scratch is the memory that a lookup needs, used again.
type Scratch struct {
	Keys             *keys.Builder // that makes the keys of this request
	Primary, Variant []byte
	Varies           bool // variants are stored, if not the one that was looked for
	Seen             Seen

	tried []byte
}

// Tried reports whether the lookup has looked under more keys than one.
func (s *Scratch) Tried() bool { return len(s.tried) > 0 }

// Lookup returns the stored response that was selected by a request with header
// h, stale or not, or nil and what was found instead.
//
// Responses that vary are stored under keys of their own, beside a note under
// the primary key which says by what. This process remembers notes (Memo),
// so that mostly the first key is the right one, and the second is tried only if nothing
// is stored under the first.
func (x *Index) Lookup(ctx context.Context, s *Scratch, h http.Header) (*engine.Stored[*stored.Response], engine.Verdict, error) {
	s.tried, s.Varies, s.Seen = s.tried[:0], false, Seen{}
	key := s.Primary
	if fields := x.memo.Fields(s.Primary); fields != nil {
		s.Variant = s.Keys.AppendVariant(s.Variant[:0], s.Primary, fields, h)
		key = s.Variant
	}
	worst := engine.Absent
	for {
		atPrimary := len(key) == len(s.Primary)
		var asked time.Time
		if atPrimary {
			asked = time.Now()
		}
		found, verdict, err := x.values.Find(ctx, key)
		if err != nil {
			return nil, worst, err
		}
		if atPrimary {
			if s.Seen.at = asked; found != nil && found.Value.Is(stored.IsNote) {
				s.Seen.note = found
			}
		}
		if verdict == engine.Purged {
			if found != nil && found.Value.Is(stored.IsNote) { // who stores a response deletes the variants that it lists
				s.Varies = true
				x.memo.SetFields(s.Primary, found.Value.Vary)
			}
			found = nil
		}
		switch {
		case found == nil:
			worst = max(worst, verdict)
			if atPrimary || len(s.tried) > 0 {
				return nil, worst, nil
			}
			s.tried = append(s.tried, s.Variant...)
			key = s.Primary
		case found.Value.Is(stored.IsNote):
			fields := found.Value.Vary
			s.Varies = true
			x.memo.SetFields(s.Primary, fields)
			s.Variant = s.Keys.AppendVariant(s.Variant[:0], s.Primary, fields, h)
			if !atPrimary || bytes.Equal(s.Variant, s.tried) {
				return nil, worst, nil
			}
			key = s.Variant
			s.tried = append(s.tried[:0], s.Variant...)
		default:
			if atPrimary {
				x.memo.SetFields(s.Primary, nil)
			}
			return found, verdict, nil
		}
	}
}
