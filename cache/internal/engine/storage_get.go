package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uncache/uncache/cache"
)

// A lookup is what is known while the tiers are asked, one after another.
type lookup[V any] struct {
	recent  bool       // the view is as recent as the request
	found   *Stored[V] // unless it is fresh
	verdict Verdict    // on found
}

// find is Values.Find.
func (st *storage[V]) find(ctx context.Context, key []byte) (*Stored[V], Verdict, error) {
	s, verdict, err := st.get(ctx, key)
	if err != nil && !errors.Is(err, errUnavailable) {
		st.c.observe.report(OpGet, string(key), err)
	}
	return s, verdict, err
}

// get is find without a word to Observe about its error.
func (st *storage[V]) get(ctx context.Context, key []byte) (*Stored[V], Verdict, error) {
	c := st.c
	if cache.Bypassed(ctx) {
		return nil, Bypassed, nil
	}
	if c.life.closed.Load() {
		return nil, Absent, fmt.Errorf("coherent: get %q: %w", key, cache.ErrClosed)
	}
	// A first tier that keeps Go values is asked without a deadline, which would cost.
	var l lookup[V]
	first := 0
	if c.tiers[0].local != nil {
		first = 1
		if s := st.getLocal(&c.tiers[0], key); s != nil {
			if err := c.confirm(ctx); err != nil {
				return nil, Absent, err
			}
			if l = (lookup[V]{true, s, st.judge(s)}); l.verdict == Fresh {
				return s, Fresh, nil
			}
		}
	}
	if first == len(c.tiers) {
		if !l.recent {
			return nil, Absent, c.confirm(ctx)
		}
		return l.found, l.verdict, nil
	}
	return st.getFar(ctx, string(key), first, l)
}

// getFar goes on with the tiers from first, unless the backend does not answer.
func (st *storage[V]) getFar(ctx context.Context, key string, first int, l lookup[V]) (*Stored[V], Verdict, error) {
	c := st.c
	if err := c.breaker.unavailable(); err != nil {
		return nil, Absent, err
	}
	within := withinTimeout(ctx, c.opts.Timeout)
	defer within.cancel()
	s, verdict, err := st.getTiers(within, key, first, l)
	return s, verdict, c.breaker.record(ctx, within, err)
}

// getTiers asks the tiers from first.
func (st *storage[V]) getTiers(ctx context.Context, key string, first int, l lookup[V]) (*Stored[V], Verdict, error) {
	c := st.c
	for i := first; i < len(c.tiers); i++ {
		s, confirmed, err := st.getTier(ctx, &c.tiers[i], key, l.recent)
		if err != nil {
			return nil, Absent, err
		}
		l.recent = l.recent || confirmed
		if s == nil {
			continue
		}
		if !l.recent {
			if err := c.reader.confirm(ctx); err != nil {
				return nil, Absent, err
			}
			l.recent = true
		}
		if s.stamp > c.reader.view().position() {
			// Either the process that filled s has read further than this one, or the log
			// went back in time. Reading it tells which.
			if err := c.reader.read(ctx); err != nil {
				return nil, Absent, err
			}
		}
		verdict := st.judge(s)
		if verdict == Fresh {
			st.promote(ctx, key, s, i)
			return s, Fresh, nil
		}
		if l.verdict != SoftPurged {
			l.found, l.verdict = s, verdict
		}
	}
	if !l.recent {
		return nil, l.verdict, c.reader.confirm(ctx)
	}
	return l.found, l.verdict, nil
}

// getTier asks one tier, and for the head of the log with it where that costs nothing
// more. confirmed says that the view is as recent as the request. An error leaves the
// request without a view; a store that fails alone is only a miss.
func (st *storage[V]) getTier(ctx context.Context, t *tier, key string, recent bool) (s *Stored[V], confirmed bool, err error) {
	c := st.c
	if t.local != nil {
		return st.getLocal(t, []byte(key)), false, nil
	}
	var b []byte
	var ok bool
	if t.head != nil && !recent {
		if b, ok, err = st.getHead(ctx, t, key); err != nil {
			return nil, false, err
		}
		confirmed = true
	} else if b, ok, err = t.Get(ctx, key); err != nil {
		if unanswered(ctx, err) {
			return nil, false, fmt.Errorf("coherent: get %q: %w", key, err)
		}
		c.observe.report(OpGet, key, err)
		return nil, false, nil
	}
	if !ok {
		return nil, confirmed, nil
	}
	if s, err = st.open(key, b); err != nil {
		c.observe.report(OpDecode, key, err)
		return nil, confirmed, nil
	}
	return s, confirmed, nil
}

// getHead asks one tier for a value and the head of the log, and confirms the view.
func (st *storage[V]) getHead(ctx context.Context, t *tier, key string) (b []byte, ok bool, err error) {
	c := st.c
	before := c.reader.view().position()
	b, ok, head, err := t.getHead(ctx, key)
	if err != nil && (unanswered(ctx, err) || c.reader.read(ctx) != nil) {
		return nil, false, fmt.Errorf("coherent: get %q: %w", key, err)
	}
	if err != nil { // the store refused, the log did not: the key has something else
		c.observe.report(OpGet, key, err)
		return nil, false, nil
	}
	// A head of 0 is lost, and one before an earlier position went back in time. Reading
	// the log sees to both.
	if head == 0 || head < before || head > c.reader.view().position() {
		if err := c.reader.read(ctx); err != nil {
			return nil, false, err
		}
	}
	return b, ok, nil
}

// getLocal asks a tier that keeps Go values.
func (st *storage[V]) getLocal(t *tier, key []byte) *Stored[V] {
	x, ok := t.getLocal(key, st.c.observe)
	if !ok {
		return nil
	}
	s, ok := x.(*Stored[V])
	if !ok || endAt(time.Now()) >= s.end {
		return nil // a cache.Local may return what has expired
	}
	return s
}

// atHand is Values.AtHand.
func (st *storage[V]) atHand(key []byte) *Stored[V] {
	if st.c.near == nil {
		return nil
	}
	x, _ := st.c.tiers[0].getLocal(key, st.c.observe)
	s, _ := x.(*Stored[V])
	return s
}
