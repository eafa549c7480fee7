package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/alongside"
)

// put stores s in the first tiers, the farthest first: whoever finds a value in
// a near tier knows that storing it for the others was at least tried.
func (v *Values[V]) put(ctx context.Context, key string, s *Stored[V], ttl time.Duration, tiers int) (bool, error) {
	c := v.c
	var encoded []byte
	var errs []error
	kept := false
	for i := tiers - 1; i >= 0; i-- {
		t := &c.tiers[i]
		if t.local != nil {
			size := func() int { return v.codec.Size(s.Value) + 8*len(s.deps) }
			if err := t.setLocal(key, s, size, ttl); err != nil {
				err = fmt.Errorf("coherent: set %q: %w", key, err)
				c.observe(OpSet, key, err)
				errs = append(errs, err)
				continue
			}
			kept = true
			continue
		}
		if encoded == nil {
			body, err := v.encode(s.Value)
			if err != nil {
				err = fmt.Errorf("coherent: encode %q: %w", key, err)
				c.observe(OpEncode, key, err)
				errs = append(errs, err)
				break
			}
			encoded = seal(key, s.stamp, expiry(ttl), s.deps, body)
		}
		if err := v.setTier(ctx, t, key, encoded, ttl); err != nil {
			errs = append(errs, err)
			continue
		}
		kept = true
	}
	return kept, errors.Join(errs...)
}

func (v *Values[V]) setTier(ctx context.Context, t *tier, key string, b []byte, ttl time.Duration) error {
	within, cancel := context.WithTimeout(ctx, v.c.opts.Timeout)
	defer cancel()
	err := t.Set(within, key, b, ttl)
	if err == nil {
		return nil
	}
	err = fmt.Errorf("coherent: set %q: %w", key, err)
	if unanswered(within, err) { // a server that is full is good for hits
		err = v.c.answer(ctx, within, err)
	}
	if !errors.Is(err, ErrUnavailable) {
		v.c.observe(OpSet, key, err)
	}
	return err
}

// promote stores what a far tier had in the tiers that are nearer.
func (v *Values[V]) promote(ctx context.Context, key string, s *Stored[V], from int) {
	if from == 0 {
		return
	}
	if ttl, ok := s.end.remaining(); ok {
		_, _ = v.put(ctx, key, s, ttl, from) // put has told Observe
	}
}

// Delete deletes keys from every tier, to give their memory back. Nothing rests
// on it: what may be served is decided by the log. It waits for each tier as long
// as a lookup does, and again for every thousand keys. Fills of these keys that
// have ended are not joined any more.
func (v *Values[V]) Delete(ctx context.Context, keys ...string) error {
	v.leave(keys)
	return v.deleteFrom(ctx, v.c.tiers, keys)
}

// Purge is [Cache.Purge], and Delete of keys when that has succeeded. A log on the
// server that has the values may delete them in the round trip of the append. That
// they are deleted is not sure: nothing rests on it.
func (v *Values[V]) Purge(ctx context.Context, e cache.Event, keys ...string) error {
	if len(keys) == 0 {
		return v.c.Purge(ctx, e)
	}
	tiers := v.c.tiers
	far := len(tiers) - 1
	with := &alongside.Keys{Names: keys}
	of := ctx
	if tiers[far].head != nil { // its log is the one that is appended to
		of = alongside.With(ctx, with)
	}
	if err := v.c.Purge(of, e); err != nil {
		return err
	}
	v.leave(keys)
	if with.Gone {
		tiers = tiers[:far]
	}
	_ = v.deleteFrom(ctx, tiers, keys)
	return nil
}

func (v *Values[V]) deleteFrom(ctx context.Context, tiers []tier, keys []string) error {
	const many = 1000
	times := time.Duration(1 + len(keys)/many)
	patience := min(v.c.opts.Timeout, math.MaxInt64/times) * times // Timeout may mean "for ever"
	var errs []error
	for i := range tiers {
		t := &tiers[i]
		if err := v.c.unavailable(); err != nil && t.local == nil {
			errs = append(errs, err)
			continue
		}
		within, cancel := context.WithTimeout(ctx, patience)
		if err := t.Delete(within, keys...); err != nil {
			errs = append(errs, fmt.Errorf("coherent: delete %q: %w", keys, err))
		}
		cancel()
	}
	return errors.Join(errs...)
}
