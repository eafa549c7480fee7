package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/uncache/uncache/cache"
)

// set is Values.Set.
func (st *storage[V]) set(ctx context.Context, key string, value V, ttl time.Duration, f *Fill) (bool, error) {
	if ttl < 0 {
		return false, fmt.Errorf("coherent: set %q: %w", key, cache.ErrTTL)
	}
	s := newStored(value, f.stamp, f.Hashes(), endAfter(ttl))
	if may, err := st.maySet(ctx, f, s.deps); !may {
		return false, err
	}
	return st.put(ctx, key, s, ttl, len(st.c.tiers))
}

// maySet is Values.MaySet, of a fill with these dependencies.
func (st *storage[V]) maySet(ctx context.Context, f *Fill, deps []uint64) (bool, error) {
	c := st.c
	if cache.Bypassed(ctx) || f.RolledBack() || f.TooMany() || c.life.closed.Load() {
		return false, nil
	}
	if verdict, _ := c.reader.view().judge(f.stamp, deps); verdict == Purged {
		return false, nil
	}
	if err := c.breaker.unavailable(); err != nil {
		return false, err
	}
	return true, nil
}

// put stores s in the first tiers, the farthest first: a value in a near tier was at
// least offered to the others.
func (st *storage[V]) put(ctx context.Context, key string, s *Stored[V], ttl time.Duration, tiers int) (bool, error) {
	c := st.c
	var encoded []byte
	var errs []error
	stored := false
	for i := tiers - 1; i >= 0; i-- {
		t := &c.tiers[i]
		if t.local != nil {
			size := func() int { return st.codec.Size(s.Value) + 8*max(len(s.deps)-fewDeps, 0) }
			if err := t.setLocal(key, s, size, ttl); err != nil {
				err = fmt.Errorf("coherent: set %q: %w", key, err)
				c.observe.report(OpSet, key, err)
				errs = append(errs, err)
				continue
			}
			stored = true
			continue
		}
		if encoded == nil {
			body, err := st.encode(s.Value)
			if err != nil {
				err = fmt.Errorf("coherent: encode %q: %w", key, err)
				c.observe.report(OpEncode, key, err)
				errs = append(errs, err)
				break
			}
			encoded = seal(key, s.stamp, expiry(ttl), s.deps, body)
		}
		if err := st.setTier(ctx, t, key, encoded, ttl); err != nil {
			errs = append(errs, err)
			continue
		}
		stored = true
	}
	return stored, errors.Join(errs...)
}

// setTier stores an envelope in one tier. It tells Observe of the error.
func (st *storage[V]) setTier(ctx context.Context, t *tier, key string, b []byte, ttl time.Duration) error {
	c := st.c
	within := withinTimeout(ctx, c.opts.Timeout)
	defer within.cancel()
	err := t.Set(within, key, b, ttl)
	if err == nil {
		return nil
	}
	err = fmt.Errorf("coherent: set %q: %w", key, err)
	if unanswered(within, err) { // a refusal is no outage: a full server still answers
		err = c.breaker.record(ctx, within, err)
	}
	if !errors.Is(err, errUnavailable) {
		c.observe.report(OpSet, key, err)
	}
	return err
}

// promote stores what was found in the tier from in the nearer ones.
func (st *storage[V]) promote(ctx context.Context, key string, s *Stored[V], from int) {
	if from == 0 {
		return
	}
	if ttl, ok := s.end.remaining(); ok {
		_, _ = st.put(ctx, key, s, ttl, from) // put has told Observe
	}
}

// deleteFrom deletes keys from tiers.
func (st *storage[V]) deleteFrom(ctx context.Context, tiers []tier, keys []string) error {
	c := st.c
	const many = 1000
	times := time.Duration(1 + len(keys)/many)
	timeout := min(c.opts.Timeout, math.MaxInt64/times) * times // without overflow
	var errs []error
	for i := range tiers {
		t := &tiers[i]
		if err := c.breaker.unavailable(); err != nil && t.local == nil {
			errs = append(errs, err)
			continue
		}
		within, cancel := context.WithTimeout(ctx, timeout)
		if err := t.Delete(within, keys...); err != nil {
			errs = append(errs, fmt.Errorf("coherent: delete %q: %w", keys, err))
		}
		cancel()
	}
	return errors.Join(errs...)
}
