package find

import (
	"context"
	"time"

	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
)

// Seen is what a lookup has found under the primary key: a note, or none. Who stores a
// variant soon afterwards need not look again.
type Seen struct {
	note *engine.Stored[*stored.Response] // nil: there was none
	at   time.Time                        // when the lookup asked; zero: it did not
}

// noteAge is for how long a note counts that a lookup has found. In that time another
// process may have written the note, as it may between reading and writing it. A
// rendering that took longer can afford a round trip.
const noteAge = 20 * time.Millisecond

// isRecent reports whether what a lookup has seen is what reading the note would return, as
// far as this process knows.
func (s *noteRounds) isRecent(seen Seen, hash uint64) bool {
	if seen.at.IsZero() || time.Since(seen.at) > noteAge {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.recent[hash%uint64(len(s.recent))].at.Before(seen.at)
}

// noteOf returns the note of a target URI, or nil and why there is none.
func (x *Index) noteOf(ctx context.Context, primary string, hash uint64, seen Seen) (*stored.Response, engine.Verdict, error) {
	s, verdict := seen.note, engine.Absent
	if !x.rounds.isRecent(seen, hash) {
		var err error
		s, verdict, err = x.values.Find(ctx, []byte(primary))
		if err != nil {
			return nil, verdict, err
		}
	} else if s != nil {
		verdict = x.values.Judge(s)
	}
	if s == nil || !s.Value.Is(stored.IsNote) {
		return nil, verdict, nil
	}
	return s.Value, verdict, nil
}
