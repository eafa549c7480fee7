package cachetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/uncache/uncache/cache"
)

var setRules = []cacheRule{
	{
		"Set/overwrites",
		"Set stores value under key, in place of what was stored there, for ttl.",
		func(ctx context.Context, s cacheSubject) error {
			for _, value := range []string{"long long ago", "short", "a third one"} {
				if err := s.set(ctx, "k", value, time.Hour); err != nil {
					return err
				}
				if err := s.holds(ctx, "k", value); err != nil {
					return err
				}
			}
			return nil
		},
	},
	{
		"Set/copies",
		"The value stays the caller's: Set keeps a copy.",
		func(ctx context.Context, s cacheSubject) error {
			value := []byte("value")
			if err := s.Set(ctx, "k", value, time.Hour); err != nil {
				return fmt.Errorf("Set: got error %w, want none", err)
			}
			copy(value, "!!!!!")
			return s.holds(ctx, "k", "value")
		},
	},
	{
		"Set/found later",
		"When Set has returned nil, a Get that starts later finds the value, unless the Cache had to forget it.",
		func(ctx context.Context, s cacheSubject) error {
			return together(4, func(i int) error {
				for n := range 25 {
					key, value := fmt.Sprint("k", i), fmt.Sprint("v", n)
					if err := s.set(ctx, key, value, time.Hour); err != nil {
						return err
					}
					// Somebody else asks: what a goroutine or a connection
					// keeps for itself is not stored.
					if err := together(2, func(int) error { return s.holds(ctx, key, value) }); err != nil {
						return err
					}
				}
				return nil
			})
		},
	},
	{
		"Set/done context",
		"If ctx was done before the call, Set returns an error.",
		func(ctx context.Context, s cacheSubject) error {
			if err := s.Set(cancelled(ctx), "k", []byte("v"), time.Hour); err == nil {
				return errors.New("Set with a context that is done: got no error, want one")
			}
			return nil
		},
	},
	{
		"Set/negative ttl",
		"A negative ttl is an error, for which errors.Is(err, ErrTTL) is true, and changes nothing.",
		func(ctx context.Context, s cacheSubject) error {
			if err := s.set(ctx, "stored", "old", time.Hour); err != nil {
				return err
			}
			// -1 says "for ever" to some libraries, and "keep the ttl" to others.
			for _, ttl := range []time.Duration{-1, -time.Millisecond, -time.Second, math.MinInt64} {
				for _, key := range []string{"stored", "missing"} {
					if err := s.Set(ctx, key, []byte("new"), ttl); !errors.Is(err, cache.ErrTTL) {
						return fmt.Errorf("Set(%q, new, %v): got error %v, want %v", key, ttl, err, cache.ErrTTL)
					}
				}
				if err := s.holds(ctx, "stored", "old"); err != nil {
					return fmt.Errorf("after Set(stored, new, %v): %w", ttl, err)
				}
				if err := s.lacks(ctx, "missing"); err != nil {
					return fmt.Errorf("after Set(missing, new, %v): %w", ttl, err)
				}
			}
			return nil
		},
	},
}

var ttlRules = []cacheRule{
	{
		"Set/ttl 0",
		"A ttl of 0 means that the value does not expire.",
		func(ctx context.Context, s cacheSubject) error {
			if err := s.set(ctx, "k", "v", 0); err != nil {
				return err
			}
			if err := s.holds(ctx, "k", "v"); err != nil {
				return err
			}
			s.wait(s.long)
			if err := s.holds(ctx, "k", "v"); err != nil {
				return fmt.Errorf("after %v: %w", s.long, err)
			}
			return nil
		},
	},
	{
		"Set/long ttl",
		"Set stores value under key, in place of what was stored there, for ttl.",
		func(ctx context.Context, s cacheSubject) error {
			const year = 365 * 24 * time.Hour
			ttls := []time.Duration{2 * s.long, 10 * year, 200 * year, math.MaxInt64 - time.Millisecond, math.MaxInt64 - 1, math.MaxInt64}
			for _, ttl := range ttls {
				if err := s.set(ctx, ttl.String(), "v", max(ttl, time.Minute)); err != nil {
					return err
				}
			}
			s.wait(s.long)
			for _, ttl := range ttls {
				if err := s.holds(ctx, ttl.String(), "v"); err != nil {
					return fmt.Errorf("after %v: %w", s.long, err)
				}
			}
			return nil
		},
	},
	{
		"Get/expired",
		"An expired value is not returned.",
		func(ctx context.Context, s cacheSubject) error {
			if err := s.set(ctx, "k", "v", 50*time.Millisecond); err != nil {
				return err
			}
			return s.expires("Get 50ms after Set(k, v, 50ms)", s.get(ctx, "k"))
		},
	},
	{
		"Set/fractions",
		"Fractions of a millisecond may be rounded, but never to 0.",
		func(ctx context.Context, s cacheSubject) error {
			for _, ttl := range []time.Duration{1, time.Microsecond, time.Millisecond - 1, 1500 * time.Microsecond} {
				key := ttl.String()
				if err := s.set(ctx, key, "v", ttl); err != nil {
					return err
				}
				if err := s.expires(fmt.Sprintf("Get after Set(%s, v, %v)", key, ttl), s.get(ctx, key)); err != nil {
					return err
				}
			}
			return nil
		},
	},
	{
		"Set/ttl is replaced",
		"Set stores value under key, in place of what was stored there, for ttl.",
		func(ctx context.Context, s cacheSubject) error {
			for _, err := range []error{
				s.set(ctx, "longer", "v", 50*time.Millisecond),
				s.set(ctx, "longer", "w", 1000*time.Hour),
				s.set(ctx, "shorter", "v", 1000*time.Hour),
				s.set(ctx, "shorter", "w", 50*time.Millisecond),
			} {
				if err != nil {
					return err
				}
			}
			if err := s.expires("Get after Set(shorter, w, 50ms)", s.get(ctx, "shorter")); err != nil {
				return err
			}
			s.wait(s.long)
			return s.holds(ctx, "longer", "w")
		},
	},
}
