package cachetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/uncache/uncache/cache"
)

// Call is a call that a [Recorder] has seen, with its result.
type Call struct {
	Op   Op            // which call
	Keys []string      // of Get, Set, Delete
	TTL  time.Duration // of Set
	OK   bool          // of Get: there was a value

	Event    cache.Event    // of Append, Purge
	Position cache.Position // what Append returned, what Since was asked for

	Err error
}

// Recorder records the calls that are made to the caches and logs it wraps, in
// the order in which they returned. It is a [Purger] itself, so that a test may
// ask what a save purged without any cache. The zero Recorder is ready, and
// safe for concurrent use.
type Recorder struct {
	mu      sync.Mutex
	calls   []Call
	changed chan struct{} // closed at the next call; nil if nobody waits
}

func (r *Recorder) record(c Call) {
	c.Keys = slices.Clone(c.Keys)
	c.Event.Dependencies = slices.Clone(c.Event.Dependencies)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, c)
	if r.changed != nil {
		close(r.changed)
		r.changed = nil
	}
}

// Purge records e. It returns the error of ctx if that is done, else nil.
func (r *Recorder) Purge(ctx context.Context, e cache.Event) error {
	err := ctx.Err()
	r.record(Call{Op: OpPurge, Event: e, Err: err})
	return err
}

// Calls returns the calls of the methods ops so far, of all if there are none.
func (r *Recorder) Calls(ops ...Op) []Call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(r.calls), func(c Call) bool {
		return len(ops) > 0 && !slices.Contains(ops, c.Op)
	})
}

// Purges returns the events that Purge and Append took without an error.
func (r *Recorder) Purges() []cache.Event {
	var events []cache.Event
	for _, c := range r.Calls(OpPurge, OpAppend) {
		if c.Err == nil {
			events = append(events, c.Event)
		}
	}
	return events
}

// Reset forgets all calls.
func (r *Recorder) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = nil
}

// Wait returns the first call that matches, as soon as there is one, or an
// error when ctx is done. It is for what happens in the background.
func (r *Recorder) Wait(ctx context.Context, match func(Call) bool) (Call, error) {
	for {
		r.mu.Lock()
		calls := r.calls
		if r.changed == nil {
			r.changed = make(chan struct{})
		}
		changed := r.changed
		r.mu.Unlock()
		if i := slices.IndexFunc(calls, match); i >= 0 {
			return calls[i], nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Call{}, fmt.Errorf("cachetest: wait for a call, %d recorded: %w", len(calls), ctx.Err())
		}
	}
}

// Cache returns c, recorded. Its optional abilities are hidden.
func (r *Recorder) Cache(c cache.Cache) cache.Cache { return recordedCache{r, c} }

// Log returns l, recorded. Its optional abilities are hidden.
func (r *Recorder) Log(l cache.Log) cache.Log { return recordedLog{r, l} }

// Backend returns b, recorded. It is a [cache.HeadGetter] if b is one; the other
// abilities are hidden.
func (r *Recorder) Backend(b cache.Backend) cache.Backend {
	recorded := struct {
		recordedCache
		recordedLog
	}{recordedCache{r, b}, recordedLog{r, b}}
	h, ok := b.(cache.HeadGetter)
	if !ok {
		return recorded
	}
	return headed{recorded, func(ctx context.Context, key string) ([]byte, bool, cache.Position, error) {
		value, ok, head, err := h.GetHead(ctx, key)
		r.record(Call{Op: OpGet, Keys: []string{key}, OK: ok, Err: err})
		return value, ok, head, err
	}}
}

type recordedCache struct {
	r     *Recorder
	inner cache.Cache
}

func (c recordedCache) Get(ctx context.Context, key string) ([]byte, bool, error) {
	value, ok, err := c.inner.Get(ctx, key)
	c.r.record(Call{Op: OpGet, Keys: []string{key}, OK: ok, Err: err})
	return value, ok, err
}

func (c recordedCache) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	err := c.inner.Set(ctx, key, value, ttl)
	c.r.record(Call{Op: OpSet, Keys: []string{key}, TTL: ttl, Err: err})
	return err
}

func (c recordedCache) Delete(ctx context.Context, keys ...string) error {
	err := c.inner.Delete(ctx, keys...)
	c.r.record(Call{Op: OpDelete, Keys: keys, Err: err})
	return err
}

type recordedLog struct {
	r     *Recorder
	inner cache.Log
}

func (l recordedLog) Append(ctx context.Context, e cache.Event) (cache.Position, error) {
	p, err := l.inner.Append(ctx, e)
	l.r.record(Call{Op: OpAppend, Event: e, Position: p, Err: err})
	return p, err
}

func (l recordedLog) Since(ctx context.Context, after cache.Position) (cache.Events, error) {
	ev, err := l.inner.Since(ctx, after)
	l.r.record(Call{Op: OpSince, Position: after, Err: err})
	return ev, err
}
