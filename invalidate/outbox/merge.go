package outbox

import (
	"fmt"
	"slices"
	"strings"

	"github.com/uncache/uncache/cache"
)

// maxEvent is how many dependencies a merged event may name, and maxEventBytes how
// long these may be together, as in one of package invalidate: a log keeps and
// sends an event whole.
const (
	maxEvent      = 10_000
	maxEventBytes = 4 << 20
)

// maxReasons is how many reasons a merged event gives.
const maxReasons = 3

// letter is a row with its event.
type letter struct {
	row
	event cache.Event
}

// parcel is an event with the rows that it stands for.
type parcel struct {
	event   cache.Event
	letters []letter
}

// merge packs letters into as few parcels as possible. No letter is torn apart:
// the dependencies of an event belong together, and a row is purged or not. Hard
// and soft ones are apart, since a soft purge does less; so are those that have
// failed before, so that they do not hold up the others again.
func merge(letters []letter) []parcel {
	var groups [4][]letter
	for _, l := range letters {
		i := 0
		if l.event.Soft {
			i = 1
		}
		if l.tries > 0 {
			i += 2
		}
		groups[i] = append(groups[i], l)
	}
	var parcels []parcel
	for _, group := range groups {
		named := make(map[cache.Dependency]struct{})
		begin, bytes := 0, 0
		for i, l := range group {
			add, addBytes := 0, 0
			for _, d := range l.event.Dependencies {
				if _, ok := named[d]; !ok {
					add++
					addBytes += len(d)
				}
			}
			if i > begin && (len(named)+add > maxEvent || bytes+addBytes > maxEventBytes) {
				parcels = append(parcels, pack(group[begin:i]))
				begin, bytes = i, 0
				clear(named)
			}
			for _, d := range l.event.Dependencies {
				if _, ok := named[d]; !ok {
					named[d] = struct{}{}
					bytes += len(d)
				}
			}
		}
		if begin < len(group) {
			parcels = append(parcels, pack(group[begin:]))
		}
	}
	return parcels
}

// byOutbox ends the reasons of what a relay purges: who reads the log can see
// that the saver did not.
const byOutbox = " (by the outbox)"

// again ends the reasons of what was purged before.
const again = " (again)"

func single(l letter) parcel {
	e := l.event
	e.Reason = strings.TrimPrefix(e.Reason+byOutbox, " ")
	return parcel{e, []letter{l}}
}

// pack returns the event that purges what those of letters purge.
func pack(letters []letter) parcel {
	if len(letters) == 1 {
		return single(letters[0])
	}
	var deps []cache.Dependency
	var reasons, origins []string
	for _, l := range letters {
		deps = append(deps, l.event.Dependencies...)
		reasons = append(reasons, l.event.Reason)
		origins = append(origins, l.event.Origin)
	}
	slices.Sort(deps)
	return parcel{
		event: cache.Event{
			Dependencies: slices.Compact(deps),
			Soft:         letters[0].event.Soft,
			Reason:       strings.TrimPrefix(some(reasons)+byOutbox, " "),
			Origin:       some(origins),
		},
		letters: letters,
	}
}

// some names the first few of those that are not empty, each once, and says how
// many more there are.
func some(list []string) string {
	var first []string
	seen := make(map[string]struct{})
	for _, s := range list {
		if _, ok := seen[s]; ok || s == "" {
			continue
		}
		seen[s] = struct{}{}
		if len(first) < maxReasons {
			first = append(first, s)
		}
	}
	s := strings.Join(first, "; ")
	if more := len(seen) - len(first); more > 0 {
		s += fmt.Sprintf("; and %d more", more)
	}
	return s
}
