package outbox

import (
	"fmt"
	"slices"
	"strings"

	"github.com/uncache/uncache/cache"
)

// maxReasons is how many reasons a merged event gives.
const maxReasons = 3

// A fullRow is a row with its decoded event.
type fullRow struct {
	row
	event cache.Event
}

// A merged is an event, and the rows that it purges.
type merged struct {
	event cache.Event
	rows  []fullRow
}

// merge merges rows into as few events as possible. The dependencies of a row stay in
// one event, since a row is either purged or not. Soft events are not merged with
// others, since a soft purge does less. Rows that have failed before are not merged
// with others, so that they do not make them fail again.
func merge(rows []fullRow) []merged {
	var groups [4][]fullRow
	for _, r := range rows {
		i := 0
		if r.event.Soft {
			i = 1
		}
		if r.tries > 0 {
			i += 2
		}
		groups[i] = append(groups[i], r)
	}
	var all []merged
	for _, group := range groups {
		named := make(map[cache.Dependency]struct{})
		begin, bytes := 0, 0
		for i, r := range group {
			add, addBytes := 0, 0
			for _, d := range r.event.Dependencies {
				if _, ok := named[d]; !ok {
					add++
					addBytes += len(d)
				}
			}
			if i > begin && (len(named)+add > cache.MaxEvent || bytes+addBytes > cache.MaxEventBytes) {
				all = append(all, mergeRows(group[begin:i]))
				begin, bytes = i, 0
				clear(named)
			}
			for _, d := range r.event.Dependencies {
				if _, ok := named[d]; !ok {
					named[d] = struct{}{}
					bytes += len(d)
				}
			}
		}
		if begin < len(group) {
			all = append(all, mergeRows(group[begin:]))
		}
	}
	return all
}

// byOutbox ends the reasons of what a relay purges. It shows in the log that the saver
// did not purge.
const byOutbox = " (by the outbox)"

// again ends the reasons of what was purged before.
const again = " (again)"

func single(r fullRow) merged {
	e := r.event
	e.Reason = strings.TrimPrefix(e.Reason+byOutbox, " ")
	return merged{e, []fullRow{r}}
}

// mergeRows returns one event that purges all of rows.
func mergeRows(rows []fullRow) merged {
	if len(rows) == 1 {
		return single(rows[0])
	}
	var deps []cache.Dependency
	var reasons, origins []string
	for _, r := range rows {
		deps = append(deps, r.event.Dependencies...)
		reasons = append(reasons, r.event.Reason)
		origins = append(origins, r.event.Origin)
	}
	slices.Sort(deps)
	return merged{
		event: cache.Event{
			Dependencies: slices.Compact(deps),
			Soft:         rows[0].event.Soft,
			Reason:       strings.TrimPrefix(some(reasons)+byOutbox, " "),
			Origin:       some(origins),
		},
		rows: rows,
	}
}

// some names the first few strings that are not empty, each once, and says how many
// more there are.
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
