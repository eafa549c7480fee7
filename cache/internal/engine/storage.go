package engine

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/uncache/uncache/cache"
)

// A Codec turns values of one type into bytes and back. Its methods are called
// from many goroutines at once.
type Codec[V any] interface {
	// Encode returns v as bytes.
	Encode(v V) ([]byte, error)
	// Decode is the opposite of Encode. It must not panic, whatever the bytes;
	// an error is a miss. It may keep b.
	Decode(b []byte) (V, error)
	// Size returns about how many bytes of memory v takes.
	Size(v V) int
}

// Values is the use of a [Cache] for values of one type: look up, fill, store.
// It is what package pagecache is built on. For values that are not responses,
// [Fetch] is shorter.
//
// The values are shared between requests, and with a store that keeps Go
// values: nobody may change them.
type Values[V any] struct {
	c     *Cache
	codec Codec[V]

	mu     sync.Mutex
	crowds map[string]*crowd[V] // the flights of each key
	landed []*Flight[V]         // flights that have ended and can still be joined, oldest first
	lasted lasted
}

// NewValues returns the use of c for values that codec knows. Two Values of one
// Cache must not share keys.
func NewValues[V any](c *Cache, codec Codec[V]) *Values[V] {
	return &Values[V]{c: c, codec: codec, crowds: make(map[string]*crowd[V]), lasted: lasted{seed: maphash.MakeSeed()}}
}

// A Stored is a value as it was found: with what it was made from, and since
// when. It is shared, and never changed.
type Stored[V any] struct {
	// Value is what was stored.
	Value V

	stamp cache.Position
	deps  []uint64
	end   end

	// checked is the last position by which the value was found fresh, so that
	// a hit looks its dependencies up once per event in the log, not once per
	// request.
	checked atomic.Uint64
}

// PassTo makes f depend on what s was made from, because s is part of what f
// makes. A nil f is none.
func (s *Stored[V]) PassTo(f *Fill) {
	if f != nil {
		f.addHashes(s.deps)
	}
}

// Judge says again what s is worth, by the view as it is now. Who makes s's
// successor out of s, because somebody confirmed it, asks after the fill has
// begun: a purge may have come between the Get and the beginning, and the fill's
// stamp would hide it.
func (v *Values[V]) Judge(s *Stored[V]) Verdict { return v.c.judge(&s.checked, s.stamp, s.deps) }

// Get returns what is stored under key, and what it is worth to a request that
// begins now. It is nil unless the verdict is Fresh or SoftPurged.
//
// If err is nil, the log was confirmed: a fill that begins now may be stored.
// An error says that the backend could not tell in time; the request must do
// without it. Observe is told, too, unless it is [ErrUnavailable], of which it
// was told once.
//
// The key is read during the call only.
func (v *Values[V]) Get(ctx context.Context, key []byte) (*Stored[V], Verdict, error) {
	s, verdict, err := v.Find(ctx, key)
	if verdict == Purged {
		s = nil
	}
	return s, verdict, err
}

// Find is Get, but it returns what was purged, too, with the verdict [Purged]. Such
// a value must not be served; it may say what else is stored.
func (v *Values[V]) Find(ctx context.Context, key []byte) (*Stored[V], Verdict, error) {
	s, verdict, err := v.get(ctx, key)
	if err != nil && !errors.Is(err, ErrUnavailable) {
		v.c.observe(OpGet, string(key), err)
	}
	return s, verdict, err
}

