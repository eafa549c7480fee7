package cachetest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uncache/uncache/cache"
)

var tierRules = []cacheRule{
	{
		"Tiered/nearest first",
		"Tiers returns the caches, nearest first.",
		tiered(func(ctx context.Context, s cacheSubject, tiers []cache.Cache) error {
			for i := len(tiers) - 1; i >= 0; i-- {
				value := fmt.Sprint("of tier ", i)
				if err := tiers[i].Set(ctx, "k", []byte(value), time.Hour); err != nil {
					return fmt.Errorf("Set by tier %d of %d: got error %w, want none", i, len(tiers), err)
				}
				if err := s.holds(ctx, "k", value); err != nil {
					return fmt.Errorf("after Set by tier %d of %d: %w", i, len(tiers), err)
				}
			}
			return nil
		}),
	},
	{
		"Tiered/whole",
		"Tiers returns the caches, nearest first.",
		tiered(func(ctx context.Context, s cacheSubject, tiers []cache.Cache) error {
			if err := s.set(ctx, "k", "value", time.Hour); err != nil {
				return err
			}
			found := 0
			for i, c := range tiers {
				value, ok, err := c.Get(ctx, "k")
				if err != nil || ok && string(value) != "value" {
					return fmt.Errorf("Get by tier %d of %d: got %s, %v, %w", i, len(tiers), show(value), ok, err)
				}
				if ok {
					found++
				}
			}
			if found == 0 {
				return fmt.Errorf("after Set: none of %d tiers has the value", len(tiers))
			}
			if err := s.delete(ctx, "k"); err != nil {
				return err
			}
			for i, c := range tiers {
				if err := (cacheSubject{Cache: c}).lacks(ctx, "k"); err != nil {
					return fmt.Errorf("by tier %d of %d, after Delete: %w", i, len(tiers), err)
				}
			}
			return nil
		}),
	},
}

// tiered checks a Cache that is several.
func tiered(check func(context.Context, cacheSubject, []cache.Cache) error) func(context.Context, cacheSubject) error {
	return func(ctx context.Context, s cacheSubject) error {
		t, ok := s.Cache.(cache.Tiered)
		if !ok {
			return nil
		}
		tiers := t.Tiers()
		if len(tiers) == 0 {
			return errors.New("Tiers: got none")
		}
		for i, c := range tiers {
			if c == nil {
				return fmt.Errorf("Tiers: got nil for tier %d of %d", i, len(tiers))
			}
		}
		return check(ctx, s, tiers)
	}
}
