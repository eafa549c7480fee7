package cachetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/uncache/uncache/cache"
)

// eventRules check that an event comes out of the log as it went in.
var eventRules = []logRule{
	{
		"Event/fields",
		"An Event is one purge: from its position on, no response that depends on one of Dependencies, " +
			"and whose rendering began before, may be served.",
		func(ctx context.Context, s logSubject) error {
			var many []cache.Dependency
			for i := range 2000 {
				many = append(many, cache.Path(fmt.Sprintf("/blog/%d/", i)))
			}
			for _, e := range []cache.Event{
				{Dependencies: []cache.Dependency{cache.All}, Reason: "all", Origin: "host:1"},
				{Dependencies: []cache.Dependency{cache.Group("a"), cache.Group("a b,\n\x00\xff"), cache.Group("")}, Soft: true},
				{Dependencies: many, Reason: strings.Repeat("because ", 100)},
			} {
				if err := s.echoes(ctx, e); err != nil {
					return err
				}
			}
			return nil
		},
	},
	{
		"Event/empty",
		"An event that names nothing is valid and purges nothing.",
		func(ctx context.Context, s logSubject) error {
			return s.echoes(ctx, cache.Event{})
		},
	},
	{
		"Event/time",
		"Time is when the purge was made.",
		func(ctx context.Context, s logSubject) error {
			made := time.Date(2007, 11, 5, 19, 8, 53, 0, time.FixedZone("CET", 3600))
			e, err := s.append(ctx, cache.Event{Time: made})
			if err != nil {
				return err
			}
			if !e.Time.Equal(made) {
				return fmt.Errorf("Append of an event of %v: its Time is %v", made, e.Time)
			}
			return nil
		},
	},
}

