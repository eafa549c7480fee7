package find

import (
	"slices"
	"strings"

	"github.com/uncache/uncache/cache/pagecache/internal/stored"
)

// Left implements [stored.Table].
func (t *leads) Left(p, next *stored.Response) {
	if !p.Is(stored.IsNote) {
		t.unlink(p)
		return
	}
	t.leftNote(p, next)
}

// leftNote takes the responses out of the table that requests do not find by the note next
// any more, which takes the place of n or is nil: another note may name other fields.
func (t *leads) leftNote(n, next *stored.Response) {
	var listed []string
	if next != nil && next.Is(stored.IsNote) && slices.Equal(n.Vary, next.Vary) {
		next.Lead.By.CompareAndSwap(nil, n.Lead.By.Load())
		listed = next.Variants
	}
	// A list grows at its end, so what both have is in the same order.
	for _, key := range n.Variants {
		if i := slices.Index(listed, key); i >= 0 {
			listed = listed[i+1:]
			continue
		}
		if x := t.values.AtHand([]byte(key)); x != nil && x.Value.Lead.By.Load() != nil {
			t.unlink(x.Value)
		}
	}
}

// Used implements [stored.Table]. The note beside a variant is used with it: without a note
// the variant has no lead.
func (t *leads) Used(p *stored.Response) {
	if i := strings.LastIndexByte(p.Key, '#'); len(p.Vary) > 0 && i >= 0 {
		t.values.AtHand([]byte(p.Key[:i]))
	}
}
