package pagecache

import (
	"slices"

	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
)

// otherVariants returns the variants of t's target URI that the origin may name in place
// of the one that the request selects, newest first.
//
// Only strong tags tell variants apart (RFC 9110 §8.8.3.3): the weak tag of a page may
// be that of its compressed form. Variants by Cookie or Authorization are left out. An
// origin that is careless with its tags would show one visitor the page of another.
func otherVariants(t *task) []variant {
	fields := t.c.memo.Fields([]byte(t.id.Primary))
	if fields == nil || slices.Contains(fields, "Cookie") || slices.Contains(fields, "Authorization") || t.isPersonal() {
		return nil
	}
	note, _, err := t.c.values.Get(t.r.Context(), []byte(t.id.Primary))
	if err != nil || note == nil || !note.Value.Is(stored.IsNote) || !slices.Equal(note.Value.Vary, fields) {
		return nil // another process knows better what selects: it may be a cookie
	}
	var list []variant
	size := 0
	for i, tag := range slices.Backward(note.Value.Tags) {
		key := note.Value.Variants[i]
		if !rfc9111.IsStrong(tag) || t.old != nil && t.old.Value.Key == key {
			continue
		}
		if size += len(tag) + len(", "); size > maxTags {
			break
		}
		list = append(list, variant{key, tag})
	}
	return list
}

// maxTags bounds the entity tags of other variants that are sent, in bytes. Servers take
// a header of some 8 KiB.
const maxTags = 2 << 10
