package pagecache

import (
	"context"
	"slices"

	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
)

// A variant is one of the stored responses of a target URI, with the entity tag that
// the handler gave it.
type variant struct{ key, tag string }

// otherVariants returns the variants under a primary key that the origin may name in place
// of the one that the request selects, which is stored under own. Newest first.
//
// Only strong tags tell variants apart (RFC 9110 §8.8.3.3): the weak tag of a page may
// be that of its compressed form. Variants by Cookie or Authorization are left out. An
// origin that is careless with its tags would show one visitor the page of another.
func (c *Cache) otherVariants(ctx context.Context, primary []byte, own string) []variant {
	fields := c.memo.Fields(primary)
	if fields == nil || slices.Contains(fields, "Cookie") || slices.Contains(fields, "Authorization") {
		return nil
	}
	note, _, err := c.values.Get(ctx, primary)
	if err != nil || note == nil || !note.Value.Is(stored.IsNote) || !slices.Equal(note.Value.Vary, fields) {
		return nil // another process knows better what selects: it may be a cookie
	}
	var list []variant
	size := 0
	for i, tag := range slices.Backward(note.Value.Tags) {
		key := note.Value.Variants[i]
		if !rfc9111.IsStrong(tag) || key == own {
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