func (v *Values[V]) get(ctx context.Context, key []byte) (*Stored[V], Verdict, error) {
	c := v.c
	if cache.Bypassed(ctx) {
		return nil, Bypassed, nil
	}
	if c.closed.Load() {
		return nil, Absent, fmt.Errorf("coherent: get %q: %w", key, cache.ErrClosed)
	}
	// The first tier, if it keeps Go values, is asked without a deadline and
	// without anything else that costs.
	var dead *Stored[V] // purged, softly or not
	verdict := Absent
	first := 0
	recent := false
	if c.tiers[0].local != nil {
		first = 1
		if s := loadLocal[V](c, &c.tiers[0], key); s != nil {
			if err := c.confirmWithin(ctx); err != nil {
				return nil, Absent, err
			}
			recent = true
			if verdict = c.judge(&s.checked, s.stamp, s.deps); verdict == Fresh {
				return s, Fresh, nil
			}
			dead = s
		}
	}
	if first == len(c.tiers) {
		if !recent {
			return nil, Absent, c.confirmWithin(ctx)
		}
		return dead, verdict, nil
	}
	return v.getFar(ctx, string(key), first, recent, dead, verdict)
}

// confirmWithin is confirm with the deadline that requests have.
func (c *Cache) confirmWithin(ctx context.Context) error {
	if c.head != nil {
		return c.confirm(ctx)
	}
	if c.opts.MaxStale > 0 && c.recent() {
		return nil // not to be asked again: in between it may have ceased to be
	}
	if err := c.unavailable(); err != nil {
		return err
	}
	within, cancel := context.WithTimeout(ctx, c.opts.Timeout)
	defer cancel()
	return c.answer(ctx, within, c.confirm(within))
}

// judge is view.judge with the memory of the last time.
func (c *Cache) judge(checked *atomic.Uint64, stamp cache.Position, deps []uint64) Verdict {
	w := c.view()
	if pos := w.pos.Load(); pos != 0 && checked.Load() == pos {
		return Fresh
	}
	verdict, pos := w.judge(stamp, deps)
	if verdict == Fresh {
		checked.Store(uint64(pos))
	}
	return verdict
}

// getFar goes on with the tiers from first, if the backend answers at all.
func (v *Values[V]) getFar(ctx context.Context, key string, first int, recent bool, dead *Stored[V], verdict Verdict) (*Stored[V], Verdict, error) {
	if err := v.c.unavailable(); err != nil {
		return nil, Absent, err
	}
	within, cancel := context.WithTimeout(ctx, v.c.opts.Timeout)
	defer cancel()
	s, verdict, err := v.getTiers(within, key, first, recent, dead, verdict)
	return s, verdict, v.c.answer(ctx, within, err)
}

// getTiers asks the tiers from first. What was found out before comes with it:
// whether the view is recent, a value that was purged, its verdict.
func (v *Values[V]) getTiers(ctx context.Context, key string, first int, recent bool, dead *Stored[V], verdict Verdict) (*Stored[V], Verdict, error) {
	c := v.c
	for i := first; i < len(c.tiers); i++ {
		s, confirmed, err := v.getTier(ctx, &c.tiers[i], key, recent)
		if err != nil {
			return nil, Absent, err
		}
		recent = recent || confirmed
		if s == nil {
			continue
		}
		if !recent {
			if err := c.confirm(ctx); err != nil {
				return nil, Absent, err
			}
			recent = true
		}
		if s.stamp > c.view().position() {
			// Its fill began in a process that has read further than this one.
			// Reading as far tells whether that is so, or whether the log was
			// taken back in time.
			if err := c.read(ctx); err != nil {
				return nil, Absent, err
			}
		}
		found := c.judge(&s.checked, s.stamp, s.deps)
		if found == Fresh {
			v.promote(ctx, key, s, i)
			return s, Fresh, nil
		}
		if verdict != SoftPurged {
			dead, verdict = s, found
		}
	}
	if !recent {
		return nil, verdict, c.confirm(ctx)
	}
	return dead, verdict, nil
}

