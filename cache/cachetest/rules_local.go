package cachetest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uncache/uncache/cache"
)

// localRules leave one sentence to the Cache's own tests: what a value counts
// where the Cache is bounded by bytes, since the kit does not know the bound.
var localRules = []cacheRule{
	{
		"Local/two roads",
		"A value stored by one road is not found by the other: Get does not see what SetLocal stored, GetLocal does not see what Set stored.",
		local(func(ctx context.Context, s localSubject) error {
			s.SetLocal("local", "v", 1, time.Hour)
			if err := s.set(ctx, "bytes", "v", time.Hour); err != nil {
				return err
			}
			if err := s.lacks(ctx, "local"); err != nil {
				return fmt.Errorf("after SetLocal: %w", err)
			}
			return s.locally("after Set", "bytes", nil)
		}),
	},
	{
		"Local/one value",
		"A key holds one value at a time, whichever road it came by.",
		local(func(ctx context.Context, s localSubject) error {
			if err := s.set(ctx, "k", "bytes", time.Hour); err != nil {
				return err
			}
			s.SetLocal("k", "local", 1, time.Hour)
			if err := s.lacks(ctx, "k"); err != nil {
				return fmt.Errorf("after Set and SetLocal: %w", err)
			}
			if err := s.locally("after Set and SetLocal", "k", "local"); err != nil {
				return err
			}
			if err := s.set(ctx, "k", "bytes", time.Hour); err != nil {
				return err
			}
			if err := s.holds(ctx, "k", "bytes"); err != nil {
				return fmt.Errorf("after SetLocal and Set: %w", err)
			}
			if err := s.locally("after SetLocal and Set", "k", nil); err != nil {
				return err
			}
			s.SetLocal("k", "local", 1, time.Hour)
			if err := s.delete(ctx, "k"); err != nil {
				return err
			}
			return s.locally("after SetLocal and Delete", "k", nil)
		}),
	},
	{
		"Local/the value itself",
		"GetLocal returns the value itself that SetLocal was given.",
		local(func(_ context.Context, s localSubject) error {
			v := new(int)
			s.SetLocal("k", v, 8, time.Hour)
			if err := s.locally("after SetLocal of a pointer", "k", v); err != nil {
				return err
			}
			s.SetLocal("k", "next", 4, time.Hour)
			return s.locally("after another SetLocal", "k", "next")
		}),
	},
	{
		"Local/key",
		"The key is read during the call only.",
		local(func(_ context.Context, s localSubject) error {
			key := []byte("one")
			s.SetLocal("one", 1, 1, time.Hour)
			if _, ok := s.local.GetLocal(key); !ok {
				return errors.New(`GetLocal("one"): got nothing, want 1`)
			}
			copy(key, "two")
			if err := s.locally("after the bytes of the key one became two", "two", nil); err != nil {
				return err
			}
			if err := s.locally("after the bytes of the key one became two", "one", 1); err != nil {
				return err
			}
			s.SetLocal("two", 2, 1, time.Hour)
			return s.locally("after SetLocal(two, 2)", "one", 1)
		}),
	},
	{
		"Local/ttl",
		"SetLocal stores value under key for ttl, as Set does; a ttl that is negative stores nothing.",
		local(func(_ context.Context, s localSubject) error {
			s.SetLocal("forever", 1, 1, 0)
			s.wait(s.long)
			return s.locally("after SetLocal with ttl 0", "forever", 1)
		}),
	},
	{
		"Local/negative ttl",
		"SetLocal stores value under key for ttl, as Set does; a ttl that is negative stores nothing.",
		local(func(_ context.Context, s localSubject) error {
			s.SetLocal("there", 1, 1, time.Hour)
			s.SetLocal("there", "negative", 8, -time.Second)
			if got, ok := s.local.GetLocal([]byte("there")); ok && got == "negative" {
				return errors.New("GetLocal(there): got what SetLocal was given with a negative ttl")
			}
			for _, ttl := range []time.Duration{-1, -time.Second} {
				s.SetLocal("k", 1, 1, ttl)
				if err := s.locally(fmt.Sprintf("after SetLocal(k, 1, 1, %v)", ttl), "k", nil); err != nil {
					return err
				}
			}
			return nil
		}),
	},
	{
		"Local/expired",
		"A value whose ttl is over may still be returned: the caller knows when it ends, and has read the clock.",
		local(func(ctx context.Context, s localSubject) error {
			const ttl = 50 * time.Millisecond
			for _, key := range []string{"replaced", "bytes", "deleted"} {
				s.SetLocal(key, "old", 3, ttl)
			}
			s.wait(2 * ttl)
			for _, key := range []string{"replaced", "bytes", "deleted"} {
				if got, ok := s.local.GetLocal([]byte(key)); ok && got != "old" {
					return fmt.Errorf("GetLocal(%q) after the ttl of old: got %v, want old or nothing", key, got)
				}
			}
			s.SetLocal("replaced", "new", 3, time.Hour)
			if err := s.locally("which had expired, after SetLocal", "replaced", "new"); err != nil {
				return err
			}
			if err := s.set(ctx, "bytes", "new", time.Hour); err != nil {
				return err
			}
			if err := s.locally("which had expired, after Set", "bytes", nil); err != nil {
				return err
			}
			if err := s.delete(ctx, "deleted"); err != nil {
				return err
			}
			return s.locally("which had expired, after Delete", "deleted", nil)
		}),
	},
}

type localSubject struct {
	cacheSubject
	local cache.Local
}

func (s localSubject) SetLocal(key string, value any, size int, ttl time.Duration) {
	s.local.SetLocal(key, value, size, ttl)
}

// locally says whether GetLocal returns want; nil stands for nothing.
func (s localSubject) locally(when, key string, want any) error {
	got, ok := s.local.GetLocal([]byte(key))
	if got != want || ok != (want != nil) {
		return fmt.Errorf("GetLocal(%q) %s: got %v, %v; want %v, %v", key, when, got, ok, want, want != nil)
	}
	return nil
}

func local(check func(context.Context, localSubject) error) func(context.Context, cacheSubject) error {
	return func(ctx context.Context, s cacheSubject) error {
		return check(ctx, localSubject{s, s.Cache.(cache.Local)})
	}
}
