package invalidate

import (
	"time"

	"github.com/uncache/uncache/cache"
)

// A repetition is an event that was purged, and is to be purged again.
type repetition struct {
	event  cache.Event
	models []string
	purged time.Time
	step   int         // the index of the next repeat in Options.Repeat
	timer  *time.Timer // nil while n is being purged or kept
}

func (n *repetition) bytes() int {
	size := 256 + len(n.event.Reason)
	for _, d := range n.event.Dependencies {
		size += 16 + len(d)
	}
	return size
}
