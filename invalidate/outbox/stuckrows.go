package outbox

import (
	"errors"
	"time"
)

var (
	errNotFound   = errors.New("the database does not find the row by its id")
	errNotDeleted = errors.New("purged, but the database has not deleted the row")
	errNotChanged = errors.New("the database has not changed the row")
)

const (
	// maxStuck is how many rows this process remembers. For one more it forgets
	// another.
	maxStuck = 10_000
	// staysFor is how long a row is remembered that is not seen again.
	staysFor = 10 * time.Minute
)

// stuckRows are rows that were tried, and that the database neither deletes nor
// changes: by a trigger, a rule, a missing right, or an id that it does not find. They
// stay due, so only this process knows that it has to leave them alone. Otherwise every
// turn would purge them. Later each is taken alone, so that the others do not fail with
// it.
type stuckRows struct {
	rows    map[stuckRow]stuckState
	waiting int  // how many of them a claim would find
	alone   bool // the last claim took one of them
}

// A stuckRow is a row as it was. A row that was changed meanwhile is another.
type stuckRow struct {
	id    rowID
	tries int
	schedule
}

type stuckState struct {
	turns int // when it was tried
	until time.Time
	seen  time.Time
}

// choose returns the rows that a claim may take, and whether that is one that has to be
// alone. Those get every second claim, so that neither they nor the others wait long.
func (s *stuckRows) choose(all []row, now time.Time) (rows []row, alone bool) {
	var single []row
	s.waiting = 0
	for _, r := range all {
		state, ok := s.rows[r.key()]
		if !ok {
			rows = append(rows, r)
			continue
		}
		state.seen = now
		s.rows[r.key()] = state
		if now.Before(state.until) {
			s.waiting++
		} else {
			single = append(single, r)
		}
	}
	for key, state := range s.rows {
		if now.After(state.until) && now.Sub(state.seen) > staysFor {
			delete(s.rows, key)
		}
	}
	s.alone = len(single) > 0 && (len(rows) == 0 || !s.alone)
	if s.alone {
		return single[:1], true
	}
	return rows, false
}

// waits reports whether r is not to be tried yet.
func (s *stuckRows) waits(r row) bool { return time.Now().Before(s.rows[r.key()].until) }

// add remembers a row for as long as wait says for its turn.
func (s *stuckRows) add(r row, wait func(turn int) time.Duration) {
	state := s.rows[r.key()]
	state.turns++
	now := time.Now()
	state.until, state.seen = now.Add(wait(state.turns)), now
	s.put(r.key(), state)
	s.waiting++
}

// suspect has a row be alone in its next claim.
func (s *stuckRows) suspect(r row) {
	if _, ok := s.rows[r.key()]; !ok {
		s.put(r.key(), stuckState{seen: time.Now()})
	}
}

func (s *stuckRows) put(key stuckRow, state stuckState) {
	if _, ok := s.rows[key]; !ok && len(s.rows) >= maxStuck {
		for other := range s.rows {
			delete(s.rows, other)
			break
		}
	}
	if s.rows == nil {
		s.rows = make(map[stuckRow]stuckState)
	}
	s.rows[key] = state
}

func (s *stuckRows) remove(r row) { delete(s.rows, r.key()) }
