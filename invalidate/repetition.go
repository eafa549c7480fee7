package invalidate

import (
	"time"

	"github.com/uncache/uncache/cache"
)

// A repetition is an event that was purged, and is purged again.
type repetition struct {
	event  cache.Event
	models []string
	purged time.Time
	step   int         // which of Options.Repeat is next
	timer  *time.Timer // nil while something is done
}

func (n *repetition) bytes() int {
	size := 256 + len(n.event.Reason)
	for _, d := range n.event.Dependencies {
		size += 16 + len(d)
	}
	return size
}
