package cachetest

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/uncache/uncache/cache"
)

var sinceRules = []logRule{
	{
		"Append/seen",
		"When Append has returned nil, every Since that starts later, in any process, has a Head at or after the position returned.",
		func(ctx context.Context, s logSubject) error {
			for i := range 20 {
				p, err := appendTo(ctx, s.handle(i), cache.Event{})
				if err != nil {
					return err
				}
				for j := range 2 {
					ev, err := since(ctx, s.handle(j), p-1)
					if err != nil {
						return err
					}
					if ev.Head < p {
						return answer(p-1, ev, "a Head of %d or after", p)
					}
				}
			}
			return nil
		},
	},
	{
		"Append/seen by another process",
		"When Append has returned nil, every Since that starts later, in any process, has a Head at or after the position returned.",
		func(ctx context.Context, s logSubject) error {
			for range 20 {
				p, err := appendTo(ctx, s.Log, cache.Event{})
				if err != nil {
					return err
				}
				ev, err := since(ctx, s.second, p-1)
				if err != nil {
					return err
				}
				if ev.Head < p {
					return answer(p-1, ev, "a Head of %d or after", p)
				}
			}
			return nil
		},
	},
	{
		"Since/recent",
		"The answer is as recent as the call: every Append that had returned when Since was called is covered by Head.",
		func(ctx context.Context, s logSubject) error {
			start, err := s.head(ctx)
			if err != nil {
				return err
			}
			var returned atomic.Uint64 // the last position that some Append has returned
			if err := together(6, func(i int) error {
				last := start
				for range 40 {
					if i < 3 {
						p, err := appendTo(ctx, s.handle(i), cache.Event{})
						if err != nil {
							return err
						}
						for seen := returned.Load(); seen < uint64(p) && !returned.CompareAndSwap(seen, uint64(p)); {
							seen = returned.Load()
						}
						continue
					}
					want := cache.Position(returned.Load())
					ev, err := since(ctx, s.handle(i), last)
					if err != nil {
						return err
					}
					if ev.Head < want {
						return answer(last, ev, "a Head of %d or after, which an Append has returned", want)
					}
					last = ev.Head
				}
				return nil
			}); err != nil {
				return err
			}
			// Whatever the race has shown: now all of them have returned.
			want := cache.Position(returned.Load())
			for i := range 2 {
				ev, err := since(ctx, s.handle(i), want-1)
				if err != nil {
					return err
				}
				if ev.Head < want {
					return answer(want-1, ev, "Head %d or after, which Append had returned", want)
				}
			}
			return nil
		},
	},
	{
		"Since/0",
		"Since(0) returns all that the log still has, with From set accordingly.",
		func(ctx context.Context, s logSubject) error {
			before, last, err := s.appendN(ctx, 10)
			if err != nil {
				return err
			}
			ev, err := since(ctx, s.other(), 0)
			if err != nil {
				return err
			}
			if ev.Head != last || ev.From > before || len(ev.List) < 10 {
				return answer(0, ev, "the events from %d to %d", before+1, last)
			}
			return continuous(0, ev)
		},
	},
	{
		"Since/any position",
		"Since returns the events after a position, all of them or the first page.",
		func(ctx context.Context, s logSubject) error {
			before, last, err := s.appendN(ctx, 30)
			if err != nil {
				return err
			}
			for after := before; after <= last; after++ {
				ev, err := since(ctx, s.handle(int(after)), after)
				if err != nil {
					return err
				}
				if ev.Head != last || ev.From != after || len(ev.List) != int(last-after) {
					return answer(after, ev, "Head %d, From %d, %d events", last, after, last-after)
				}
				for i, e := range ev.List {
					if want := fmt.Sprint(int(after-before) + i + 1); e.Reason != want {
						return fmt.Errorf("Since(%d): event %d is %q, want %q", after, i, e.Reason, want)
					}
				}
			}
			return nil
		},
	},
	{
		"Since/complete",
		"From is where List begins: List holds every event with a position in (From, Head], in order, or with More the first of them.",
		func(ctx context.Context, s logSubject) error {
			start, err := s.head(ctx)
			if err != nil {
				return err
			}
			const writers, each, readers = 4, 25, 2
			var last [readers]cache.Position
			follow := func(i int) error {
				ev, err := since(ctx, s.handle(i), last[i])
				if err == nil {
					err = continuous(last[i], ev)
					last[i] = ev.Head
				}
				return err
			}
			last = [readers]cache.Position{start, start}
			err = together(writers+readers, func(i int) error {
				for range each {
					var err error
					if i < readers {
						err = follow(i)
					} else {
						_, err = appendTo(ctx, s.handle(i), cache.Event{})
					}
					if err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
			for range 2 { // what is left, then all of it
				for i := range last {
					asked := last[i]
					if err := follow(i); err != nil {
						return err
					}
					if want := start + writers*each; last[i] != want {
						return fmt.Errorf("Since(%d) after %d Appends from %d on: got Head %d, want %d", asked, writers*each, start, last[i], want)
					}
					last[i] = start
				}
			}
			return nil
		},
	},
	{
		"Since/nothing happened",
		"If nothing happened since, List is empty and From and Head are the position that was asked for.",
		func(ctx context.Context, s logSubject) error {
			for i := range 3 {
				head, err := s.head(ctx)
				if err != nil {
					return err
				}
				for j := range 2 {
					ev, err := since(ctx, s.handle(j), head)
					if err != nil {
						return err
					}
					if ev.Head != head || ev.From != head || len(ev.List) != 0 {
						return answer(head, ev, "Head and From %d, no events", head)
					}
				}
				if _, err := appendTo(ctx, s.handle(i), cache.Event{}); err != nil {
					return err
				}
			}
			return nil
		},
	},
	{
		"Since/list is the caller's",
		"It is the caller's; the slices in it are shared and must not be changed.",
		func(ctx context.Context, s logSubject) error {
			before, _, err := s.appendN(ctx, 2)
			if err != nil {
				return err
			}
			ev, err := since(ctx, s.Log, before)
			if err != nil {
				return err
			}
			clear(ev.List)
			_ = append(ev.List, cache.Event{Reason: "the caller's"})
			if _, err = appendTo(ctx, s.Log, cache.Event{Reason: "3"}); err != nil {
				return err
			}
			if ev, err = since(ctx, s.Log, before); err != nil {
				return err
			}
			for i, e := range ev.List {
				if want := fmt.Sprint(i + 1); e.Reason != want {
					return fmt.Errorf("Since(%d) after the caller changed an earlier List: event %d is %q, want %q", before, i, e.Reason, want)
				}
			}
			return nil
		},
	},
}
