package find

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
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

// StoreVariant stores p, which varies or whose target URI has a note, for requests
// whose fields are those of asked. It gives p its place by the fields of the note,
// and has the note written, see noteRound. seen is what the lookup found. If p is not
// stored, why says so.
func (x *Index) StoreVariant(ctx context.Context, id Identity, asked http.Header, p *stored.Response, f *engine.Fill, seen Seen) (stored bool, why rfc9111.Reason) {
	if may, err := x.values.MaySet(ctx, f); !may {
		return false, WhyNot(err, f)
	}
	hash := x.memo.Hash(id.Primary)
	e := &noteEntry{p: p, keep: x.keep(p)}
	r, leads := x.rounds.enter(id.Primary, e)
	store := func() {
		defer r.storing.Done()
		if e.why != rfc9111.Storable {
			return
		}
		x.Place(p, id, r.vary, asked)
		var err error
		if e.stored, err = x.values.Set(ctx, p.Key, p, e.keep, f); !e.stored {
			e.why = WhyNot(err, f)
		}
	}
	if leads {
		x.lead(ctx, id, r, hash, seen, store)
	} else {
		<-r.read
		store()
		<-r.over
	}
	if e.why == ReasonOlder {
		x.memo.SetFields([]byte(id.Primary), r.vary)
	}
	return e.stored, e.why
}

// newNote returns the note under key that is to replace was, which may be nil, when
// p is stored for a time; p names its own fields. gone are the variants that no request
// finds by the new note. It returns nil if p must not be stored, since it would
// take the place of something newer.
func newNote(key string, was *stored.Response, verdict engine.Verdict, p *stored.Response, keep time.Duration) (n *stored.Response, gone []string) {
	now := time.Now().UnixNano()
	end := rfc9111.AddTimes(now, int64(keep))
	if was == nil || verdict == engine.Purged {
		n = smallNote(&stored.Rare{Vary: p.Vary, Named: slices.Repeat([]int64{end}, len(p.Vary)), End: end})
		n.Key, n.Date = key, p.Made().UnixNano()
		if was != nil {
			gone = slices.Clone(was.Variants)
		}
		return n, gone
	}
	n = smallNote(union(was, p.Vary, now, end))
	n.Key, n.Date = key, p.Made().UnixNano()
	switch {
	case slices.Equal(n.Vary, was.Vary):
		n.Vary = was.Vary
		n.Variants, n.Tags = append(n.Variants, was.Variants...), append(n.Tags, was.Tags...)
		n.Date = max(n.Date, was.Date)
	case was.Made().After(p.Made()):
		return nil, nil
	default:
		gone = slices.Clone(was.Variants)
	}
	return n, gone
}

// smallNote returns a note with these fields and an empty list. If it has few fields and
// lists few responses, it is one object.
func smallNote(of *stored.Rare) *stored.Response {
	const few = 2
	n := &struct {
		stored.Response
		rare           stored.Rare
		named          [few]int64
		variants, tags [few]string
	}{rare: *of}
	n.Flags, n.Rare = stored.IsNote, &n.rare
	n.Named = append(n.named[:0], of.Named...)
	n.Variants, n.Tags = n.variants[:0], n.tags[:0]
	return &n.Response
}

// union returns the fields of a note that replaces p, when a response which named
// own is stored until end. A field selects for as long as a response may be stored
// that named it: when a handler has ceased to name it, the variants come together.
func union(p *stored.Response, own []string, now, end int64) *stored.Rare {
	u := &stored.Rare{End: max(p.End, end)}
	add := func(name string, until int64) {
		u.Vary, u.Named = append(u.Vary, name), append(u.Named, until)
	}
	i := 0
	for _, name := range own { // both are sorted
		for ; i < len(p.Vary) && p.Vary[i] < name; i++ {
			if p.Named[i] > now {
				add(p.Vary[i], p.Named[i])
			}
		}
		until := end
		if i < len(p.Vary) && p.Vary[i] == name {
			until = max(until, p.Named[i])
			i++
		}
		add(name, until)
	}
	for ; i < len(p.Vary); i++ {
		if p.Named[i] > now {
			add(p.Vary[i], p.Named[i])
		}
	}
	if len(u.Vary) > max(maxSelect, len(own)) {
		u.Vary, u.Named = slices.Clone(own), slices.Repeat([]int64{end}, len(own))
	}
	return u
}

// addVariant puts p at the end of the list of n, a note, if p has a key of its own. p was
// just made: its key and its tag are no parts of something larger.
func addVariant(n, p *stored.Response) {
	if i := slices.Index(n.Variants, p.Key); i >= 0 {
		n.Variants, n.Tags = slices.Delete(n.Variants, i, i+1), slices.Delete(n.Tags, i, i+1)
	}
	if len(n.Vary) == 0 {
		return
	}
	tag := ""
	if p.CanBeValidated() && p.Is(stored.OwnETag) {
		tag = p.Header.ETag()
	}
	n.Variants, n.Tags = append(n.Variants, p.Key), append(n.Tags, tag)
}

// WhyNot says why Set, which returned err, did not store what f made.
func WhyNot(err error, f *engine.Fill) rfc9111.Reason {
	switch {
	case err != nil:
		return ReasonStore
	case f.RolledBack():
		return ReasonRolledBack
	case f.TooMany():
		return ReasonTooManyNames
	}
	return ReasonPurged // while it was made
}
