package pagecache

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/uncache/uncache/cache/pagecache/internal/find"

	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"

	"github.com/uncache/uncache/cache/internal/engine"
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
// and has the note written, see noteRound. If p is not stored, why says so.
func (c *Cache) storeVariant(ctx context.Context, id find.Identity, asked http.Header, p *response, f *engine.Fill) (stored bool, why reason) {
	if may, err := c.values.MaySet(ctx, f); !may {
		return false, whyNot(err, f)
	}
	hash := c.memo.Hash(id.Primary)
	e := &noteEntry{p: p, keep: c.keepFor(p)}
	r, leads := c.notes.enter(id.Primary, e)
	store := func() {
		defer r.storing.Done()
		if e.why != storable {
			return
		}
		c.place(p, id, r.vary, asked)
		var err error
		if e.stored, err = c.values.Set(ctx, p.key, p, e.keep, f); !e.stored {
			e.why = whyNot(err, f)
		}
	}
	if leads {
		c.lead(ctx, id, r, hash, store)
	} else {
		<-r.read
		store()
		<-r.over
	}
	if e.why == reasonOlder {
		c.memo.SetFields([]byte(id.Primary), r.vary)
	}
	return e.stored, e.why
}

// newNote returns the note under key that is to replace was, which may be nil, when
// p is stored for a time; p names its own fields. gone are the variants that no request
// finds by the new note. It returns nil if p must not be stored, since it would
// take the place of something newer.
func newNote(key string, was *response, verdict engine.Verdict, p *response, keep time.Duration) (n *response, gone []string) {
	now := time.Now().UnixNano()
	end := rfc9111.AddTimes(now, int64(keep))
	n = &response{key: key, flags: isNote, date: p.made().UnixNano()}
	if was == nil || verdict == engine.Purged {
		n.rare = &rare{vary: p.vary, named: slices.Repeat([]int64{end}, len(p.vary)), end: end}
		if was != nil {
			gone = slices.Clone(was.variants)
		}
		return n, gone
	}
	n.rare = union(was, p.vary, now, end)
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

// union returns the fields of a note that replaces p, when a response which named
// own is stored until end. A field selects for as long as a response may be stored
// that named it: when a handler has ceased to name it, the variants come together.
func union(p *response, own []string, now, end int64) *rare {
	u := &rare{end: max(p.end, end)}
	add := func(name string, until int64) {
		u.vary, u.named = append(u.vary, name), append(u.named, until)
	}
	i := 0
	for _, name := range own { // both are sorted
		for ; i < len(p.vary) && p.vary[i] < name; i++ {
			if p.named[i] > now {
				add(p.vary[i], p.named[i])
			}
		}
		until := end
		if i < len(p.vary) && p.vary[i] == name {
			until = max(until, p.named[i])
			i++
		}
		add(name, until)
	}
	for ; i < len(p.vary); i++ {
		if p.named[i] > now {
			add(p.vary[i], p.named[i])
		}
	}
	if len(u.vary) > max(maxSelect, len(own)) {
		u.vary, u.named = slices.Clone(own), slices.Repeat([]int64{end}, len(own))
	}
	return u
}

// addVariant puts p at the end of the list of n, a note, if p has a key of its own.
func addVariant(n, p *response) {
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
func whyNot(err error, f *engine.Fill) reason {
	switch {
	case err != nil:
		return reasonStore
	case f.RolledBack():
		return reasonRolledBack
	case f.TooMany():
		return reasonTooManyNames
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

var _ engine.Codec[*response] = codec{}
