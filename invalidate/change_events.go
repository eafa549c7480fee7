package invalidate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/uncache/uncache/cache"
)

// events returns the change's events: one, unless the change names more than an event
// may.
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

// split returns deps, which are sorted, in parts of at most [cache.MaxEvent]
// and [cache.MaxEventBytes].
// Each part is sorted. Dependencies of one family are in one part, if they fit.
func split(deps []cache.Dependency) [][]cache.Dependency {
	if fit(deps) == len(deps) {
		return [][]cache.Dependency{deps}
	}
	slices.SortStableFunc(deps, func(a, b cache.Dependency) int { return cmp.Compare(family(a), family(b)) })
	var parts [][]cache.Dependency
	for len(deps) > 0 {
		most := fit(deps)
		n := most
		for n > 0 && n < len(deps) && family(deps[n-1]) == family(deps[n]) {
			n--
		}
		if n == 0 { // the family is larger than an event
			n = most
		}
		parts = append(parts, deps[:n:n])
		deps = deps[n:]
	}
	for _, part := range parts {
		slices.Sort(part)
	}
	return parts
}

// fit returns how many of deps, from the first, one event may name.
func fit(deps []cache.Dependency) int {
	bytes := 0
	for i, d := range deps {
		bytes += len(d)
		if i == cache.MaxEvent || i > 0 && bytes > cache.MaxEventBytes {
			return i
		}
	}
	return len(deps)
}

// family is equal for dependencies that belong in one event: a path and the prefix of
// its subtree, since the Purger of [Keys] needs to see both; a route and the unknown
// one ([cache.Route]).
func family(d cache.Dependency) string {
	kind, name := cut(d)
	if kind == "route" {
		return ""
	}
	return strings.TrimRight(name, "/")
}
