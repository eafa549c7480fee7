package find

import (
	"hash/maphash"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/uncache/uncache/internal/cookie"
	"github.com/uncache/uncache/keys"
)

// Shortcuts lead from requests, as they came, to the keys of the responses that
// they select, without making the keys anew: canonical URIs, and a digest of what
// selects. A key depends on nothing but the request and on which fields select;
// where these change, the memo says so. What is stored under the key is asked of
// the store, as ever. They are made of requests that were answered by the long
// way.
//
// They are bounded: by slots, in each of which one stays for as long as it is
// used, and by what one may take.
type Shortcuts struct {
	memo    *Memo
	keys    *keys.Builder
	always  []string // the fields that select whatever a response says
	cookies []string // that count; nil: all

	hints [shortcutSlots]atomic.Uint32 // by URL: the selectors to try, their number plus one
	slots [shortcutSlots]atomic.Pointer[shortcut]

	mu        sync.Mutex
	selectors atomic.Pointer[[]selector] // is added to, under mu
}

// NewShortcuts returns shortcuts to the keys that b makes.
func NewShortcuts(memo *Memo, b *keys.Builder) *Shortcuts {
	return &Shortcuts{memo: memo, keys: b, always: b.Headers(), cookies: b.Cookies()}
}

const (
	shortcutSlots = 1 << 14
	shortcutWays  = 4       // slots that one may be in
	maxShortcut   = 1 << 10 // bytes of a request that are remembered
	maxSelecting  = 8       // fields
	maxSelectors  = 64      // sites have a few
)

// A selector is a list of fields: those that always select, and those that some
// responses vary by.
type selector struct {
	vary   []string
	fields []string
}

// A shortcut is for the requests of one URL whose selecting fields have the same
// values. It is made to lie in few cache lines.
type shortcut struct {
	text   []byte              // host, path, raw path, query, host in the URL, asked path, values, key
	ends   [6]uint16           // of the first six
	keyAt  uint16              //
	values [maxSelecting]int16 // lengths; absent for no such field
	count  uint8               // of values
	form   uint8               // see form
	by     uint32              // its selector
	set    *varySet            // where the memo has its URL
	change uint32              // of the set, when it was made
	used   atomic.Bool
}

const absent = -1

// form is what else of a request is in its key.
func form(r *http.Request) (f uint8, ok bool) {
	if r.TLS != nil {
		f = 1
	}
	switch r.URL.Scheme {
	case "":
	case "http":
		f |= 2
	case "https":
		f |= 4
	default:
		return 0, false
	}
	if asksForURL(r) {
		f |= formAsked
	}
	u := r.URL
	return f, u.Opaque == "" && u.User == nil && !u.ForceQuery && r.Host != ""
}

// formAsked is for a request whose RequestURI begins as its URL's path is written,
// so that the shortcut need not have both. Which key that makes depends on nothing
// but the URL.
const formAsked = 8

func asksForURL(r *http.Request) bool {
	path, uri := r.URL.RawPath, r.RequestURI
	if path == "" {
		path = r.URL.Path
	}
	return len(uri) >= len(path) && uri[:len(path)] == path && (len(uri) == len(path) || uri[len(path)] == '?')
}

// askedPath returns what counts of a RequestURI that does not begin so.
func askedPath(r *http.Request) string {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	return path
}

// selecting are the values of a selector's fields in a request.
type selecting struct {
	lines [maxSelecting]string
	there [maxSelecting]bool
}

// read takes the values of fields in h in, and adds them to a hash. It is false
// if a field has several lines. It allocates only if the cookies that count stand
// apart, or in another order than their names.
func (s *selecting) read(seed maphash.Seed, h http.Header, fields, cookies []string, hash uint64) (uint64, bool) {
	for i, name := range fields {
		lines := h[name]
		if name == "Cookie" && cookies != nil && len(lines) > 0 {
			if text := cookie.Cut(lines, cookies); text != "" {
				s.lines[i], s.there[i] = text, true
				hash = hash*hashMultiplier ^ maphash.String(seed, text)
				continue
			}
			lines = nil
		}
		switch len(lines) {
		case 0:
			hash = hash*hashMultiplier + 1
		case 1:
			s.lines[i], s.there[i] = lines[0], true
			hash = hash*hashMultiplier ^ maphash.String(seed, lines[0])
		default:
			return 0, false
		}
	}
	return hash, true
}

// hashMultiplier keeps the same values in another order apart.
const hashMultiplier = 0x9e3779b97f4a7c15

func (s *Shortcuts) hash(r *http.Request, form uint8) uint64 {
	h := maphash.String(s.memo.seed, r.URL.Path)*hashMultiplier ^ maphash.String(s.memo.seed, r.Host)
	if form&formAsked == 0 {
		h = h*hashMultiplier ^ maphash.String(s.memo.seed, askedPath(r))
	}
	if r.URL.RawQuery != "" {
		h = h*hashMultiplier ^ maphash.String(s.memo.seed, r.URL.RawQuery)
	}
	return h
}

