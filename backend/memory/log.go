package memory

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/uncache/uncache/cache"
)

// Log is a [cache.Log] in this process's memory: it protects one process. A
// [Backend] has one; with cache.Join it serves a third party's store too, as
// long as no other process uses that store.
//
// It is bounded, see [LogOptions], and safe for concurrent use. Make one with
// [NewLog].
type Log struct {
	closed atomic.Bool

	// head is written under mu, after the event is in the ring, and read
	// without: to learn that nothing happened, which is the answer for almost
	// every request, costs one load.
	head atomic.Uint64

	mu   sync.RWMutex
	ring ring // the events (head-ring.len, head]
}

var _ cache.LocalLog = (*Log)(nil)

var errExhausted = errors.New("no position is left")

// NewLog returns an empty Log. Its first era starts at the present time in
// microseconds, beyond what an earlier life of the process has given, which
// may have left its responses in a store that outlived it.
//
// NewLog panics if a field of opts is negative.
func NewLog(opts *LogOptions) *Log {
	o := opts.withDefaults()
	l := &Log{ring: ring{maxEvents: o.MaxEvents, maxBytes: o.MaxBytes}}
	l.head.Store(uint64(present()))
	return l
}

// Close ends the log: Append and Since return [cache.ErrClosed] from then on.
// Closing twice is allowed; the error is always nil.
func (l *Log) Close() error {
	l.closed.Store(true)
	return nil
}

// present is the position that the clock stands for.
func present() cache.Position { return cache.Position(max(time.Now().UnixMicro(), 1)) }

// Head returns the position of the last event, without a lock.
func (l *Log) Head() cache.Position { return cache.Position(l.head.Load()) }

// Append adds a copy of e and returns its position.
func (l *Log) Append(ctx context.Context, e cache.Event) (cache.Position, error) {
	if err := ctx.Err(); err != nil {
		return 0, fmt.Errorf("memory: append: %w", err)
	}
	if l.closed.Load() {
		return 0, fmt.Errorf("memory: append: %w", cache.ErrClosed)
	}
	e = copyOf(e)
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	head := l.head.Load()
	if head == math.MaxUint64 {
		return 0, fmt.Errorf("memory: append: %w", errExhausted)
	}
	e.Position = cache.Position(head + 1)
	l.ring.push(e)
	l.head.Store(head + 1)
	return e.Position, nil
}

// copyOf returns a copy of e whose strings are its own. A reason or a name may be
// a small part of a large request, which the log would keep alive.
func copyOf(e cache.Event) cache.Event {
	n := len(e.Reason) + len(e.Origin)
	for _, d := range e.Dependencies {
		n += len(d)
	}
	var all strings.Builder
	all.Grow(n)
	all.WriteString(e.Reason)
	all.WriteString(e.Origin)
	for _, d := range e.Dependencies {
		all.WriteString(string(d))
	}
	rest := all.String()
	next := func(n int) (s string) {
		s, rest = rest[:n], rest[n:]
		return s
	}
	e.Reason, e.Origin = next(len(e.Reason)), next(len(e.Origin))
	e.Dependencies = slices.Clone(e.Dependencies)
	for i, d := range e.Dependencies {
		e.Dependencies[i] = cache.Dependency(next(len(d)))
	}
	return e
}

// Since returns the events after a position, some hundred kilobytes of them at
// most. If there are none it neither locks nor allocates. It does not look at
// ctx, since it never waits for long.
func (l *Log) Since(_ context.Context, after cache.Position) (cache.Events, error) {
	if l.closed.Load() {
		return cache.Events{}, fmt.Errorf("memory: since %d: %w", after, cache.ErrClosed)
	}
	head := l.Head()
	switch {
	case after == head:
		return cache.Events{Head: head, From: head}, nil
	case after > head:
		return l.newEra(after)
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.tail(after), nil // an era may have begun since; none ends before after
}

// tail answers Since for a position that is not beyond the head. It needs mu.
func (l *Log) tail(after cache.Position) cache.Events {
	head := l.Head()
	n := min(uint64(head-after), uint64(l.ring.len))
	ev := cache.Events{Head: head, From: head - cache.Position(n)}
	if n > 0 {
		ev.List = l.ring.page(int(n))
		ev.More = ev.End() < head
	}
	return ev
}

// newEra answers a process that knows a position which this log has not given. It
// was another log's, which may have given more of them.
func (l *Log) newEra(after cache.Position) (cache.Events, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if after <= l.Head() { // somebody else began the era, or appended
		return l.tail(after), nil
	}
	if after == math.MaxUint64 {
		return cache.Events{}, fmt.Errorf("memory: since %d: %w", after, errExhausted)
	}
	start := max(present(), after+1)
	l.ring.clear()
	l.head.Store(uint64(start))
	return cache.Events{Head: start, From: start}, nil
}