// getTier asks one tier, and the head of the log with it where that costs
// nothing more; confirmed says that the view is as recent as the request. An
// error is one that leaves the request without a view; a store that fails by
// itself is only a miss.
func (v *Values[V]) getTier(ctx context.Context, t *tier, key string, recent bool) (s *Stored[V], confirmed bool, err error) {
	c := v.c
	if t.local != nil {
		return loadLocal[V](c, t, []byte(key)), false, nil
	}
	var b []byte
	var ok bool
	if t.head != nil && !recent {
		before := c.view().position()
		var head cache.Position
		b, ok, head, err = t.getHead(ctx, key)
		if err != nil && (unanswered(ctx, err) || c.read(ctx) != nil) {
			return nil, false, fmt.Errorf("coherent: get %q: %w", key, err)
		}
		if err != nil { // it was refused, and the log was not: something else stands there
			c.observe(OpGet, key, err)
			return nil, true, nil
		}
		// A head that lies before what was known when it was asked for is that
		// of a log which was taken back in time; one of 0 is none. Since sees
		// to both.
		if head == 0 || head < before || head > c.view().position() {
			if err := c.read(ctx); err != nil {
				return nil, false, err
			}
		}
		confirmed = true
	} else if b, ok, err = t.Get(ctx, key); err != nil {
		if unanswered(ctx, err) {
			return nil, false, fmt.Errorf("coherent: get %q: %w", key, err)
		}
		c.observe(OpGet, key, err)
		return nil, false, nil
	}
	if !ok {
		return nil, confirmed, nil
	}
	if s, err = v.open(key, b); err != nil {
		c.observe(OpDecode, key, err)
		return nil, confirmed, nil
	}
	return s, confirmed, nil
}

func loadLocal[V any](c *Cache, t *tier, key []byte) *Stored[V] {
	x, ok := c.getLocal(t, key)
	if !ok {
		return nil
	}
	s, ok := x.(*Stored[V])
	if !ok || endAt(time.Now()) >= s.end {
		return nil // a Local may leave it to us to see what has expired
	}
	return s
}

func (v *Values[V]) open(key string, b []byte) (*Stored[V], error) {
	stamp, expires, deps, body, err := open(key, b)
	if err != nil {
		return nil, err
	}
	value, err := v.decode(body)
	if err != nil {
		return nil, err
	}
	return &Stored[V]{Value: value, stamp: stamp, deps: deps, end: endOf(expires)}, nil
}

// Set stores value, which f made, under key for ttl; 0 means that it does not
// expire. A value that was purged while it was made is not stored, nor one that may
// show what was rolled back ([Fill.RolledBack]), nor one that names too much
// ([Deps.TooMany]). It is not an error; stored tells.
//
// The key may be kept, see [cache.Local].
//
// It is stored in every tier. A tier that fails is reported to Observe, and its
// error returned, joined with the others': the caller has its value and can go
// on. While the backend does not answer nothing is tried, and the error is
// [ErrUnavailable].
func (v *Values[V]) Set(ctx context.Context, key string, value V, ttl time.Duration, f *Fill) (bool, error) {
	if ttl < 0 {
		return false, fmt.Errorf("coherent: set %q: %w", key, cache.ErrTTL)
	}
	s := &Stored[V]{Value: value, stamp: f.stamp, deps: f.snapshot(), end: endAfter(ttl)}
	if may, err := v.maySet(ctx, f, s.deps); !may {
		return false, err
	}
	return v.put(ctx, key, s, ttl, len(v.c.tiers))
}

// MaySet reports whether [Values.Set] would ask the backend to store what f made, if
// it were called now. Otherwise it returns what Set would.
func (v *Values[V]) MaySet(ctx context.Context, f *Fill) (bool, error) {
	return v.maySet(ctx, f, f.snapshot())
}

func (v *Values[V]) maySet(ctx context.Context, f *Fill, deps []uint64) (bool, error) {
	c := v.c
	if cache.Bypassed(ctx) || f.RolledBack() || f.TooMany() || c.closed.Load() {
		return false, nil
	}
	if verdict, _ := c.view().judge(f.stamp, deps); verdict == Purged {
		return false, nil
	}
	if err := c.unavailable(); err != nil {
		return false, err
	}
	return true, nil
}
