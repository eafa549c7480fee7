package cachetest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/uncache/uncache/cache"
)

// Run checks each duty of a [cache.Cache] in a sub-test of its own, and those
// of a [cache.Local], a [cache.Tiered] and a [cache.Leaser] if it is one. Open returns an empty cache that nobody else
// uses, with room for a few MiB; what has to be closed is closed by t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) cache.Cache) {
	t.Helper()
	RunCache(t, CacheHarness{Open: open})
}

// CacheHarness is a cache to be checked, with what the kit may do to it.
type CacheHarness struct {
	// Open is as in [Run]. It must be set.
	Open func(t *testing.T) cache.Cache

	// Wait lets d pass for the cache. If it is set, waiting is taken to be
	// cheap, and the kit waits for days: it is for fake clocks. If it is nil
	// the kit sleeps, for about a second in all.
	Wait func(d time.Duration)

	// Around, if it is set, is called for each check, and calls f. With
	// [testing/synctest.Test] a cache in this process is checked in a bubble,
	// and Wait may be [time.Sleep].
	Around func(t *testing.T, f func(t *testing.T))
}

// RunCache is [Run] for a cache whose clock can be moved.
func RunCache(t *testing.T, h CacheHarness) {
	t.Helper()
	runRules(t, cacheRules(), h.Around, func(t *testing.T) cacheSubject {
		return newCacheSubject(h.Open(t), h.Wait)
	}, func(name string, s cacheSubject) (bool, string) { return isFor(name, s.Cache), "" })
}

type cacheRule = rule[cacheSubject]

func cacheRules() []cacheRule {
	return slices.Concat(getRules, setRules, ttlRules, deleteRules, closeRules, localRules, tierRules, leaseRules)
}

// cacheSubject is a cache with the calls that rules are written in.
type cacheSubject struct {
	cache.Cache
	wait func(time.Duration)
	long time.Duration // how long to wait for something that must not happen
}

func newCacheSubject(c cache.Cache, wait func(time.Duration)) cacheSubject {
	if wait == nil {
		return cacheSubject{c, time.Sleep, 100 * time.Millisecond}
	}
	return cacheSubject{c, wait, 50 * time.Hour}
}

func (s cacheSubject) set(ctx context.Context, key, value string, ttl time.Duration) error {
	if err := s.Set(ctx, key, []byte(value), ttl); err != nil {
		return fmt.Errorf("Set(%s, %s, %v): got error %w, want none", show(key), show(value), ttl, err)
	}
	return nil
}

func (s cacheSubject) delete(ctx context.Context, keys ...string) error {
	if err := s.Delete(ctx, keys...); err != nil {
		return fmt.Errorf("Delete(%q): got error %w, want none", keys, err)
	}
	return nil
}

// holds says whether a Get of key returns want.
func (s cacheSubject) holds(ctx context.Context, key, want string) error {
	value, ok, err := s.Get(ctx, key)
	if err != nil || !ok || !bytes.Equal(value, []byte(want)) {
		return fmt.Errorf("Get(%s): got %s, %v, %v; want %s, true, nil", show(key), show(value), ok, err, show(want))
	}
	return nil
}

// lacks says whether a Get of key is a miss.
func (s cacheSubject) lacks(ctx context.Context, key string) error {
	value, ok, err := s.Get(ctx, key)
	if err != nil || ok || value != nil {
		return fmt.Errorf("Get(%s): got %s, %v, %v; want nil, false, nil", show(key), show(value), ok, err)
	}
	return nil
}

// expires waits until there is nothing under key, for patience at most. What
// found is asked for, in place of a Get, is the caller's.
func (s cacheSubject) expires(what string, found func() (bool, error)) error {
	const step = 20 * time.Millisecond
	for range patience / step {
		ok, err := found()
		if err != nil {
			return fmt.Errorf("%s: got error %w, want none", what, err)
		}
		if !ok {
			return nil
		}
		s.wait(step)
	}
	return fmt.Errorf("%s: found after %v, want it expired", what, patience)
}

func (s cacheSubject) get(ctx context.Context, key string) func() (bool, error) {
	return func() (bool, error) {
		_, ok, err := s.Get(ctx, key)
		return ok, err
	}
}
