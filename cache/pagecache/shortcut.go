package pagecache

import (
	"bytes"
	"hash/maphash"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/uncache/uncache/keys"
)

// shortcuts lead from requests, as they came, to the keys of the responses that
// they select, without making the keys anew: canonical URIs, and a digest of what
// selects. A key depends on nothing but the request, and on which fields select,
// which is asked of the memo each time; so a shortcut is never out of date, and
// what is stored under the key is asked of the store as ever. They are made of
// requests that were answered by the long way.
//
// They are bounded: by slots, in each of which one stays for as long as it is
// used, and by what one may take.
type shortcuts struct {
	memo     *memo
	keys     *keys.Builder
	always   []string // the fields that select whatever a response says
	urls     [shortcutSlots]atomic.Pointer[urlShortcut]
	variants [shortcutSlots]atomic.Pointer[variantShortcut]
}

const (
	shortcutSlots = 1 << 14
	shortcutWays  = 2       // slots that one may be in
	maxShortcut   = 1 << 10 // bytes of a request that are remembered
	maxSelecting  = 8       // fields
)

// A urlShortcut leads from what a request is for to its primary key.
type urlShortcut struct {
	host, path, rawPath, query, scheme string
	tls                                bool
	always                             lines

	primary []byte
	vary    *varySet // where the memo has primary, if it does
	used    atomic.Bool
}

// A variantShortcut leads from the values of selecting fields to a variant's key.
type variantShortcut struct {
	url   *urlShortcut
	by    *varyMemo
	lines lines

	key  []byte
	used atomic.Bool
}

// lines are the values of some fields in a request that has at most one line of
// each.
type lines []line

type line struct {
	value string
	there bool
}

// read takes the lines of h in, and adds them to a hash; ok is false if a field
// has several lines, or there are too many fields.
func (m *memo) read(h http.Header, names []string, into *[maxSelecting]line, hash uint64) (l lines, _ uint64, ok bool) {
	if len(names) > maxSelecting {
		return nil, 0, false
	}
	for i, name := range names {
		switch values := h[name]; len(values) {
		case 0:
			into[i] = line{}
			hash = hash*hashMultiplier + 1
		case 1:
			into[i] = line{values[0], true}
			hash = hash*hashMultiplier ^ maphash.String(m.seed, values[0])
		default:
			return nil, 0, false
		}
	}
	return into[:len(names)], hash, true
}

// hashMultiplier keeps the same values in another order apart.
const hashMultiplier = 0x9e3779b97f4a7c15

// key returns the key of the response that r selects, or nil if there is no
// shortcut.
func (s *shortcuts) key(r *http.Request) []byte {
	url, _, hash := s.find(r)
	if url == nil {
		return nil
	}
	by, _ := url.vary.find(url.primary)
	if by == nil {
		return url.primary
	}
	var room [maxSelecting]line
	l, hash, ok := s.memo.read(r.Header, by.fields, &room, hash)
	if !ok {
		return nil
	}
	for i := range uint64(shortcutWays) {
		v := s.variants[(hash^i)%shortcutSlots].Load()
		if v != nil && v.url == url && v.by == by && slices.Equal(v.lines, l) {
			touch(&v.used)
			return v.key
		}
	}
	return nil
}

// find returns what is known of r's URL. ok is false if nothing can be; hash is
// that of the URL.
func (s *shortcuts) find(r *http.Request) (url *urlShortcut, ok bool, hash uint64) {
	u := r.URL
	if u.Opaque != "" || u.User != nil || u.ForceQuery || r.Host == "" {
		return nil, false, 0
	}
	hash = maphash.String(s.memo.seed, u.Path)*hashMultiplier ^ maphash.String(s.memo.seed, r.Host)
	if u.RawQuery != "" {
		hash = hash*hashMultiplier ^ maphash.String(s.memo.seed, u.RawQuery)
	}
	var room [maxSelecting]line
	always, hash, ok := s.memo.read(r.Header, s.always, &room, hash)
	if !ok {
		return nil, false, 0
	}
	for i := range uint64(shortcutWays) {
		k := s.urls[(hash^i)%shortcutSlots].Load()
		if k != nil && k.path == u.Path && k.host == r.Host && k.query == u.RawQuery && k.rawPath == u.RawPath &&
			k.scheme == u.Scheme && k.tls == (r.TLS != nil) && slices.Equal(k.always, always) {
			touch(&k.used)
			return k, true, hash
		}
	}
	return nil, true, hash
}

// touch marks what is used; mostly it is marked, and its cache line stays with all
// processors.
func touch(used *atomic.Bool) {
	if !used.Load() {
		used.Store(true)
	}
}

// learn takes note that the primary key of r, and the key of the response that it
// selects, are these.
func (s *shortcuts) learn(r *http.Request, primary []byte, key string) {
	url, ok, hash := s.find(r)
	if !ok {
		return
	}
	if url == nil {
		if url = s.newURL(r, primary); url == nil || !keep(&s.urls, hash, url) {
			return
		}
	}
	by, _ := url.vary.find(primary)
	if by == nil || len(key) == len(primary) {
		return
	}
	var room [maxSelecting]line
	l, hash, ok := s.memo.read(r.Header, by.fields, &room, hash)
	if !ok || l.size() > maxShortcut {
		return
	}
	// The fields may have become others since the key was made.
	if string(s.keys.AppendVariant(nil, primary, by.fields, r.Header)) != key {
		return
	}
	keep(&s.variants, hash, &variantShortcut{url: url, by: by, lines: l.clone(), key: []byte(key)})
}

func (s *shortcuts) newURL(r *http.Request, primary []byte) *urlShortcut {
	u := r.URL
	var room [maxSelecting]line
	always, _, _ := s.memo.read(r.Header, s.always, &room, 0)
	parts := []string{r.Host, u.Path, u.RawPath, u.RawQuery, u.Scheme}
	// One string, and not a part of the one that the server has read.
	text := strings.Join(parts, "")
	if len(text)+always.size() > maxShortcut {
		return nil
	}
	k := &urlShortcut{tls: r.TLS != nil, always: always.clone(), primary: bytes.Clone(primary), vary: s.memo.varySet(primary)}
	for i, into := range []*string{&k.host, &k.path, &k.rawPath, &k.query, &k.scheme} {
		*into, text = text[:len(parts[i])], text[len(parts[i]):]
	}
	return k
}

// keep puts e into one of its slots, if there is one that is not used, and
// reports whether it did. Those in use have to be used again to stay.
func keep[T any, E interface {
	*T
	mark() *atomic.Bool
}](table *[shortcutSlots]atomic.Pointer[T], hash uint64, e E) bool {
	for i := range uint64(shortcutWays) {
		slot := &table[(hash^i)%shortcutSlots]
		if old := slot.Load(); old == nil || !E(old).mark().Load() {
			return slot.CompareAndSwap(old, (*T)(e))
		}
	}
	for i := range uint64(shortcutWays) {
		if old := table[(hash^i)%shortcutSlots].Load(); old != nil {
			E(old).mark().Store(false)
		}
	}
	return false
}

func (k *urlShortcut) mark() *atomic.Bool     { return &k.used }
func (v *variantShortcut) mark() *atomic.Bool { return &v.used }

func (l lines) size() int {
	n := 0
	for i := range l {
		n += len(l[i].value)
	}
	return n
}

// clone returns a copy that is no part of a request.
func (l lines) clone() lines {
	own := slices.Clone(l)
	for i := range own {
		own[i].value = strings.Clone(own[i].value)
	}
	return own
}
