package cachetest

import (
	"context"
	"errors"
	"fmt"

	"github.com/uncache/uncache/cache"
)

var waitRules = []logRule{
	{
		"Waiter/event",
		"Wait returns nil when the log may have an event after a position.",
		func(ctx context.Context, s logSubject) error {
			w := s.Log.(cache.Waiter)
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			for i := range 3 {
				head, err := s.head(ctx)
				if err != nil {
					return err
				}
				waited := make(chan error, 1)
				go func() {
					err := w.Wait(ctx, head)
					for range 10 { // it may return early
						if ev, failed := since(ctx, s.Log, head); err != nil || failed != nil || ev.Head != head {
							break
						}
						err = w.Wait(ctx, head)
					}
					waited <- err
				}()
				if _, err := appendTo(ctx, s.handle(i), cache.Event{}); err != nil {
					return err
				}
				var failed error
				if err := promptly("Wait", func() { failed = <-waited }); err != nil {
					return err
				}
				if errors.Is(failed, errors.ErrUnsupported) {
					return nil
				}
				if failed != nil {
					return fmt.Errorf("Wait(%d), then an Append: got error %w, want none", head, failed)
				}
			}
			return nil
		},
	},
	{
		"Waiter/context",
		"If Wait cannot listen it returns an error: errors.ErrUnsupported if it never can, the error of ctx if that is done.",
		func(ctx context.Context, s logSubject) error {
			w := s.Log.(cache.Waiter)
			head, err := s.head(ctx)
			if err != nil {
				return err
			}
			var failed error
			if err := promptly("Wait with a context that is done", func() { failed = w.Wait(cancelled(ctx), head) }); err != nil {
				return err
			}
			if failed == nil || !errors.Is(failed, context.Canceled) && !errors.Is(failed, errors.ErrUnsupported) {
				return fmt.Errorf("Wait with a context that is done: got error %v, want %v", failed, context.Canceled)
			}
			return nil
		},
	},
}
