package cachetest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uncache/uncache/cache"
)

// peekDuty is the one sentence of LocalPeeker. What may be seen of a value that
// has expired is left open, so that the rules ask for what must not be.
const peekDuty = "PeekLocal returns what GetLocal does, or a value that GetLocal would not return any more for one reason: the ttl that SetLocal was given is over."

var peekRules = []cacheRule{
	{
		"LocalPeeker/as GetLocal",
		peekDuty,
		peeker(func(ctx context.Context, s peekerSubject) error {
			v := new(int)
			s.SetLocal("k", v, 8, time.Hour)
			if err := s.peeks("after SetLocal of a pointer", "k", v); err != nil {
				return err
			}
			s.SetLocal("k", "next", 4, 0)
			if err := s.peeks("after another SetLocal", "k", "next"); err != nil {
				return err
			}
			s.SetLocal("k", "negative", 8, -time.Second)
			if got, ok := s.peeker.PeekLocal([]byte("k")); ok && got == "negative" {
				return errors.New("PeekLocal(k): got what SetLocal was given with a negative ttl")
			}
			s.SetLocal("k", "again", 5, time.Hour)
			if err := s.set(ctx, "k", "bytes", time.Hour); err != nil {
				return err
			}
			if err := s.peeks("after Set", "k", nil); err != nil {
				return err
			}
			s.SetLocal("k", "again", 5, time.Hour)
			if err := s.delete(ctx, "k"); err != nil {
				return err
			}
			return s.peeks("after Delete", "k", nil)
		}),
	},
	{
		"LocalPeeker/expired",
		peekDuty,
		peeker(func(ctx context.Context, s peekerSubject) error {
			const ttl = 50 * time.Millisecond
			for _, key := range []string{"replaced", "bytes", "deleted"} {
				s.SetLocal(key, "old", 3, ttl)
			}
			s.wait(2 * ttl)
			for _, key := range []string{"replaced", "bytes", "deleted"} {
				if got, ok := s.peeker.PeekLocal([]byte(key)); ok && got != "old" {
					return fmt.Errorf("PeekLocal(%q) after the ttl of old: got %v, want old or nothing", key, got)
				}
			}
			s.SetLocal("replaced", "new", 3, time.Hour)
			if err := s.peeks("which had expired, after SetLocal", "replaced", "new"); err != nil {
				return err
			}
			if err := s.set(ctx, "bytes", "new", time.Hour); err != nil {
				return err
			}
			if err := s.peeks("which had expired, after Set", "bytes", nil); err != nil {
				return err
			}
			if err := s.delete(ctx, "deleted"); err != nil {
				return err
			}
			return s.peeks("which had expired, after Delete", "deleted", nil)
		}),
	},
	{
		"LocalPeeker/key",
		"The key is read during the call only.",
		peeker(func(_ context.Context, s peekerSubject) error {
			key := []byte("one")
			s.SetLocal("one", 1, 1, time.Hour)
			if _, ok := s.peeker.PeekLocal(key); !ok {
				return errors.New(`PeekLocal("one"): got nothing, want 1`)
			}
			copy(key, "two")
			if err := s.peeks("after the bytes of the key one became two", "two", nil); err != nil {
				return err
			}
			return s.peeks("after the bytes of the key one became two", "one", 1)
		}),
	},
}

type peekerSubject struct {
	localSubject
	peeker cache.LocalPeeker
}

// peeks says whether PeekLocal returns want, whose ttl is not over; nil stands
// for nothing.
func (s peekerSubject) peeks(when, key string, want any) error {
	got, ok := s.peeker.PeekLocal([]byte(key))
	if got != want || ok != (want != nil) {
		return fmt.Errorf("PeekLocal(%q) %s: got %v, %v; want %v, %v", key, when, got, ok, want, want != nil)
	}
	return nil
}

func peeker(check func(context.Context, peekerSubject) error) func(context.Context, cacheSubject) error {
	return func(ctx context.Context, s cacheSubject) error {
		p := s.Cache.(cache.LocalPeeker)
		return check(ctx, peekerSubject{localSubject{s, p}, p})
	}
}

// reachRules leave two sentences to the Cache's own tests: the kit sees neither
// connections nor when they die.
var reachRules = []cacheRule{
	{
		"Reacher/answer",
		"It returns nil if there was an answer, be it a refusal; otherwise the error of one of them.",
		func(ctx context.Context, s cacheSubject) error {
			r := s.Cache.(cache.Reacher)
			if err := r.Reach(ctx); err != nil {
				return fmt.Errorf("Reach before anything else: got error %w, want none", err)
			}
			if err := s.set(ctx, "k", "value", time.Hour); err != nil {
				return err
			}
			if err := r.Reach(ctx); err != nil {
				return fmt.Errorf("Reach after another call was answered: got error %w, want none", err)
			}
			return s.holds(ctx, "k", "value")
		},
	},
}