// Key returns the key of the response that r selects, or nil if there is no
// shortcut.
func (s *Shortcuts) Key(r *http.Request) []byte {
	f, ok := form(r)
	if !ok {
		return nil
	}
	hash := s.hash(r, f)
	by := s.hints[hash%shortcutSlots].Load()
	if by == 0 {
		return nil
	}
	fields := (*s.selectors.Load())[by-1].fields
	var values selecting
	if hash, ok = values.read(s.memo.seed, r.Header, fields, s.cookies, hash); !ok {
		return nil
	}
	for i := range uint64(shortcutWays) {
		e := s.slots[(hash^i)%shortcutSlots].Load()
		if e == nil || e.by != by || e.form != f || !e.is(r, &values) {
			continue
		}
		if e.set.changes.Load() != e.change {
			return nil
		}
		if !e.used.Load() { // mostly it is marked, and its cache line stays with all processors
			e.used.Store(true)
		}
		return e.text[e.keyAt:]
	}
	return nil
}

// is reports whether e is for a request whose selecting fields have these values.
func (e *shortcut) is(r *http.Request, v *selecting) bool {
	u, t, host, path, raw := r.URL, e.text, e.ends[0], e.ends[1], e.ends[2]
	query, urlHost, at := e.ends[3], e.ends[4], int(e.ends[5])
	if string(t[:host]) != r.Host || string(t[host:path]) != u.Path || string(t[path:raw]) != u.RawPath || string(t[raw:query]) != u.RawQuery || string(t[query:urlHost]) != u.Host {
		return false
	}
	if e.form&formAsked == 0 && string(t[urlHost:at]) != askedPath(r) {
		return false
	}
	for i := range e.count {
		n := int(e.values[i])
		if n == absent != !v.there[i] {
			return false
		}
		if n == absent {
			continue
		}
		if string(t[at:at+n]) != v.lines[i] {
			return false
		}
		at += n
	}
	return true
}

// Learn takes note that r, whose primary key is given, selects the response under
// key.
func (s *Shortcuts) Learn(r *http.Request, primary []byte, key string) {
	f, ok := form(r)
	if !ok {
		return
	}
	// In this order: if the fields change meanwhile, the shortcut is of no use.
	set := s.memo.varySet(primary)
	change := set.changes.Load()
	vary := s.memo.Fields(primary)
	by := s.selector(vary)
	if by == 0 {
		return
	}
	hash := s.hash(r, f)
	hint := &s.hints[hash%shortcutSlots]
	fields := (*s.selectors.Load())[by-1].fields
	var values selecting
	if hash, ok = values.read(s.memo.seed, r.Header, fields, s.cookies, hash); !ok {
		return
	}
	slot, old := s.slot(hash)
	if slot == nil {
		return
	}
	e := &shortcut{form: f, by: by, set: set, change: change}
	if !e.write(r, &values, len(fields), key) {
		return
	}
	if len(vary) > 0 {
		primary = s.keys.AppendVariant(nil, primary, vary, r.Header)
	}
	if string(primary) == key { // or they have changed already
		e.used.Store(true)
		slot.CompareAndSwap(old, e)
		hint.Store(by)
	}
}

// write writes e's text. It is false if that would be too long.
func (e *shortcut) write(r *http.Request, v *selecting, count int, key string) bool {
	u, asked := r.URL, ""
	if e.form&formAsked == 0 {
		asked = askedPath(r)
	}
	size := len(r.Host) + len(u.Path) + len(u.RawPath) + len(u.RawQuery) + len(u.Host) + len(asked)
	for _, line := range v.lines {
		size += len(line)
	}
	if size > maxShortcut {
		return false
	}
	e.text = make([]byte, 0, size+len(key))
	for i, part := range [...]string{r.Host, u.Path, u.RawPath, u.RawQuery, u.Host, asked} {
		e.text = append(e.text, part...)
		e.ends[i] = uint16(len(e.text))
	}
	e.count = uint8(count)
	for i := range count {
		if e.values[i] = absent; v.there[i] {
			e.values[i] = int16(len(v.lines[i]))
			e.text = append(e.text, v.lines[i]...)
		}
	}
	e.keyAt = uint16(len(e.text))
	e.text = append(e.text, key...)
	return true
}

// slot returns a slot for a hash which is free, or has not been used lately, and
// what is in it; nil if there is none. Those in use have to be used again to stay.
func (s *Shortcuts) slot(hash uint64) (slot *atomic.Pointer[shortcut], old *shortcut) {
	for i := range uint64(shortcutWays) {
		at := &s.slots[(hash^i)%shortcutSlots]
		switch e := at.Load(); {
		case e == nil:
			return at, nil
		case slot == nil && !e.used.Load(), e.change != e.set.changes.Load():
			slot, old = at, e
		}
	}
	if slot == nil {
		for i := range uint64(shortcutWays) {
			if e := s.slots[(hash^i)%shortcutSlots].Load(); e != nil {
				e.used.Store(false)
			}
		}
	}
	return slot, old
}

// selector returns the number of the selector of responses that vary by some
// fields, counted from 1, or 0 if there are too many.
func (s *Shortcuts) selector(vary []string) uint32 {
	var known []selector
	find := func() uint32 {
		if p := s.selectors.Load(); p != nil {
			known = *p
		}
		return uint32(slices.IndexFunc(known, func(k selector) bool { return slices.Equal(k.vary, vary) }) + 1)
	}
	if n := find(); n != 0 || len(known) >= maxSelectors || len(s.always)+len(vary) > maxSelecting {
		return n
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := find(); n != 0 || len(known) >= maxSelectors {
		return n
	}
	known = append(slices.Clip(known), selector{slices.Clone(vary), slices.Concat(s.always, vary)})
	s.selectors.Store(&known)
	return uint32(len(known))
}
