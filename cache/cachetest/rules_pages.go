package cachetest

import (
	"context"
	"fmt"
	"strings"

	"github.com/uncache/uncache/cache"
)

// pageRules walk through a log that is long enough for most to answer in pages.
// One that answers everything at once keeps them, too.
var pageRules = []logRule{
	{
		"Since/more",
		"More says that List ends before Head.",
		func(ctx context.Context, s logSubject) error {
			return s.walk(ctx, func(after cache.Position, ev cache.Events) error {
				if ev.More && ev.End() >= ev.Head {
					return answer(after, ev, "no More at the head")
				}
				return nil
			})
		},
	},
	{
		"Since/last page",
		"Without More, End is Head.",
		func(ctx context.Context, s logSubject) error {
			return s.walk(ctx, func(after cache.Position, ev cache.Events) error {
				if !ev.More && ev.End() != ev.Head {
					return answer(after, ev, "all events up to the head, or More")
				}
				return nil
			})
		},
	},
	{
		"Since/gets on",
		"Each page gets on: its End is after the position that was asked for.",
		func(ctx context.Context, s logSubject) error {
			return s.walk(ctx, func(after cache.Position, ev cache.Events) error {
				if ev.More && ev.End() <= after {
					return answer(after, ev, "an End after %d", after)
				}
				return nil
			})
		},
	},
	{
		"Since/pages",
		"The caller keeps what it was given and asks for the next page: Since(End).",
		func(ctx context.Context, s logSubject) error {
			var last cache.Position
			if err := s.walk(ctx, func(after cache.Position, ev cache.Events) error {
				last = ev.Head
				for i, e := range ev.List {
					if want := ev.From + cache.Position(i) + 1; e.Position != want {
						return fmt.Errorf("Since(%d): event %d has position %d, want %d", after, i, e.Position, want)
					}
				}
				if ev.From != after {
					return answer(after, ev, "From %d: nothing was lost", after)
				}
				return nil
			}); err != nil {
				return err
			}
			ev, err := since(ctx, s.other(), last)
			if err == nil && (ev.Head != last || len(ev.List) != 0) {
				err = answer(last, ev, "Head %d: the last page reached it", last)
			}
			return err
		},
	},
}

// walk appends a megabyte of events and asks for them page by page, with an
// append before each page but the first. It gives each answer to check, and ends
// where the log ends, or gets on no more.
func (s logSubject) walk(ctx context.Context, check func(after cache.Position, ev cache.Events) error) error {
	const events, names, most = 32, 64, 200
	var after cache.Position
	for i := range events {
		var deps []cache.Dependency
		for j := range names {
			deps = append(deps, cache.Group(fmt.Sprint(i, " ", j, strings.Repeat("x", 490))))
		}
		p, err := appendTo(ctx, s.handle(i), cache.Event{Dependencies: deps})
		if err != nil {
			return err
		}
		if i == 0 {
			after = p
		}
	}
	for i := range most {
		ev, err := sincePage(ctx, s.handle(i), after)
		if err != nil {
			return err
		}
		if err := check(after, ev); err != nil {
			return err
		}
		if !ev.More || ev.End() <= after || ev.End() >= ev.Head {
			return nil
		}
		after = ev.End()
		if i < events {
			if _, err := appendTo(ctx, s.Log, cache.Event{}); err != nil {
				return err
			}
		}
	}
	return fmt.Errorf("%d pages were not enough for %d events of %d names each", most, events, names)
}
