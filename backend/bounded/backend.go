package bounded

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/maypok86/otter/v2"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/option"
)

// Backend keeps values and their log in this process's memory, within a number
// of bytes, see [Options]. It is safe for concurrent use. Make one with [New].
type Backend struct {
	maxBytes int64
	items    *otter.Cache[string, *entry]
	log      *memory.Log
	closed   atomic.Bool

	evicted, expired, refused atomic.Uint64
}

var (
	_ cache.Backend  = (*Backend)(nil)
	_ cache.Local    = (*Backend)(nil)
	_ cache.LocalLog = (*Backend)(nil)
	_ cache.Counter  = (*Backend)(nil)
)

// entry is a stored value. It does not change once it is stored.
type entry struct {
	value   []byte // by Set
	local   any    // by SetLocal
	ttl     time.Duration
	cost    uint32
	isLocal bool
}

// forever is the ttl of what does not expire.
const forever = time.Duration(1<<63 - 1)

// New returns an empty Backend, or an error that names the field of opts which
// makes no sense. It owns one goroutine, which gives the memory of expired
// values back, until [Backend.Close].
func New(opts *Options) (*Backend, error) {
	o, err := opts.check()
	if err != nil {
		return nil, err
	}
	b := &Backend{maxBytes: o.MaxBytes, log: memory.NewLog(o.Log)}
	b.items, err = otter.New(&otter.Options[string, *entry]{
		MaximumWeight: uint64(o.MaxBytes),
		Weigher:       func(_ string, e *entry) uint32 { return e.cost },
		ExpiryCalculator: otter.ExpiryWritingFunc(func(e otter.Entry[string, *entry]) time.Duration {
			return e.Value.ttl
		}),
		OnAtomicDeletion: func(e otter.DeletionEvent[string, *entry]) {
			switch e.Cause {
			case otter.CauseOverflow:
				b.evicted.Add(1)
			case otter.CauseExpiration:
				b.expired.Add(1)
			}
		},
		// Set makes room for its value itself. So the bound holds when Set
		// returns, also after a burst, and no goroutine is left after Close.
		Executor: func(task func()) { task() },
	})
	if err != nil {
		return nil, option.Errorf(ErrOptions, "bounded: New: %w", err)
	}
	return b, nil
}

// Close deletes every value and ends the Backend's goroutine. The methods of
// [cache.Cache] and [cache.Log] return [cache.ErrClosed] from then on, GetLocal
// finds nothing. Closing twice is allowed; the error is always nil.
func (b *Backend) Close() error {
	b.closed.Store(true)
	b.items.StopAllGoroutines()
	b.items.InvalidateAll()
	return b.log.Close()
}

// Get returns a copy of the value that Set stored under key. It does not look
// at ctx, since it never waits.
func (b *Backend) Get(_ context.Context, key string) ([]byte, bool, error) {
	if b.closed.Load() {
		return nil, false, fmt.Errorf("bounded: get %q: %w", key, cache.ErrClosed)
	}
	e, ok := b.items.GetIfPresent(key)
	if !ok || e.isLocal {
		return nil, false, nil
	}
	value := make([]byte, len(e.value))
	copy(value, e.value)
	return value, true, nil
}

// Set stores a copy of value under key. A value that exceeds Options.MaxBytes
// alone is not stored, and what was stored under key is deleted; that is no
// error. Nor is it if the value makes room at once for those that are asked for
// more often.
func (b *Backend) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("bounded: set %q: %w", key, err)
	}
	if ttl < 0 {
		return fmt.Errorf("bounded: set %q for %v: %w", key, ttl, cache.ErrTTL)
	}
	e := &entry{}
	if cost(len(key), len(value)) <= b.maxBytes {
		e.value = make([]byte, len(value))
		copy(e.value, value)
	}
	if !b.put(key, e, len(value), ttl) {
		return fmt.Errorf("bounded: set %q: %w", key, cache.ErrClosed)
	}
	return nil
}

// Delete deletes keys, by whichever road they were stored.
func (b *Backend) Delete(ctx context.Context, keys ...string) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("bounded: delete %d keys: %w", len(keys), err)
	}
	if b.closed.Load() {
		return fmt.Errorf("bounded: delete %d keys: %w", len(keys), cache.ErrClosed)
	}
	for _, key := range keys {
		b.items.Invalidate(key)
	}
	return nil
}

// GetLocal returns the value that SetLocal stored under key. It does not
// allocate.
func (b *Backend) GetLocal(key []byte) (any, bool) {
	// The string shares the bytes of key, which is safe because it is only
	// looked up: otter notes in its policy the entry that was found, which has a
	// key of its own.
	e, ok := b.items.GetIfPresent(unsafe.String(unsafe.SliceData(key), len(key)))
	if !ok || !e.isLocal {
		return nil, false
	}
	return e.local, true
}

// SetLocal stores value itself under key; it counts as size bytes, a negative
// size as none. What exceeds Options.MaxBytes alone is not stored, as with Set.
// With a ttl that is negative nothing happens.
func (b *Backend) SetLocal(key string, value any, size int, ttl time.Duration) {
	if ttl >= 0 {
		b.put(key, &entry{local: value, isLocal: true}, size, ttl)
	}
}

// put stores e, whose value counts as size bytes. It reports false if b is
// closed.
func (b *Backend) put(key string, e *entry, size int, ttl time.Duration) bool {
	if b.closed.Load() {
		return false
	}
	c := cost(len(key), size)
	if c > min(b.maxBytes, maxCost) {
		b.items.Invalidate(key)
		b.refused.Add(1)
		return true
	}
	e.cost, e.ttl = uint32(c), ttl
	if ttl == 0 {
		e.ttl = forever
	}
	// A key is often a part of something larger, a request's URI or the buffer
	// it was built in, which must not live as long as the entry.
	key = strings.Clone(key)
	b.items.Set(key, e)
	if b.closed.Load() { // Close may have deleted everything before the Set
		b.items.Invalidate(key)
		return false
	}
	return true
}

// cost is what an entry counts. It does not wrap around for a size that no value
// has.
func cost(key, size int) int64 {
	return int64(min(uint64(key)+uint64(max(size, 0))+EntryOverhead, 1<<63-1))
}
