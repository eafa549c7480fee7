package cachetest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uncache/uncache/cache"
)

var headRules = []logRule{
	{
		"LocalLog/head",
		"Head returns the position of the last event without I/O.",
		func(ctx context.Context, s logSubject) error {
			l := s.Log.(cache.LocalLog)
			for range 10 {
				p, err := appendTo(ctx, s.Log, cache.Event{})
				if err != nil {
					return err
				}
				if got := l.Head(); got != p {
					return fmt.Errorf("Head() after Append returned %d: got %d", p, got)
				}
			}
			ev, err := since(ctx, s.Log, l.Head()+1)
			if err != nil {
				return err
			}
			if got := l.Head(); got != ev.Head {
				return fmt.Errorf("Head() after an era began at %d: got %d", ev.Head, got)
			}
			return nil
		},
	},
	{
		"LocalLog/never before",
		"It is never before a position that Append has returned.",
		func(ctx context.Context, s logSubject) error {
			l := s.Log.(cache.LocalLog)
			return together(8, func(int) error {
				for range 50 {
					p, err := appendTo(ctx, s.Log, cache.Event{})
					if err != nil {
						return err
					}
					if got := l.Head(); got < p {
						return fmt.Errorf("Head() after Append returned %d: got %d", p, got)
					}
				}
				return nil
			})
		},
	},
	{
		"HeadGetter/value",
		"GetHead is Get, and the position of the log's head beside it, read no earlier than the call.",
		headGetter(func(ctx context.Context, b cache.HeadGetter, _ logSubject) error {
			if err := b.Set(ctx, "k", []byte("value"), time.Hour); err != nil {
				return fmt.Errorf("Set: got error %w, want none", err)
			}
			for range 20 {
				p, err := appendTo(ctx, b, cache.Event{})
				if err != nil {
					return err
				}
				value, ok, head, err := b.GetHead(ctx, "k")
				if err != nil || !ok || string(value) != "value" || head != 0 && head < p {
					return fmt.Errorf(`GetHead("k") after Append returned %d: got %s, %v, %d, %v; want "value", true, %d or 0, nil`,
						p, show(value), ok, head, err, p)
				}
			}
			return nil
		}),
	},
	{
		"HeadGetter/missing value",
		"A missing value with a known head is not an error.",
		headGetter(func(ctx context.Context, b cache.HeadGetter, _ logSubject) error {
			p, err := appendTo(ctx, b, cache.Event{})
			if err != nil {
				return err
			}
			value, ok, head, err := b.GetHead(ctx, "missing")
			if err != nil || ok || value != nil || head != 0 && head < p {
				return fmt.Errorf(`GetHead("missing"): got %s, %v, %d, %v; want nil, false, %d or 0, nil`, show(value), ok, head, err, p)
			}
			return nil
		}),
	},
	{
		"HeadGetter/one round trip",
		"It makes a hit cost one.",
		headGetter(func(ctx context.Context, b cache.HeadGetter, _ logSubject) error {
			p, err := appendTo(ctx, b, cache.Event{})
			if err != nil {
				return err
			}
			// A log may be unable to tell at first, not for long.
			for range int(patience / (20 * time.Millisecond)) {
				_, _, head, err := b.GetHead(ctx, "k")
				if err != nil {
					return fmt.Errorf("GetHead: got error %w, want none", err)
				}
				if head == p {
					return nil
				}
				if _, err := since(ctx, b, p); err != nil {
					return err
				}
				time.Sleep(20 * time.Millisecond)
			}
			return fmt.Errorf("GetHead after Append returned %d: got head 0 for %v, want %d", p, patience, p)
		}),
	},
	{
		"HeadGetter/head lost",
		"A head of 0 says that the log could not tell, and that Since must be asked; the value may be used.",
		headGetter(func(ctx context.Context, b cache.HeadGetter, s logSubject) error {
			if err := b.Set(ctx, "k", []byte("value"), time.Hour); err != nil {
				return fmt.Errorf("Set: got error %w, want none", err)
			}
			_, last, err := s.appendN(ctx, 3)
			if err != nil {
				return err
			}
			if err := s.h.LoseHead(ctx, b); err != nil {
				return fmt.Errorf("LoseHead: %w", err)
			}
			value, ok, head, err := b.GetHead(ctx, "k")
			if err != nil || !ok || string(value) != "value" {
				return fmt.Errorf(`GetHead("k") after LoseHead: got %s, %v, %d, %v; want "value", true, 0, nil`, show(value), ok, head, err)
			}
			if head != 0 && head <= last {
				return fmt.Errorf("GetHead after the head %d was lost: got head %d, want 0 or one beyond", last, head)
			}
			return nil
		}),
	},
	{
		"HeadGetter/done context",
		"If ctx is done, Get may return its error; it does not block on it.",
		headGetter(func(ctx context.Context, b cache.HeadGetter, _ logSubject) error {
			var ok bool
			var err error
			if late := promptly("GetHead with a context that is done", func() {
				_, ok, _, err = b.GetHead(cancelled(ctx), "missing")
			}); late != nil {
				return late
			}
			if ok || err != nil && !errors.Is(err, context.Canceled) {
				return fmt.Errorf("GetHead with a context that is done: got %v, %v; want a miss, or %v", ok, err, context.Canceled)
			}
			return nil
		}),
	},
}

func headGetter(check func(context.Context, cache.HeadGetter, logSubject) error) func(context.Context, logSubject) error {
	return func(ctx context.Context, s logSubject) error {
		return check(ctx, s.Log.(cache.HeadGetter), s)
	}
}
