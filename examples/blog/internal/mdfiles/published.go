package mdfiles

import (
	"cmp"
	"time"
)

// isShown reports whether a post is published at a time. The later of its date
// and its publishDate begins that, and its expiryDate ends it. The error tells
// of a date that was not understood, and does not count.
func isShown(m matter, dated, now time.Time) (bool, error) {
	from, odd := firstDate(m, "publishdate", "pubdate", "published")
	until, oddEnd := firstDate(m, "expirydate", "unpublishdate")
	begun := !dated.After(now) && !from.After(now)
	ended := !until.IsZero() && !until.After(now)
	return begun && !ended, cmp.Or(odd, oddEnd)
}
