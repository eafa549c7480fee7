package pagecache

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
)

// A purgeSearch looks through the log for the event that ended one stored response, and
// for the names behind the hashes of its dependencies.
type purgeSearch struct {
	x       *explainer
	verdict engine.Verdict
	stamp   cache.Position
	hashes  []uint64
	names   map[uint64]cache.Dependency // of hashes, as far as they are known
	event   *cache.Event
	gap     bool // the log has forgotten events after stamp
	unread  bool // the log could not be read
}

// search reads the log once for all that was found.
func (x *explainer) search(ctx context.Context) error {
	from, needed := cache.Position(0), false
	for _, e := range x.entries {
		if e.Verdict != engine.Fresh && (!needed || e.Stamp < from) {
			from, needed = e.Stamp, true
		}
	}
	if x.chosen == nil {
		from, needed = 0, true
		if x.last != nil {
			from = x.last.stamp
		}
		x.named = make(map[cache.Dependency]bool, len(x.id.Deps))
		for _, d := range x.id.Deps {
			x.named[d] = true
		}
		if x.last != nil {
			for _, name := range x.last.groups {
				x.named[cache.Group(name)] = true
			}
		}
	}
	if !needed {
		return nil
	}
	first := true
	err := x.c.engine.History(ctx, from, func(page cache.Events) bool {
		for _, e := range x.entries {
			e.purge.gap = e.purge.gap || first && page.From > e.purge.stamp
		}
		first = false
		for i := range page.List {
			x.read(&page.List[i])
		}
		return true
	})
	for _, e := range x.entries {
		e.purge.unread = err != nil
	}
	return err
}

// searchFor begins the search for one response.
func (x *explainer) searchFor(e *engine.Found[*stored.Response]) *purgeSearch {
	s := &purgeSearch{x: x, verdict: e.Verdict, stamp: e.Stamp, hashes: e.Deps, names: make(map[uint64]cache.Dependency)}
	known := slices.Clone(x.id.Deps)
	known = append(known, cache.Route(e.Value.Route), cache.Route(""))
	groups := groupList(headerOf(e.Value), "Cache-Groups")
	if x.last != nil {
		groups = append(groups, x.last.groups...)
	}
	for _, g := range groups {
		known = append(known, cache.Group(g), cache.OriginGroup(x.id.Origin, g))
	}
	for _, d := range known {
		s.learn(d, d.Hash())
	}
	return s
}

// headerOf returns the Cache-Groups of a stored response as a header.
func headerOf(p *stored.Response) map[string][]string {
	return map[string][]string{"Cache-Groups": p.Header.Get("Cache-Groups")}
}

// learn keeps the name of a dependency, if the response has it.
func (s *purgeSearch) learn(d cache.Dependency, hash uint64) (has bool) {
	if _, has = slices.BinarySearch(s.hashes, hash); has {
		s.names[hash] = d
	}
	return has
}

// read looks at one event.
func (x *explainer) read(e *cache.Event) {
	var latest *cache.Event
	ended := make([]*cache.Event, len(x.entries))
	for _, d := range e.Dependencies {
		if x.named[d] || x.named != nil && d == cache.All {
			latest = naming(latest, e, d)
		}
		if len(x.entries) == 0 {
			continue
		}
		hash := d.Hash()
		for i, of := range x.entries {
			if (of.purge.learn(d, hash) || d == cache.All) && of.purge.ends(e) {
				ended[i] = naming(ended[i], e, d)
			}
		}
	}
	if latest != nil && (x.latest == nil || x.last == nil) {
		x.latest = latest // the first after the last rendering, or else the last of all
	}
	for i, of := range x.entries {
		if ended[i] != nil {
			of.purge.event = ended[i]
		}
	}
}

// naming returns a copy of e that names d beside what to names. An event may name thousands,
// and few of them matter to one response.
func naming(to, e *cache.Event, d cache.Dependency) *cache.Event {
	if to == nil {
		c := *e
		c.Dependencies = nil
		to = &c
	}
	to.Dependencies = append(to.Dependencies, d)
	return to
}

// ends reports whether an event that names a dependency of the response is the first that
// explains its verdict.
func (s *purgeSearch) ends(e *cache.Event) bool {
	if e.Position <= s.stamp || s.event != nil {
		return false
	}
	return s.verdict == engine.SoftPurged && e.Soft || s.verdict == engine.Purged && !e.Soft
}

// named returns the names of the dependencies, sorted, and how many have no known name.
func (s *purgeSearch) named() (names []cache.Dependency, unnamed int) {
	names = make([]cache.Dependency, 0, len(s.names))
	for _, d := range s.names {
		names = append(names, d)
	}
	slices.Sort(names)
	return names, len(s.hashes) - len(names)
}

// because says why a response is purged.
func (s *purgeSearch) because() string {
	switch {
	case s.event != nil:
		return s.x.purged(s.event)
	case s.unread:
		return "A later event purged it, and the log could not be read to say which."
	case s.stamp > s.x.c.engine.Position():
		return "It is stamped after the end of the log: the log was lost, or went back in time, and began a new era."
	case s.gap:
		return "The log has forgotten some of the events since its rendering began, and one of them may have named it."
	}
	return "This process has forgotten some of the names that were purged since its rendering began (coherent.Options.MaxDependencies), and this may be one of them."
}

// purged says in a sentence who purged what, when and why.
func (x *explainer) purged(e *cache.Event) string {
	how := "purged"
	if e.Soft {
		how = "purged softly"
	}
	text := fmt.Sprintf("It was %s %s ago (%s), at position %d of the log", how, about(x.Time.Sub(e.Time)), e.Time.UTC().Format(time.RFC3339), e.Position)
	if e.Origin != "" {
		text += fmt.Sprintf(", by %q", e.Origin)
	}
	if e.Reason != "" {
		text += fmt.Sprintf(": %q", e.Reason)
	}
	return text + "."
}
