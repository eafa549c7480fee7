package invalidate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/uncache/uncache/cache"
)

// maxEvent bounds how many dependencies one event names. A log keeps and sends
// an event whole, and everybody who reads the log holds it in memory.
const maxEvent = 10_000

// events returns the purges that the change costs: one, unless it names more
// than an event may.
func (c *change) events() []cache.Event {
	reasons := c.reasons.list
	if len(c.models.list) > 0 {
		reasons = append(reasons[:len(reasons):len(reasons)], some(c.models.list)+" saved")
	}
	e := cache.Event{Soft: c.targets.isSoft(), Reason: some(reasons), Origin: c.inv.opts.Origin}
	parts := split(c.targets.Dependencies())
	all := make([]cache.Event, len(parts))
	for i, deps := range parts {
		all[i] = e
		all[i].Dependencies = deps
		if len(parts) > 1 {
			all[i].Reason = fmt.Sprintf("%s (%d of %d)", e.Reason, i+1, len(parts))
		}
	}
	return all
}

// split returns deps, which are sorted, in parts of at most maxEvent, each of
// them sorted. Families stay together.
func split(deps []cache.Dependency) [][]cache.Dependency {
	if len(deps) <= maxEvent {
		return [][]cache.Dependency{deps}
	}
	slices.SortStableFunc(deps, func(a, b cache.Dependency) int { return cmp.Compare(family(a), family(b)) })
	var parts [][]cache.Dependency
	for len(deps) > maxEvent {
		n := maxEvent
		for n > 0 && family(deps[n-1]) == family(deps[n]) {
			n--
		}
		if n == 0 { // a family that is larger than an event
			n = maxEvent
		}
		parts = append(parts, deps[:n:n])
		deps = deps[n:]
	}
	parts = append(parts, deps)
	for _, part := range parts {
		slices.Sort(part)
	}
	return parts
}

// family is what dependencies have in common that belong in one event: a path
// and the prefix of its subtree, of which the Purger of [Keys] wants to see both;
// a route and the unknown one ([cache.Route]).
func family(d cache.Dependency) string {
	kind, name := cut(d)
	if kind == "route" {
		return ""
	}
	return strings.TrimRight(name, "/")
}
