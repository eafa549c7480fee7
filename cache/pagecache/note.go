package pagecache

import (
	"context"
	"hash/maphash"
	"slices"
	"time"

	"github.com/uncache/uncache/cache/coherent"
)

// note stores under the primary key by what the responses of a target URI
// vary, and which there are, so that the oldest can make room: what a visitor
// sends could otherwise fill the store with variants of one page. Processes that
// write it at the same time may lose one another's entry; such a variant stays
// until it expires. Beside each stands its entity tag, so that the handler can
// be asked about all of them at once.
func (c *Cache) note(ctx context.Context, id identity, p *response) {
	mu := &c.notes[maphash.String(c.memo.seed, id.primary)%uint64(len(c.notes))]
	mu.Lock()
	defer mu.Unlock()
	n := &response{key: id.primary, flags: isNote, vary: p.vary, date: p.made().UnixNano()}
	stored, _, err := c.values.Get(ctx, []byte(id.primary))
	if err != nil { // a list that forgets the others would not bound them
		_ = c.values.Delete(ctx, p.key)
		return
	}
	known := stored != nil && stored.Value.is(isNote)
	if known && !slices.Equal(stored.Value.vary, p.vary) && stored.Value.made().After(p.made()) {
		// RFC 9111 §4: of those that a request may select, it gets the newest.
		c.memo.setFields([]byte(id.primary), stored.Value.vary)
		_ = c.values.Delete(ctx, p.key) // nobody looks for it
		return
	}
	if known && slices.Equal(stored.Value.vary, p.vary) {
		n.variants, n.tags = slices.Clone(stored.Value.variants), slices.Clone(stored.Value.tags)
		n.date = max(n.date, stored.Value.date)
		if i := slices.Index(n.variants, p.key); i >= 0 {
			n.variants, n.tags = slices.Delete(n.variants, i, i+1), slices.Delete(n.tags, i, i+1)
		}
	}
	tag := ""
	if p.canBeValidated() && p.is(ownETag) {
		tag = p.etag
	}
	n.variants, n.tags = append(n.variants, p.key), append(n.tags, tag)
	if surplus := len(n.variants) - c.opts.MaxVariants; surplus > 0 {
		_ = c.values.Delete(ctx, n.variants[:surplus]...) // they are out of the list, and will expire
		n.variants, n.tags = n.variants[surplus:], n.tags[surplus:]
	}
	n.finish()
	// The note depends on the page and not on what one variant was made from.
	// It can't mislead: each variant is judged by its own stamp.
	f := c.store.Begin()
	f.Add(id.deps...)
	_, _ = c.values.Set(ctx, id.primary, n, c.keepFor(p), f) // coherent tells its Observe
}

// made is when the handler made p, by its own account: its Date. Of a note, when
// the newest of the responses was made.
func (p *response) made() time.Time {
	for _, f := range p.header {
		if f.name == "Date" {
			if t := p.dateIn(f); !t.IsZero() {
				return t
			}
		}
	}
	return time.Unix(0, p.date)
}

var _ coherent.Codec[*response] = codec{}
