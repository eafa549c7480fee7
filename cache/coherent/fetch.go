package coherent

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/internal/engine"
)

// fetchPrefix keeps the keys of Fetch apart from those of responses.
const fetchPrefix = "value:"

// Fetch returns the value stored under key, or loads it and stores it for ttl; 0 means
// that it does not expire.
//
// load names the dependencies of the value in deps, at any moment before it returns. A
// purge of one of them makes the value unusable, wherever it was stored.
//
// Concurrent calls for one key share one load, but never across a purge. If load fails,
// its error is returned, nothing is stored, and waiting calls load by themselves.
//
// Values are stored as JSON. Every caller gets a copy that went through JSON. A value
// that JSON cannot hold is returned as it was loaded, and Observe is told.
//
// If the cache fails, load is called. docs/values.md says more.
func Fetch[T any](ctx context.Context, c *Cache, key string, ttl time.Duration, load func(ctx context.Context, deps *Deps) (T, error)) (T, error) {
	var zero T
	if ttl < 0 {
		return zero, fmt.Errorf("coherent: fetch %q: %w", key, cache.ErrTTL)
	}
	v := c.values
	full := string(cache.Dependency(fetchPrefix + key).Bounded())
	outer := engine.FillFrom(ctx)
	joined := false
	var until time.Time
	for {
		s, verdict, err := v.Get(ctx, []byte(full))
		if err != nil || verdict == engine.Bypassed {
			return loadAlone(ctx, c, outer, load)
		}
		if verdict == engine.Fresh {
			if value, err := decode[T](s.Value); err == nil {
				c.fetches.hits.Add(1)
				s.PassTo(outer)
				return value, nil
			} else {
				c.engine.Observe(engine.OpDecode, full, err)
			}
		}
		// If nothing is known of the value, one more call loads after half of the
		// time that calls wait.
		fl, leads := v.Enter(full, c.engine.CollapseTimeout()/4)
		if until.IsZero() {
			until = time.Now().Add(c.engine.CollapseTimeout())
		}
		if !leads {
			// One wait is fair, a second could be for ever under a storm of purges.
			now := engine.Waited[[]byte]{How: engine.WaitedAlone}
			if !joined {
				if now, err = fl.Wait(ctx, until); err != nil {
					return zero, err
				}
			}
			joined = true
			switch now.How {
			case engine.WaitedMade:
				if value, err := decode[T](now.Value); err == nil {
					c.fetches.collapsed.Add(1)
					now.Flight.PassTo(outer)
					return value, nil
				}
				continue
			case engine.WaitedAgain:
				continue
			case engine.WaitedAlone:
				fl = v.Alone(full)
			case engine.WaitedLead:
				fl = now.Flight
			}
		}
		if value, ok, err := fetchAwaited[T](ctx, c, full, fl, until, outer); ok || err != nil {
			return value, err
		}
		return lead(ctx, c, full, fl, ttl, outer, load)
	}
}

// fetchAwaited returns the value that another process has made while the leader of a
// flight waited for its lease, if there is one.
func fetchAwaited[T any](ctx context.Context, c *Cache, key string, fl *engine.Flight[[]byte], until time.Time, outer *engine.Fill) (value T, ok bool, err error) {
	s, err := fl.Await(ctx, max(time.Until(until), 1), nil)
	if err != nil {
		fl.Finish(nil, false)
		return value, false, err
	}
	if s == nil {
		return value, false, nil
	}
	if value, err = decode[T](s.Value); err != nil {
		c.engine.Observe(engine.OpDecode, key, err)
		return value, false, nil
	}
	c.fetches.hits.Add(1)
	fl.FinishStored(s)
	s.PassTo(outer)
	return value, true, nil
}

// lead loads the value of a flight, stores it and gives it to the calls that wait.
func lead[T any](ctx context.Context, c *Cache, key string, fl *engine.Flight[[]byte], ttl time.Duration, outer *engine.Fill, load func(context.Context, *Deps) (T, error)) (T, error) {
	defer func() { // in case load fails or panics
		if ctx.Err() != nil {
			fl.Finish(nil, false) // the caller has left, which says nothing of the value
		}
		fl.Fail()
	}()
	// Also after an error: a page that says "not found" depends on what was not found.
	defer func() { fl.Fill().PassTo(outer) }()
	began := time.Now()
	loaded, err := load(engine.WithFill(ctx, fl.Fill()), &Deps{fill: fl.Fill()})
	c.fetches.loaded(began, err)
	if err != nil {
		var zero T
		return zero, err
	}
	b, err := json.Marshal(loaded)
	if err != nil {
		c.engine.Observe(engine.OpEncode, key, err)
		return loaded, nil
	}
	value, err := decode[T](b)
	if err != nil {
		c.engine.Observe(engine.OpDecode, key, err)
		return loaded, nil
	}
	_, _ = c.values.Set(ctx, key, b, ttl, fl.Fill()) // Set has told Observe
	// If a transaction began meanwhile, the value is for nobody else.
	fl.Finish(b, !cache.Bypassed(ctx))
	return value, nil
}

// loadAlone loads without the cache. The dependencies of the value still reach the outer
// fill.
func loadAlone[T any](ctx context.Context, c *Cache, outer *engine.Fill, load func(context.Context, *Deps) (T, error)) (T, error) {
	f := c.engine.Begin()
	defer func() { f.PassTo(outer) }()
	began := time.Now()
	value, err := load(engine.WithFill(ctx, f), &Deps{fill: f})
	c.fetches.loaded(began, err)
	return value, err
}

func decode[T any](b []byte) (value T, err error) {
	err = json.Unmarshal(b, &value)
	return value, err
}

// rawCodec is the codec of Fetch, whose values are bytes.
type rawCodec struct{}

func (rawCodec) Encode(b []byte) ([]byte, error) { return b, nil }
func (rawCodec) Decode(b []byte) ([]byte, error) { return b, nil }
func (rawCodec) Size(b []byte) int               { return len(b) }
