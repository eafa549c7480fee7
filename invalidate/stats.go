package invalidate

import (
	"sync/atomic"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/figures"
)

// Stats are the figures of an [Invalidator] since it was made, in events. One save is
// mostly one event. docs/observe.md says what to make of them.
type Stats struct {
	// Purged is how many the Purger has purged. Repeated is how many it has purged again
	// ([Options.Repeat]) by timers of this process: those of an outbox are not known.
	Purged   uint64 `json:"purged"`
	Repeated uint64 `json:"repeated"`
	// Failed is how many times the Purger failed, repeats included. Kept is how many of
	// these events are in the [Outbox]: it purges them.
	Failed uint64 `json:"failed"`
	Kept   uint64 `json:"kept"`
	// SaveToPurge is for how long old pages could be served after the save: from the
	// return of COMMIT to that of the purge. Without a transaction it begins with the
	// call of Invalidate, and in a batch that other code commits with Flush. It counts
	// what is in Purged, unless COMMIT did not say that it succeeded.
	SaveToPurge cache.Histogram `json:"save_to_purge"`
}

// counts are what an Invalidator counts.
type counts struct {
	purged, repeated, failed, kept atomic.Uint64
	saveToPurge                    figures.Histogram
}

// Stats returns the figures.
func (inv *Invalidator) Stats() Stats {
	n := &inv.count
	return Stats{
		Purged:      n.purged.Load(),
		Repeated:    n.repeated.Load(),
		Failed:      n.failed.Load(),
		Kept:        n.kept.Load(),
		SaveToPurge: n.saveToPurge.Snapshot(),
	}
}

// purge counts a purge that has ended. saved is when the save was committed, zero if
// that is not known.
func (n *counts) purge(saved time.Time, err error) {
	if err != nil {
		n.failed.Add(1)
		return
	}
	n.purged.Add(1)
	if !saved.IsZero() {
		n.saveToPurge.Add(time.Since(saved))
	}
}

// repeat counts a repeat that has ended.
func (n *counts) repeat(err error) {
	if err != nil {
		n.failed.Add(1)
		return
	}
	n.repeated.Add(1)
}

// keep counts purges that have failed, if they are kept.
func (n *counts) keep(failed []*PurgeError) {
	for _, f := range failed {
		if f.Kept {
			n.kept.Add(1)
		}
	}
}
