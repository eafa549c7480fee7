package pagecache

import (
	"context"
	"hash/maphash"
	"slices"
	"strings"
	"time"

	"github.com/uncache/uncache/cache/coherent"
)

// storeVariant stores p, one of the responses of a target URI that vary, and
// under the primary key a note by what they do, and which there are, so that the
// oldest can make room: what a visitor sends could otherwise fill the store with
// variants of one page. Processes that write the note at the same time may lose
// one another's entry; such a variant stays until it expires. Beside each key
// stands its entity tag, so that the handler can be asked about all of them at
// once. If p is not stored, why says so.
func (c *Cache) storeVariant(ctx context.Context, id identity, p *response, f *coherent.Fill) (stored bool, why reason) {
	mu := &c.notes[maphash.String(c.memo.seed, id.primary)%uint64(len(c.notes))]
	mu.Lock()
	defer mu.Unlock()
	n := &response{key: id.primary, flags: isNote, rare: &rare{vary: p.vary}, date: p.made().UnixNano()}
	old, _, err := c.values.Get(ctx, []byte(id.primary))
	if err != nil { // a list that forgets the others would not bound them
		return false, reasonStore
	}
	if old != nil && old.Value.is(isNote) {
		switch was := old.Value; {
		case slices.Equal(was.vary, p.vary):
			n.variants, n.tags = slices.Clone(was.variants), slices.Clone(was.tags)
			n.date = max(n.date, was.date)
		case was.made().After(p.made()):
			// RFC 9111 §4: of those that a request may select, it gets the newest.
			c.memo.setFields([]byte(id.primary), was.vary)
			return false, reasonOlder
		}
	}
	if stored, err = c.values.Set(ctx, p.key, p, c.keepFor(p), f); !stored {
		return false, whyNot(err, f)
	}
	if i := slices.Index(n.variants, p.key); i >= 0 {
		n.variants, n.tags = slices.Delete(n.variants, i, i+1), slices.Delete(n.tags, i, i+1)
	}
	tag := ""
	if p.canBeValidated() && p.is(ownETag) {
		tag = strings.Clone(p.header.etag())
	}
	n.variants, n.tags = append(n.variants, strings.Clone(p.key)), append(n.tags, tag)
	if surplus := len(n.variants) - c.opts.MaxVariants; surplus > 0 && c.values.Delete(ctx, n.variants[:surplus]...) == nil {
		n.variants, n.tags = n.variants[surplus:], n.tags[surplus:]
	}
	n.finish(nil, c.shapes)
	// The note depends on the page and not on what one variant was made from.
	// It can't mislead: each variant is judged by its own stamp.
	fill := c.store.Begin()
	fill.Add(id.deps...)
	_, _ = c.values.Set(ctx, id.primary, n, c.keepFor(p), fill) // coherent tells its Observe
	return true, storable
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
