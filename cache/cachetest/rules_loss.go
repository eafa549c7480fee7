package cachetest

import (
	"context"
	"fmt"
	"time"

	"github.com/uncache/uncache/cache"
)

const (
	ruleGap = "If events after the position were trimmed, evicted or lost, From is after it; List is never silently incomplete."
	ruleEra = "If the head was lost, or is before the position asked for, Since begins a new era beyond both, " +
		"and returns its start as Head and From."

	// nineYears is a position that an era may begin beyond, in microseconds.
	nineYears = cache.Position(9 * 365 * 24 * time.Hour / time.Microsecond)
)

type hurt = func(ctx context.Context, l cache.Log) error

// lossRules hurt the log. It may answer by forgetting more than it had to, never
// by hiding a gap.
var lossRules = []logRule{
	{
		"Since/trimmed",
		ruleGap,
		func(ctx context.Context, s logSubject) error {
			return s.gap(ctx, "Trim", s.h.Trim)
		},
	},
	{
		"Since/events lost",
		ruleGap,
		func(ctx context.Context, s logSubject) error {
			return s.gap(ctx, "LoseEvents", s.h.LoseEvents)
		},
	},
	{
		"Since/head lost",
		ruleEra,
		func(ctx context.Context, s logSubject) error {
			return s.era(ctx, "LoseHead", s.h.LoseHead)
		},
	},
	{
		"Since/all lost",
		ruleEra,
		func(ctx context.Context, s logSubject) error {
			return s.era(ctx, "LoseHead and LoseEvents", func(ctx context.Context, l cache.Log) error {
				if err := s.h.LoseEvents(ctx, l); err != nil {
					return err
				}
				return s.h.LoseHead(ctx, l)
			})
		},
	},
	{
		"Since/beyond the head",
		ruleEra,
		func(ctx context.Context, s logSubject) error {
			_, last, err := s.appendN(ctx, 3)
			if err != nil {
				return err
			}
			// A position that a log of another life has given: the next one,
			// and one that the clock will not reach soon.
			for i, after := range []cache.Position{last + 1, last + nineYears} {
				if err := s.begins(ctx, s.handle(i), after, last); err != nil {
					return err
				}
			}
			return nil
		},
	},
	{
		"Append/head lost",
		"When the log has lost its head, or has reason to believe that it was taken back in time, it begins a new era: " +
			"it re-creates the head beyond every position that was ever given, so that nothing stamped earlier is served again.",
		func(ctx context.Context, s logSubject) error {
			before, last, err := s.appendN(ctx, 5)
			if err != nil {
				return err
			}
			if err := s.h.LoseHead(ctx, s.Log); err != nil {
				return fmt.Errorf("LoseHead: %w", err)
			}
			p, err := appendTo(ctx, s.other(), cache.Event{Reason: "after"})
			if err != nil {
				return err
			}
			if p <= last {
				return fmt.Errorf("Append after the head %d was lost: got position %d, want one beyond", last, p)
			}
			for _, after := range []cache.Position{0, before, last - 1, last} {
				ev, err := since(ctx, s.Log, after)
				if err != nil {
					return err
				}
				if ev.Head < p || ev.From <= last {
					return answer(after, ev, "Head %d or after, From beyond %d", p, last)
				}
				if err := continuous(after, ev); err != nil {
					return err
				}
			}
			return nil
		},
	},
}

// gap appends, hurts the log, and asks from every position.
func (s logSubject) gap(ctx context.Context, name string, how hurt) error {
	before, last, err := s.appendN(ctx, 10)
	if err != nil {
		return err
	}
	if err := how(ctx, s.Log); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for after := before; after <= last; after++ {
		ev, err := since(ctx, s.handle(int(after)), after)
		if err != nil {
			return err
		}
		if err := continuous(after, ev); err != nil {
			return fmt.Errorf("after %s: %w", name, err)
		}
		if after == before && ev.From == before || ev.Head < last {
			return fmt.Errorf("after %s: %w", name, answer(after, ev, "From after the gap, Head %d or after", last))
		}
	}
	p, err := appendTo(ctx, s.Log, cache.Event{})
	if err != nil {
		return err
	}
	if p <= last {
		return fmt.Errorf("Append after %s: got position %d, want one beyond %d", name, p, last)
	}
	return nil
}

// era appends, hurts the log so that its head is gone, and wants a new era.
func (s logSubject) era(ctx context.Context, name string, how hurt) error {
	_, last, err := s.appendN(ctx, 5)
	if err != nil {
		return err
	}
	for i, after := range []cache.Position{last, last + 7, 0} {
		if err := how(ctx, s.Log); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := s.begins(ctx, s.handle(i), after, last); err != nil {
			return fmt.Errorf("after %s: %w", name, err)
		}
		if last, err = s.head(ctx); err != nil {
			return err
		}
	}
	return nil
}

// begins asks l for the events after a position and wants a new era, which all
// handles are in from then on.
func (s logSubject) begins(ctx context.Context, l cache.Log, after, last cache.Position) error {
	ev, err := since(ctx, l, after)
	if err != nil {
		return err
	}
	if ev.Head <= max(after, last) || ev.From != ev.Head || len(ev.List) != 0 {
		return answer(after, ev, "a new era beyond %d and no events", max(after, last))
	}
	start := ev.Head
	for i := range 2 {
		for _, old := range []cache.Position{0, last - 1, last} {
			if ev, err = since(ctx, s.handle(i), old); err != nil {
				return err
			}
			if ev.From < start {
				return answer(old, ev, "From at the start of the era, %d, or after", start)
			}
		}
		p, err := appendTo(ctx, s.handle(i), cache.Event{})
		if err != nil {
			return err
		}
		if want := start + cache.Position(i) + 1; p != want {
			return fmt.Errorf("Append in the era that began at %d: got position %d, want %d", start, p, want)
		}
	}
	return nil
}
