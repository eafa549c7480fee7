package invalidate_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/keys/route"
)

// maxEvent is how many dependencies an event names at most, as the doc of Invalidate
// says.
const maxEvent = 10_000

// numbered returns n posts, each with its own slug.
func numbered(n int) []*Post {
	all := make([]*Post, n)
	for i := range all {
		all[i] = &Post{ID: i, Slug: fmt.Sprint(i)}
	}
	return all
}

// A save of any size makes events of bounded size, which name each dependency once.
func TestEventsAreBounded(t *testing.T) {
	tests := []struct {
		posts, events int // the rule names a page for each, and the index
	}{
		{maxEvent - 1, 1},
		{maxEvent, 2},
		{3 * maxEvent, 4},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.posts), func(t *testing.T) {
			p := newPurger()
			ctx := invalidate.WithReason(t.Context(), "import")
			if err := newBlog(p, nil).Invalidate(ctx, numbered(tt.posts)); err != nil {
				t.Fatal(err)
			}
			if len(p.events) != tt.events {
				t.Fatalf("got %d events, want %d", len(p.events), tt.events)
			}
			seen := map[cache.Dependency]bool{}
			for i, e := range p.events {
				if len(e.Dependencies) > maxEvent || !slices.IsSorted(e.Dependencies) {
					t.Errorf("event %d: %d dependencies, sorted: %v; want at most %d, sorted", i, len(e.Dependencies), slices.IsSorted(e.Dependencies), maxEvent)
				}
				for _, d := range e.Dependencies {
					if seen[d] {
						t.Errorf("%s is in two events", d)
					}
					seen[d] = true
				}
				reason := "import"
				if tt.events > 1 {
					reason = fmt.Sprintf("import (%d of %d)", i+1, tt.events)
				}
				if e.Reason != reason {
					t.Errorf("event %d: reason %q, want %q", i, e.Reason, reason)
				}
			}
			if want := tt.posts + 1; len(seen) != want {
				t.Errorf("the events name %d dependencies, want %d", len(seen), want)
			}
		})
	}
}

// One part that fails does not stop the others, and the caller learns which one it was.
func TestEventsFailOneByOne(t *testing.T) {
	refused := errors.New("refused")
	var told []cache.Event
	observed := 0
	inv := newBlog(invalidate.PurgerFunc(func(_ context.Context, e cache.Event) error {
		told = append(told, e)
		if len(told) < 3 {
			return refused
		}
		return nil
	}), &invalidate.Options{Observe: func(invalidate.Observation) { observed++ }})
	err := inv.Invalidate(t.Context(), numbered(3*maxEvent))
	if len(told) != 4 || observed != 4 {
		t.Fatalf("told %d events and observed %d, want 4", len(told), observed)
	}
	if !errors.Is(err, refused) {
		t.Errorf("got %v, want %v", err, refused)
	}
	failed := invalidate.Unpurged(err)
	if len(failed) != 2 || failed[0].Reason != told[0].Reason || failed[1].Reason != told[1].Reason {
		t.Errorf("Unpurged: got %d events, want the first two", len(failed))
	}
}

// If a whole change is soft, each of its events is. If a part of it is not, no event
// is.
func TestEventsAreSoftIfChangeIs(t *testing.T) {
	for _, hard := range []bool{false, true} {
		t.Run(fmt.Sprint("hard: ", hard), func(t *testing.T) {
			p := newPurger()
			inv := invalidate.New(p, nil)
			invalidate.Register(inv, func(m *Post, to *invalidate.Targets) {
				to.Group(m.Slug)
				if m.ID > 0 || !hard {
					to.Soft()
				}
			})
			if err := inv.Invalidate(t.Context(), numbered(maxEvent+1)); err != nil {
				t.Fatal(err)
			}
			if len(p.events) != 2 || p.events[0].Soft == hard || p.events[1].Soft == hard {
				t.Errorf("got %d events, soft: %v, want 2, soft: %v", len(p.events), p.events[0].Soft, !hard)
			}
		})
	}
}

