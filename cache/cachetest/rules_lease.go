package cachetest

import (
	"context"
	"fmt"
	"time"

	"github.com/uncache/uncache/cache"
)

var leaseRules = []cacheRule{
	{
		"Leaser/one holder",
		`Lease gives holder the lease on key for ttl, unless somebody has it, and returns its holder: "" if it can't tell.`,
		leaser(func(ctx context.Context, s leaserSubject) error {
			if err := s.leased(ctx, "k", "a", time.Hour, "a"); err != nil {
				return err
			}
			if err := s.leased(ctx, "k", "b", time.Hour, "a"); err != nil {
				return fmt.Errorf("while a has it: %w", err)
			}
			return s.leased(ctx, "other", "b", time.Hour, "b")
		}),
	},
	{
		"Leaser/again",
		"A holder that has the lease already is returned, and keeps it for as long as it was given for.",
		leaser(func(ctx context.Context, s leaserSubject) error {
			if err := s.leased(ctx, "k", "a", time.Hour, "a"); err != nil {
				return err
			}
			if err := s.leased(ctx, "k", "a", time.Millisecond, "a"); err != nil {
				return fmt.Errorf("again: %w", err)
			}
			s.wait(20 * time.Millisecond)
			return s.leased(ctx, "k", "b", time.Hour, "a")
		}),
	},
	{
		"Leaser/ttl",
		"When the ttl is over nobody has it.",
		leaser(func(ctx context.Context, s leaserSubject) error {
			const ttl = 50 * time.Millisecond
			if err := s.leased(ctx, "k", "a", ttl, "a"); err != nil {
				return err
			}
			return s.expires(fmt.Sprintf("Lease(k, b) %v after Lease(k, a, %v)", ttl, ttl), func() (bool, error) {
				has, err := s.leaser.Lease(ctx, "k", "b", time.Hour)
				return has != "b", err
			})
		}),
	},
	{
		"Leaser/values",
		"Leases and values are kept apart: a key may have both.",
		leaser(func(ctx context.Context, s leaserSubject) error {
			if err := s.set(ctx, "k", "value", time.Hour); err != nil {
				return err
			}
			if err := s.leased(ctx, "k", "a", time.Hour, "a"); err != nil {
				return err
			}
			if err := s.holds(ctx, "k", "value"); err != nil {
				return err
			}
			if err := s.delete(ctx, "k"); err != nil {
				return err
			}
			return s.leased(ctx, "k", "b", time.Hour, "a")
		}),
	},
	{
		"Leaser/release",
		"Release ends the lease on key if holder has it.",
		leaser(func(ctx context.Context, s leaserSubject) error {
			if err := s.leased(ctx, "k", "a", time.Hour, "a"); err != nil {
				return err
			}
			if err := s.release(ctx, "k", "a"); err != nil {
				return err
			}
			return s.leased(ctx, "k", "b", time.Hour, "b")
		}),
	},
	{
		"Leaser/release of another's",
		"To release what somebody else has, or nobody, is not an error and changes nothing.",
		leaser(func(ctx context.Context, s leaserSubject) error {
			if err := s.release(ctx, "k", "a"); err != nil {
				return fmt.Errorf("nobody's: %w", err)
			}
			if err := s.leased(ctx, "k", "a", time.Hour, "a"); err != nil {
				return err
			}
			if err := s.release(ctx, "k", "b"); err != nil {
				return fmt.Errorf("a's by b: %w", err)
			}
			return s.leased(ctx, "k", "c", time.Hour, "a")
		}),
	},
	{
		"Leaser/context",
		"If ctx was done before the call, Lease returns an error.",
		leaser(func(ctx context.Context, s leaserSubject) error {
			if has, err := s.leaser.Lease(cancelled(ctx), "k", "a", time.Hour); err == nil {
				return fmt.Errorf("Lease with a context that is done: got %q, no error", has)
			}
			return nil
		}),
	},
}

type leaserSubject struct {
	cacheSubject
	leaser cache.Leaser
}

// leased says whether Lease returns want.
func (s leaserSubject) leased(ctx context.Context, key, holder string, ttl time.Duration, want string) error {
	if has, err := s.leaser.Lease(ctx, key, holder, ttl); err != nil || has != want {
		return fmt.Errorf("Lease(%q, %q, %v): got %q, %v; want %q", key, holder, ttl, has, err, want)
	}
	return nil
}

func (s leaserSubject) release(ctx context.Context, key, holder string) error {
	if err := s.leaser.Release(ctx, key, holder); err != nil {
		return fmt.Errorf("Release(%q, %q): got error %w, want none", key, holder, err)
	}
	return nil
}

func leaser(check func(context.Context, leaserSubject) error) func(context.Context, cacheSubject) error {
	return func(ctx context.Context, s cacheSubject) error {
		return check(ctx, leaserSubject{s, s.Cache.(cache.Leaser)})
	}
}
