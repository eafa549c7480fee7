package pagecache

import (
	"context"
	"hash/maphash"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/uncache/uncache/cache/coherent"
)

// Responses of one target URI that vary are stored under keys of their own. Under
// the primary key stands a note: the fields that select among them, and the list of
// their keys, so that the oldest can make room. What a visitor sends could otherwise
// fill the store with variants of one page.
//
// The fields of a note are the union of those that the responses named. So a handler
// whose Vary depends on the request, as that of CORS middleware does, has one list
// of variants and not one for each Vary. A response is selected by more fields then
// than it named itself, which gives it to fewer requests (RFC 9111 §4.1), and never
// to one too many.

// maxSelect bounds the fields of a note. A response that would add more to them
// begins a new note with its own fields.
const maxSelect = 16

// storeVariant stores p, which varies or whose target URI has a note, for requests
// whose fields are those of asked. It gives p its place by the fields of the note,
// and writes the note. If p is not stored, why says so.
//
// Processes that write the note at the same time may lose one another's entry; such
// a variant stays until it expires.
func (c *Cache) storeVariant(ctx context.Context, id identity, asked http.Header, p *response, f *coherent.Fill) (stored bool, why reason) {
	mu := &c.notes[maphash.String(c.memo.seed, id.primary)%uint64(len(c.notes))]
	mu.Lock()
	defer mu.Unlock()
	old, verdict, err := c.values.Find(ctx, []byte(id.primary))
	if err != nil { // a list that forgets the others would not bound them
		return false, reasonStore
	}
	var was *response
	if old != nil && old.Value.is(isNote) {
		was = old.Value
	}
	keep := c.keepFor(p)
	n, gone := newNote(id.primary, was, verdict, p, keep)
	if n == nil {
		// RFC 9111 §4: of those that a request may select, it gets the newest.
		c.memo.setFields([]byte(id.primary), was.vary)
		return false, reasonOlder
	}
	c.place(p, id, n.vary, asked)
	if stored, err = c.values.Set(ctx, p.key, p, keep, f); !stored {
		return false, whyNot(err, f)
	}
	n.list(p)
	gone = slices.DeleteFunc(gone, func(key string) bool { return key == p.key })
	if surplus := len(n.variants) - c.opts.MaxVariants; surplus > 0 && len(n.vary) > 0 {
		gone = append(gone, n.variants[:surplus]...)
		n.variants, n.tags = n.variants[surplus:], n.tags[surplus:]
	}
	if len(gone) > 0 && c.values.Delete(ctx, gone...) != nil {
		// They count until they are deleted.
		n.variants, n.tags = append(gone, n.variants...), append(make([]string, len(gone)), n.tags...)
	}
	if len(n.vary) == 0 {
		return true, storable // p stands in the note's place
	}
	n.finish(nil, c.shapes)
	// The note depends on the page and not on what one variant was made from.
	// It can't mislead: each variant is judged by its own stamp.
	fill := c.store.Begin()
	fill.Add(id.deps...)
	_, _ = c.values.Set(ctx, id.primary, n, time.Duration(n.end-time.Now().UnixNano()), fill) // coherent tells its Observe
	return true, storable
}

// newNote returns the note under key that is to replace was, which may be nil, when
// p is stored for a time; p names its own fields. gone are the variants that no request
// finds by the new note. It returns nil if p must not be stored, since it would
// take the place of something newer.
func newNote(key string, was *response, verdict coherent.Verdict, p *response, keep time.Duration) (n *response, gone []string) {
	now := time.Now().UnixNano()
	end := addTimes(now, int64(keep))
	n = &response{key: key, flags: isNote, date: p.made().UnixNano()}
	if was == nil || verdict == coherent.Purged {
		n.rare = &rare{vary: p.vary, named: slices.Repeat([]int64{end}, len(p.vary)), end: end}
		if was != nil {
			gone = slices.Clone(was.variants)
		}
		return n, gone
	}
	n.rare = was.union(p.vary, now, end)
	switch {
	case slices.Equal(n.vary, was.vary):
		n.variants, n.tags = slices.Clone(was.variants), slices.Clone(was.tags)
		n.date = max(n.date, was.date)
	case was.made().After(p.made()):
		return nil, nil
	default:
		gone = slices.Clone(was.variants)
	}
	return n, gone
}

// union returns the fields of a note that replaces n, when a response which named
// own is stored until end. A field selects for as long as a response may be stored
// that named it: when a handler has ceased to name it, the variants come together.
func (n *response) union(own []string, now, end int64) *rare {
	u := &rare{end: max(n.end, end)}
	add := func(name string, until int64) {
		u.vary, u.named = append(u.vary, name), append(u.named, until)
	}
	i := 0
	for _, name := range own { // both are sorted
		for ; i < len(n.vary) && n.vary[i] < name; i++ {
			if n.named[i] > now {
				add(n.vary[i], n.named[i])
			}
		}
		until := end
		if i < len(n.vary) && n.vary[i] == name {
			until = max(until, n.named[i])
			i++
		}
		add(name, until)
	}
	for ; i < len(n.vary); i++ {
		if n.named[i] > now {
			add(n.vary[i], n.named[i])
		}
	}
	if len(u.vary) > max(maxSelect, len(own)) {
		u.vary, u.named = slices.Clone(own), slices.Repeat([]int64{end}, len(own))
	}
	return u
}

// list puts p at the end of n's list, if it has a place of its own.
func (n *response) list(p *response) {
	if i := slices.Index(n.variants, p.key); i >= 0 {
		n.variants, n.tags = slices.Delete(n.variants, i, i+1), slices.Delete(n.tags, i, i+1)
	}
	if len(n.vary) == 0 {
		return
	}
	tag := ""
	if p.canBeValidated() && p.is(ownETag) {
		tag = strings.Clone(p.header.etag())
	}
	n.variants, n.tags = append(n.variants, strings.Clone(p.key)), append(n.tags, tag)
}

// whyNot says why Set, which returned err, did not store what f made.
func whyNot(err error, f *coherent.Fill) reason {
	switch {
	case err != nil:
		return reasonStore
	case f.RolledBack():
		return reasonRolledBack
	}
	return reasonPurged // while it was made
}

// made is when the handler made p, by its own account: its Date. Of a note, when
// the newest of the responses was made.
func (p *response) made() time.Time {
	if t := p.dateIn("Date"); !t.IsZero() {
		return t
	}
	return time.Unix(0, p.date)
}

var _ coherent.Codec[*response] = codec{}
