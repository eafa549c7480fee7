package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/uncache/uncache/cache"
)

// A Found is what one tier has stored under a key.
type Found[V any] struct {
	Tier    int // its number, the nearest is 0
	Value   V
	Verdict Verdict
	Stamp   cache.Position
	Deps    []uint64      // the hash of each dependency
	Left    time.Duration // until it expires; 0 means never
}

// Inspect returns what each tier has stored under key, nearest first, and what it is
// worth to a request that begins now. It is for people who ask why.
//
// Unlike [Values.Find] it changes nothing: no value moves to a nearer tier, and the
// breaker does not learn from a store that fails. In an outage it asks nobody.
func (v *Values[V]) Inspect(ctx context.Context, key string) ([]Found[V], error) {
	st := &v.storage
	c := st.c
	if c.life.closed.Load() {
		return nil, fmt.Errorf("coherent: inspect %q: %w", key, cache.ErrClosed)
	}
	var all []Found[V]
	var stored []*Stored[V]
	beyond := false // a value is stamped after what this process has read
	for i := range c.tiers {
		s, err := st.peek(ctx, &c.tiers[i], key)
		if err != nil {
			return nil, err
		}
		if s == nil {
			continue
		}
		left, there := s.end.remaining()
		if !there {
			continue
		}
		beyond = beyond || s.stamp > c.reader.view().position()
		stored = append(stored, s)
		all = append(all, Found[V]{Tier: i, Value: s.Value, Stamp: s.stamp, Deps: slices.Clone(s.deps), Left: left})
	}
	// The log is asked after the values were found, as in a lookup.
	if err := c.confirm(ctx); err != nil {
		return nil, err
	}
	if beyond && c.reader.local == nil {
		if err := c.reader.read(ctx); err != nil {
			return nil, err
		}
	}
	for i, s := range stored {
		all[i].Verdict, _ = c.reader.view().judge(s.stamp, s.deps)
	}
	return all, nil
}

// peek returns what a tier has under key, or nil. Bytes that this version cannot read
// are nothing.
func (st *storage[V]) peek(ctx context.Context, t *tier, key string) (*Stored[V], error) {
	if t.local != nil {
		return st.getLocal(t, []byte(key)), nil
	}
	if err := st.c.breaker.unavailable(); err != nil {
		return nil, err
	}
	within, cancel := context.WithTimeout(ctx, st.c.opts.Timeout)
	defer cancel()
	b, ok, err := t.Get(within, key)
	if err != nil {
		return nil, fmt.Errorf("coherent: inspect %q: %w", key, err)
	}
	if !ok {
		return nil, nil
	}
	s, err := st.open(key, b)
	if err != nil {
		return nil, nil
	}
	return s, nil
}