// Keys needs a path and its prefix in one event, and a route needs the unknown one.
// Neither pair is split.
func TestEventsKeepFamiliesTogether(t *testing.T) {
	d := new(deleter)
	p := newPurger()
	inv := invalidate.New(invalidate.Purgers{p, invalidate.Keys(d, builder(t, "example.com"))}, nil)
	page := route.MustParse("GET /blog/{slug}/")
	invalidate.Register(inv, func(m *Post, to *invalidate.Targets) { to.Route(page, m.Slug) })
	// One dependency comes before all the pairs, so that the limit falls inside a pair.
	invalidate.Register(inv, func(_ Author, to *invalidate.Targets) { to.Path("/") })
	if err := inv.Invalidate(t.Context(), Author{}, numbered(maxEvent)); err != nil {
		t.Errorf("got %v, want nil: Keys saw every prefix beside its path", err)
	}
	if len(p.events) != 3 || len(p.events[0].Dependencies) != maxEvent-1 {
		t.Errorf("got %d events, the first of %d dependencies; want 3, the first of %d", len(p.events), len(p.events[0].Dependencies), maxEvent-1)
	}
	invalidate.Register(inv, func(_ *Tagged, to *invalidate.Targets) { to.Route(postPage); to.Route(files) })
	p.events = nil
	if err := inv.Invalidate(t.Context(), &Tagged{}, numbered(2*maxEvent)); !errors.Is(err, invalidate.ErrUnsupported) {
		t.Errorf("got %v, want ErrUnsupported for the routes", err)
	}
	for i, e := range p.events {
		routes := 0
		for _, dep := range e.Dependencies {
			if strings.HasPrefix(string(dep), "route:") {
				routes++
			}
		}
		if routes != 0 && routes != 3 {
			t.Errorf("event %d names %d of 3 routes", i, routes)
		}
	}
}

// A family larger than an event is split.
func TestEventsOfOneFamilyAreBounded(t *testing.T) {
	p := newPurger()
	inv := invalidate.New(p, nil)
	invalidate.Register(inv, func(m *Post, to *invalidate.Targets) {
		to.Route(route.MustParse("GET /" + m.Slug + "/{any}")) // and the unknown one
	})
	if err := inv.Invalidate(t.Context(), numbered(maxEvent)); err != nil {
		t.Fatal(err)
	}
	if len(p.events) != 2 || len(p.events[0].Dependencies) != maxEvent || len(p.events[1].Dependencies) != 1 {
		t.Errorf("got %d events, want 2 of %d and 1 dependencies", len(p.events), maxEvent)
	}
}

// A few very long names may be too much for a database or a log. So events are bounded
// by length, too. Families stay together.
func TestEventsAreBoundedByLength(t *testing.T) {
	const maxBytes = 4 << 20
	p := newPurger()
	inv := invalidate.New(p, nil)
	page := route.MustParse("GET /blog/{slug}/")
	invalidate.Register(inv, func(m *Post, to *invalidate.Targets) { to.Route(page, m.Slug) })
	posts := numbered(3000)
	for i, m := range posts {
		m.Slug = fmt.Sprintf("%04d", i) + strings.Repeat("x", 2000)
	}
	if err := inv.Invalidate(t.Context(), posts); err != nil {
		t.Fatal(err)
	}
	names := 0
	for i, e := range p.events {
		bytes, ends := 0, map[string]int{}
		for _, d := range e.Dependencies {
			bytes += len(d)
			_, name, _ := strings.Cut(string(d), ":")
			ends[strings.TrimRight(name, "/")]++
		}
		if bytes > maxBytes || len(ends) != len(e.Dependencies)/2 {
			t.Errorf("event %d: %d names of %d families and %d bytes, want at most %d, and two of each family", i, len(e.Dependencies), len(ends), bytes, maxBytes)
		}
		names += len(e.Dependencies)
	}
	if names != 2*len(posts) || len(p.events) != 3 {
		t.Errorf("%d events name %d dependencies, want 3 and %d", len(p.events), names, 2*len(posts))
	}
}

// A name longer than the limit is an event of its own.
func TestNameLongerThanAnEvent(t *testing.T) {
	p := newPurger()
	inv := invalidate.New(p, nil)
	invalidate.Register(inv, func(m *Post, to *invalidate.Targets) { to.Group("a", strings.Repeat("b", 5<<20), "c") })
	if err := inv.Invalidate(t.Context(), &Post{}); err != nil {
		t.Fatal(err)
	}
	var got []int
	for _, e := range p.events {
		got = append(got, len(e.Dependencies))
	}
	if !slices.Equal(got, []int{1, 1, 1}) {
		t.Errorf("events of %v names, want 3 of 1", got)
	}
}

func TestReasonsAreBounded(t *testing.T) {
	p := newPurger()
	ctx := invalidate.WithReason(t.Context(), strings.Repeat("é", 2000))
	if err := newBlog(p, nil).Invalidate(ctx, &Post{Slug: "a"}); err != nil {
		t.Fatal(err)
	}
	if got, want := p.one(t).Reason, strings.Repeat("é", 512)+"..."; got != want {
		t.Errorf("the reason has %d bytes, want the first 1,024 and dots", len(got))
	}
}