var appendRules = []logRule{
	{
		"Append/consecutive",
		"The position is one more than the last one given in this era.",
		func(ctx context.Context, s logSubject) error {
			last, err := s.head(ctx)
			if err != nil {
				return err
			}
			for i := range 20 {
				p, err := appendTo(ctx, s.handle(i), cache.Event{})
				if err != nil {
					return err
				}
				if p != last+1 {
					return fmt.Errorf("Append after position %d: got %d, want %d", last, p, last+1)
				}
				last = p
			}
			return nil
		},
	},
	{
		"Append/consecutive under concurrency",
		"All methods are safe for concurrent use.",
		func(ctx context.Context, s logSubject) error {
			start, err := s.head(ctx)
			if err != nil {
				return err
			}
			var mu sync.Mutex
			var got []cache.Position
			err = together(8, func(i int) error {
				for range 25 {
					p, err := appendTo(ctx, s.handle(i), cache.Event{})
					if err != nil {
						return err
					}
					mu.Lock()
					got = append(got, p)
					mu.Unlock()
				}
				return nil
			})
			if err != nil {
				return err
			}
			slices.Sort(got)
			for i, p := range got {
				if want := start + cache.Position(i) + 1; p != want {
					return fmt.Errorf("200 Appends at once after position %d: the %dth position is %d, want %d", start, i+1, p, want)
				}
			}
			return nil
		},
	},
	{
		"Append/position is ignored",
		"e.Position is ignored.",
		func(ctx context.Context, s logSubject) error {
			head, err := s.head(ctx)
			if err != nil {
				return err
			}
			for _, asked := range []cache.Position{head + 99, 1} {
				e, err := s.append(ctx, cache.Event{Position: asked})
				if err != nil {
					return err
				}
				if head++; e.Position != head {
					return fmt.Errorf("Append of an event with Position %d: got %d, want %d", asked, e.Position, head)
				}
			}
			return nil
		},
	},
	{
		"Append/zero time",
		"A zero e.Time is replaced by the present.",
		func(ctx context.Context, s logSubject) error {
			e, err := s.append(ctx, cache.Event{})
			if err != nil {
				return err
			}
			// The log's server may have a clock of its own.
			if now := time.Now(); e.Time.Sub(now).Abs() > time.Hour {
				return fmt.Errorf("Append of an event without Time: it became %v, want about %v", e.Time, now)
			}
			return nil
		},
	},
	{
		"Append/twice",
		"If Append returns an error the event may be in the log or not; appending it again is harmless, " +
			"in the log twice it means what it means once.",
		func(ctx context.Context, s logSubject) error {
			e := cache.Event{Dependencies: []cache.Dependency{cache.All}, Time: time.Unix(1, 0), Reason: "twice"}
			first, err := s.append(ctx, e)
			if err != nil {
				return err
			}
			second, err := s.append(ctx, e)
			if err != nil {
				return err
			}
			if second.Position != first.Position+1 {
				return fmt.Errorf("Append of the same event again: got positions %d and %d, want consecutive ones",
					first.Position, second.Position)
			}
			return nil
		},
	},
	{
		"Append/copies",
		"e.Dependencies stays the caller's: Append keeps a copy.",
		func(ctx context.Context, s logSubject) error {
			deps := []cache.Dependency{cache.Group("before")}
			p, err := appendTo(ctx, s.Log, cache.Event{Dependencies: deps})
			if err != nil {
				return err
			}
			deps[0] = cache.Group("after")
			ev, err := since(ctx, s.Log, p-1)
			if err != nil {
				return err
			}
			if len(ev.List) != 1 || !slices.Equal(ev.List[0].Dependencies, []cache.Dependency{cache.Group("before")}) {
				return fmt.Errorf("Since after the caller changed its slice: got %+v, want one event of group:before", ev.List)
			}
			return nil
		},
	},
	{
		"Append/done context",
		"If ctx was done before the call, Append returns an error.",
		func(ctx context.Context, s logSubject) error {
			if p, err := s.Append(cancelled(ctx), cache.Event{}); err == nil {
				return fmt.Errorf("Append with a context that is done: got %d and no error, want an error", p)
			}
			return nil
		},
	},
	{
		"Log/closed",
		"ErrClosed is what a Cache or a Log returns, wrapped, once it was closed.",
		func(ctx context.Context, s logSubject) error {
			c := s.Log.(io.Closer)
			head, err := s.head(ctx)
			if err != nil {
				return err
			}
			if err := c.Close(); err != nil {
				return fmt.Errorf("Close(): got error %w, want none", err)
			}
			if _, err := s.Append(ctx, cache.Event{}); !errors.Is(err, cache.ErrClosed) {
				return fmt.Errorf("Append after Close: got error %v, want %v", err, cache.ErrClosed)
			}
			if _, err := s.Since(ctx, head); !errors.Is(err, cache.ErrClosed) {
				return fmt.Errorf("Since after Close: got error %v, want %v", err, cache.ErrClosed)
			}
			return nil
		},
	},
	{
		"Log/closed under use",
		"ErrClosed is what a Cache or a Log returns, wrapped, once it was closed.",
		func(ctx context.Context, s logSubject) error {
			return closedUnderUse(s.Log.(io.Closer), func(int) error {
				p, err := s.Append(ctx, cache.Event{})
				if err == nil {
					_, err = s.Since(ctx, p)
				}
				return err
			})
		},
	},
}

// append appends e and returns it as the log gives it to the other handle.
func (s logSubject) append(ctx context.Context, e cache.Event) (cache.Event, error) {
	p, err := appendTo(ctx, s.Log, e)
	if err != nil {
		return cache.Event{}, err
	}
	ev, err := since(ctx, s.other(), p-1)
	if err != nil {
		return cache.Event{}, err
	}
	if len(ev.List) != 1 || ev.List[0].Position != p {
		return cache.Event{}, answer(p-1, ev, "the event %d that was appended", p)
	}
	return ev.List[0], nil
}

// echoes says whether the log gives e back as it was appended.
func (s logSubject) echoes(ctx context.Context, e cache.Event) error {
	got, err := s.append(ctx, e)
	if err != nil {
		return err
	}
	if !slices.Equal(got.Dependencies, e.Dependencies) || got.Soft != e.Soft || got.Reason != e.Reason || got.Origin != e.Origin {
		return fmt.Errorf("Append of %s: the log gives %s", show(fmt.Sprintf("%+v", e)), show(fmt.Sprintf("%+v", got)))
	}
	return nil
}
