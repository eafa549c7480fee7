package memory

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
	"unsafe"

	"github.com/uncache/uncache/cache"
)

// Backend keeps values and their log in this process's memory. It is bounded,
// see [Options], and safe for concurrent use. Make one with [New].
type Backend struct {
	store *store
	log   *Log

	stop   chan struct{}
	expiry sync.WaitGroup
}

var (
	_ cache.Backend  = (*Backend)(nil)
	_ cache.LocalLog = (*Backend)(nil)

	_ cache.Local   = (*Backend)(nil)
	_ cache.Counter = (*Backend)(nil)
)

// New returns an empty Backend. It owns one goroutine, which gives the memory
// of expired values back, until [Backend.Close].
//
// New panics if a field of opts is negative.
func New(opts *Options) *Backend {
	o := opts.withDefaults()
	b := &Backend{
		store: newStore(o),
		log:   NewLog(o.Log),
		stop:  make(chan struct{}),
	}
	b.expiry.Go(func() { b.store.expireLoop(o.ExpireEvery, b.stop) })
	return b
}

// Close deletes every value and ends the Backend's goroutine. The methods of
// [cache.Cache] and [cache.Log] return [cache.ErrClosed] from then on, GetLocal
// finds nothing. Closing twice is allowed; the error is always nil.
func (b *Backend) Close() error {
	if b.store.close() {
		_ = b.log.Close()
		close(b.stop)
	}
	b.expiry.Wait()
	return nil
}

// Stats returns what b holds and what has left it.
func (b *Backend) Stats() Stats { return b.store.snapshot() }

// Get returns a copy of the value that Set stored under key. It does not look
// at ctx, since it never waits.
func (b *Backend) Get(_ context.Context, key string) ([]byte, bool, error) {
	if b.store.closed.Load() {
		return nil, false, fmt.Errorf("memory: get %q: %w", key, cache.ErrClosed)
	}
	e := b.store.get(key)
	if e == nil {
		return nil, false, nil
	}
	kept, ok := e.value.(copied)
	if !ok {
		return nil, false, nil
	}
	value := make([]byte, len(kept))
	copy(value, kept)
	return value, true, nil
}

// Set stores a copy of value under key. A value that exceeds Options.MaxBytes
// alone is not stored, and what was stored under key is deleted; that is no
// error.
func (b *Backend) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("memory: set %q: %w", key, err)
	}
	if ttl < 0 {
		return fmt.Errorf("memory: set %q for %v: %w", key, ttl, cache.ErrTTL)
	}
	// A key is often a part of something larger, a request's URI or the buffer it
	// was built in, which must not live as long as the entry.
	e := b.entry(strings.Clone(key), len(value), ttl)
	if e.cost <= b.store.maxBytes {
		e.value = copied(value)
	}
	if !b.store.put(e) {
		return fmt.Errorf("memory: set %q: %w", key, cache.ErrClosed)
	}
	return nil
}

// Delete deletes keys, by whichever road they were stored.
func (b *Backend) Delete(ctx context.Context, keys ...string) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("memory: delete %d keys: %w", len(keys), err)
	}
	if !b.store.delete(keys) {
		return fmt.Errorf("memory: delete %d keys: %w", len(keys), cache.ErrClosed)
	}
	return nil
}

// GetLocal returns the value that SetLocal stored under key, also when its ttl is
// over, see [cache.Local]. It does not allocate.
func (b *Backend) GetLocal(key []byte) (any, bool) { return b.store.getAnyAge(passing(key)).local() }

// passing returns key as a string that shares its bytes, which is safe because it
// is only looked up: the front compares it, go-cache's Get indexes its map with
// it, neither keeps anything, and the entry found has a key of its own.
func passing(key []byte) string { return unsafe.String(unsafe.SliceData(key), len(key)) }

// local is what e, if there is one, holds for GetLocal.
func (e *entry) local() (any, bool) {
	if e == nil {
		return nil, false
	}
	if _, ok := e.value.(copied); ok {
		return nil, false
	}
	return e.value, true
}

// SetLocal stores value itself under key; it counts as size bytes, a
// negative size as none. What exceeds Options.MaxBytes alone is not stored, as with
// Set. With a ttl that is negative nothing happens.
func (b *Backend) SetLocal(key string, value any, size int, ttl time.Duration) {
	if ttl < 0 {
		return
	}
	e := b.entry(key, size, ttl)
	e.value = value
	b.store.put(e)
}

func (b *Backend) entry(key string, size int, ttl time.Duration) *entry {
	return &entry{
		key:      key,
		deadline: b.store.deadline(ttl),
		cost:     cost(len(key), size),
		hash:     b.store.front.hash(key),
	}
}

// cost is what an entry counts. It does not wrap around for a size that no value
// has.
func cost(key, size int) int64 {
	return int64(min(uint64(key)+uint64(max(size, 0))+EntryOverhead, 1<<63-1))
}

// Append implements [cache.Log], see [Log.Append].
func (b *Backend) Append(ctx context.Context, e cache.Event) (cache.Position, error) {
	return b.log.Append(ctx, e)
}

// Since implements [cache.Log], see [Log.Since].
func (b *Backend) Since(ctx context.Context, after cache.Position) (cache.Events, error) {
	return b.log.Since(ctx, after)
}

// Head implements [cache.LocalLog], see [Log.Head].
func (b *Backend) Head() cache.Position { return b.log.Head() }
