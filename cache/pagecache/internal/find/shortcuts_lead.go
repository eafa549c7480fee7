package find

import (
	"net/http"
	"slices"
	"time"

	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
)

// Find returns the fresh response that r selects, if that is known at once, or nil. now is
// as for [engine.Values.Hit].
func (s *Shortcuts) Find(r *http.Request, now time.Time) *engine.Stored[*stored.Response] {
	f, ok := form(r)
	if !ok {
		return nil
	}
	url := s.hash(r, f)
	if known := s.selectors.Load(); known != nil && s.leads != nil {
		if p := s.leads.find(r, f, url, *known, s.cookies); p != nil {
			return s.use(p, now)
		}
	}
	key := s.key(r, f, url)
	if key == nil {
		return nil
	}
	found := s.values.Hit(key, now)
	if found == nil || found.Value.Is(stored.IsNote) {
		return nil
	}
	return found
}

// use returns p, to which a request leads, or nil if it is not fresh.
func (s *Shortcuts) use(p *stored.Response, now time.Time) *engine.Stored[*stored.Response] {
	found := p.Kept()
	if !s.values.IsFresh(found, now) {
		return nil
	}
	if !p.Marks.Has(stored.IsUsed) { // mostly it is marked
		p.Marks.Set(stored.IsUsed)
	}
	return found
}

// Learn notes that r, whose primary key is given, selects found. A response has a lead from
// the second request on that it answers, and shortcuts for other requests.
func (s *Shortcuts) Learn(r *http.Request, primary []byte, found *engine.Stored[*stored.Response]) {
	f, ok := form(r)
	if !ok {
		return
	}
	p := found.Value
	if s.leads == nil || found != p.Kept() || !p.Marks.Has(stored.IsHeld) || p.Marks.Has(stored.HasLeft) {
		s.learn(r, f, primary, p.Key)
		return
	}
	if p.Marks.Set(stored.WasHit) {
		return
	}
	n, ok := s.noteOf(p, primary)
	if ok && !p.Marks.Has(stored.IsLed) && (n == nil || string(s.keys.AppendVariant(nil, primary, p.Vary, r.Header)) == p.Key) {
		var fields []string
		if n != nil {
			fields = p.Vary
		}
		s.lead(p, n, r, f, fields)
	}
	if s.leads.find(r, f, s.hash(r, f), s.known(), s.cookies) == nil {
		s.learn(r, f, primary, p.Key)
	}
}

// Leads returns how many stored responses requests find without a key.
func (s *Shortcuts) Leads() int {
	if s.leads == nil {
		return 0
	}
	return s.leads.count()
}

// known are the selectors so far.
func (s *Shortcuts) known() []selector {
	if known := s.selectors.Load(); known != nil {
		return *known
	}
	return nil
}

// lead makes r lead to p, which is stored beside the note n if that is not nil.
func (s *Shortcuts) lead(p, n *stored.Response, r *http.Request, form uint8, fields []string) {
	by := s.selector(fields)
	if by == 0 {
		return
	}
	var values selecting
	hash, ok := values.read(s.memo.seed, r.Header, (*s.selectors.Load())[by-1].fields, s.cookies, 0)
	if !ok {
		return
	}
	s.leads.add(p, r, form, s.hash(r, form), by, &values, hash)
	if n == nil || p.Lead.By.Load() == nil {
		return
	}
	// In this order: n may be leaving, and would not take p out of the table.
	n.Lead.By.CompareAndSwap(nil, p.Lead.By.Load())
	if n.Marks.Has(stored.HasLeft) {
		s.leads.unlink(p)
	}
}

// noteOf returns the note that lists p, a response that varies, and true. For one that does
// not it returns nil and true. It returns false if there is no such note in the store.
func (s *Shortcuts) noteOf(p *stored.Response, primary []byte) (n *stored.Response, ok bool) {
	if p.Key == string(primary) {
		return nil, true
	}
	x := s.values.AtHand(primary)
	if x == nil {
		return nil, false
	}
	n = x.Value
	return n, n.Is(stored.IsNote) && n.Marks.Has(stored.IsHeld) && slices.Equal(n.Vary, p.Vary) && slices.Contains(n.Variants, p.Key)
}
