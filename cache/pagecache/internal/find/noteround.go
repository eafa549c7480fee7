package find

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
)

// A noteRound stores responses of one target URI that were made at the same time. It
// reads the note once, and writes it once, for all of them:
//
//  1. the first that comes opens a round, and leads it
//  2. it waits for the round before, if one runs; others enter meanwhile
//  3. it reads the note, and finds the fields that select among all
//  4. each entry stores its own response, at the same time as the others
//  5. the leader writes the note, and the round is over
//
// So nobody waits for more than two rounds, however many visitors there are, and no
// entry of this process is lost from the note.
type noteRound struct {
	before  *noteRound // that has to be over first, or nil
	entries []*noteEntry
	read    chan struct{} // closed when vary is known
	over    chan struct{}
	storing sync.WaitGroup

	vary []string         // the fields that select
	note *stored.Response // to be written, or nil
	gone []string         // the keys of what nobody will find
}

// A noteEntry is one response of a round.
type noteEntry struct {
	p      *stored.Response
	keep   time.Duration
	stored bool
	why    rfc9111.Reason // why it must not be stored, or was not
}

// noteRounds are the rounds that run, and what they have stored.
type noteRounds struct {
	mu     sync.Mutex
	newest map[string]*noteRound // by primary key
	recent [64]written
}

// written is what this process has stored of one target URI. Another process that
// writes the note at the same time may lose entries of it, which would then be
// bounded by nothing.
type written struct {
	at       time.Time // when the last note was written that has this place
	primary  string
	vary     []string
	variants []string // oldest first
}

// enter puts e into the round of a primary key that has not begun, or opens one,
// which the caller leads then.
func (s *noteRounds) enter(primary string, e *noteEntry) (r *noteRound, leads bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.newest[primary]
	if r = before; r == nil || r.entries == nil {
		r = &noteRound{before: before, read: make(chan struct{}), over: make(chan struct{})}
		if s.newest == nil {
			s.newest = make(map[string]*noteRound)
		}
		s.newest[primary], leads = r, true
	}
	r.entries = append(r.entries, e)
	r.storing.Add(1)
	return r, leads
}

// begin waits for the round before, and returns the entries of r, which nobody
// enters any more.
func (s *noteRounds) begin(r *noteRound) []*noteEntry {
	if r.before != nil {
		<-r.before.over
		r.before = nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	entries := r.entries
	r.entries = nil
	return entries
}

// end ends a round.
func (s *noteRounds) end(primary string, r *noteRound) {
	s.mu.Lock()
	if s.newest[primary] == r {
		delete(s.newest, primary)
	}
	s.mu.Unlock()
	close(r.over)
}

// of returns what this process has stored under a primary key lately.
func (s *noteRounds) of(primary string, hash uint64) written {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w := s.recent[hash%uint64(len(s.recent))]; w.primary == primary {
		return w
	}
	return written{}
}

// remember keeps what a note lists.
func (s *noteRounds) remember(n *stored.Response, hash uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recent[hash%uint64(len(s.recent))] = written{time.Now(), n.Key, n.Vary, slices.Clone(n.Variants)}
}

// wrote says that a note was written. Who asked for it before may have the one it replaced.
func (s *noteRounds) wrote(hash uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recent[hash%uint64(len(s.recent))].at = time.Now()
}

// prepare finds the note that r writes, when was is the one that is stored, or nil.
// Entries that must not be stored get a reason.
func (r *noteRound) prepare(key string, entries []*noteEntry, was *stored.Response, verdict engine.Verdict, mine written) {
	slices.SortStableFunc(entries, func(a, b *noteEntry) int { return a.p.Made().Compare(b.p.Made()) })
	n := was
	for _, e := range entries {
		next, gone := newNote(key, n, verdict, e.p, e.keep)
		if next == nil {
			// RFC 9111 §4: of those that a request may select, it gets the newest.
			e.why = ReasonOlder
			continue
		}
		n, r.note, verdict = next, next, engine.Fresh
		r.gone = append(r.gone, gone...)
	}
	if n != nil {
		r.vary = n.Vary
	}
	for _, e := range entries {
		for _, name := range e.p.Vary {
			if !slices.Contains(r.vary, name) {
				e.why = ReasonOlder // the note began anew without its fields
			}
		}
	}
	if r.note == nil {
		return
	}
	lost := slices.DeleteFunc(slices.Clone(mine.variants), func(key string) bool {
		return slices.Contains(r.note.Variants, key) || slices.Contains(r.gone, key)
	})
	switch {
	case len(lost) == 0:
	case slices.Equal(mine.vary, r.vary):
		r.note.Variants = append(lost, r.note.Variants...)
		r.note.Tags = append(make([]string, len(lost)), r.note.Tags...)
	default:
		r.gone = append(r.gone, lost...)
	}
}

// finish lists the entries that were stored, and returns the keys of what has to make
// room.
func (r *noteRound) finish(entries []*noteEntry, most int) (gone []string) {
	n := r.note
	for _, e := range entries {
		if e.stored {
			addVariant(n, e.p)
			r.gone = slices.DeleteFunc(r.gone, func(key string) bool { return key == e.p.Key })
		}
	}
	if surplus := len(n.Variants) - most; surplus > 0 && len(n.Vary) > 0 {
		r.gone = append(r.gone, n.Variants[:surplus]...)
		n.Variants, n.Tags = n.Variants[surplus:], n.Tags[surplus:]
	}
	return r.gone
}

// lead reads the note of a target URI, has the entries of r stored, and writes the
// note. It serves other visitors too, so it does not end with the leader's.
func (x *Index) lead(ctx context.Context, id Identity, r *noteRound, hash uint64, seen Seen, store func()) {
	defer x.rounds.end(id.Primary, r)
	ctx = context.WithoutCancel(ctx)
	entries := x.rounds.begin(r)
	func() {
		defer close(r.read)
		was, verdict, err := x.noteOf(ctx, id.Primary, hash, seen)
		if err != nil || verdict == engine.Bypassed { // a list that forgets the others would not bound them
			for _, e := range entries {
				e.why = ReasonStore
			}
			return
		}
		r.prepare(strings.Clone(id.Primary), entries, was, verdict, x.rounds.of(id.Primary, hash))
	}()
	store()
	r.storing.Wait()
	if !slices.ContainsFunc(entries, func(e *noteEntry) bool { return e.stored }) {
		return
	}
	n := r.note
	if gone := r.finish(entries, x.most); len(gone) > 0 && x.values.Delete(ctx, gone...) != nil {
		// They count until they are deleted.
		n.Variants, n.Tags = append(gone, n.Variants...), append(make([]string, len(gone)), n.Tags...)
	}
	x.rounds.remember(n, hash)
	defer x.rounds.wrote(hash)
	if len(n.Vary) == 0 {
		return // a response stands in the note's place
	}
	if key := n.Variants[len(n.Variants)-1]; strings.HasPrefix(key, n.Key) {
		n.Key = key[:len(n.Key)] // and not another copy
	}
	// The note depends on the page and not on what one variant was made from.
	// It can't mislead: each variant is judged by its own stamp.
	fill := x.engine.Begin()
	fill.Add(id.Deps...)
	_, _ = x.values.Set(ctx, n.Key, n, time.Duration(n.End-time.Now().UnixNano()), fill) // coherent tells its Observe
}
