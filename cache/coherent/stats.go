package coherent

import (
	"sync/atomic"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/figures"
)

// Stats are the figures of a [Cache] since it was made. docs/observe.md says what to
// make of them.
type Stats struct {
	// Position is how far this process has read the log.
	Position cache.Position `json:"position"`
	// ViewAge is how long ago this process last knew that it had read all of the log,
	// within an eighth of Options.Timeout. It is 0 for a log in memory. Without
	// MaxStale requests bring it up to date, so it grows while there are none. Where it
	// never was, it is the age of the Cache.
	ViewAge time.Duration `json:"view_age_ns"`
	// Available is false in an outage: requests do without the backend.
	Available bool `json:"available"`
	// Outages is how often the backend was found not to answer ([OpUnavailable]).
	Outages uint64 `json:"outages"`
	// Gaps is how often events were lost ([OpGap]).
	Gaps uint64 `json:"gaps"`
	// Purges are the purges of this process, by kind.
	Purges []PurgeStats `json:"purges"`
	// PurgeTime is how long the purges took that succeeded.
	PurgeTime cache.Histogram `json:"purge_time"`
	// Fetch is about the calls of [Fetch].
	Fetch FetchStats `json:"fetch"`
	// Tiers are the figures of each store that is a [cache.Counter], nearest first.
	// Redis is none.
	Tiers []cache.Stats `json:"tiers"`
}

// PurgeStats are figures of purges of one kind. A purge counts once, whatever it names.
type PurgeStats struct {
	// Kind is the widest kind of dependency that was named: "all", "prefix", "route",
	// "group", "path", "uri", or "none" if nothing was.
	Kind string `json:"kind"`
	// Done is how many succeeded, and Failed how many did not.
	Done   uint64 `json:"done"`
	Failed uint64 `json:"failed"`
}

// FetchStats are figures of [Fetch]. A call that gave up while it waited is in none of
// them.
type FetchStats struct {
	// Hits were answered with a stored value.
	Hits uint64 `json:"hits"`
	// Collapsed were answered by the load of another call.
	Collapsed uint64 `json:"collapsed"`
	// Loads is how long calls of load functions took that returned, Failed how many of
	// them returned an error.
	Loads  cache.Histogram `json:"loads"`
	Failed uint64          `json:"failed"`
}

// fetches counts the calls of Fetch.
type fetches struct {
	hits, collapsed, failed atomic.Uint64
	loads                   figures.Histogram
}

// loaded counts a call of a load function.
func (n *fetches) loaded(began time.Time, err error) {
	n.loads.Add(time.Since(began))
	if err != nil {
		n.failed.Add(1)
	}
}

// Stats returns the figures. It asks the backend nothing.
func (c *Cache) Stats() Stats {
	e := c.engine.Stats()
	s := Stats{
		Position:  e.Position,
		ViewAge:   e.ViewAge,
		Available: e.Available,
		Outages:   e.Outages,
		Gaps:      e.Gaps,
		PurgeTime: e.PurgeTime,
		Fetch: FetchStats{
			Hits:      c.fetches.hits.Load(),
			Collapsed: c.fetches.collapsed.Load(),
			Loads:     c.fetches.loads.Snapshot(),
			Failed:    c.fetches.failed.Load(),
		},
		Tiers: e.Tiers,
	}
	for _, p := range e.Purges {
		s.Purges = append(s.Purges, PurgeStats(p))
	}
	return s
}
