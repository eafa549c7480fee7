package cachetest

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/uncache/uncache/cache"
)

// mapCache is a cache that keeps the contract; the tests break copies of it. A
// zero deadline never comes.
type mapCache struct {
	mu      sync.Mutex
	items   map[string]item
	closed  bool
	leasing sync.Mutex
}

type item struct {
	value    []byte
	local    any
	isLocal  bool
	deadline time.Time
}

func (c *mapCache) find(key string) (item, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	it, ok := c.items[key]
	if !ok || !it.deadline.IsZero() && !time.Now().Before(it.deadline) {
		return item{}, false
	}
	return it, true
}

func (c *mapCache) put(key string, it item, ttl time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ttl > 0 {
		it.deadline = time.Now().Add(ttl)
	}
	if c.items == nil {
		c.items = map[string]item{}
	}
	c.items[strings.Clone(key)] = it
}

func (c *mapCache) err(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return fmt.Errorf("map: %w", cache.ErrClosed)
	}
	return ctx.Err()
}

func (c *mapCache) Get(ctx context.Context, key string) ([]byte, bool, error) {
	if err := c.err(ctx); err != nil {
		return nil, false, err
	}
	it, ok := c.find(key)
	if !ok || it.isLocal {
		return nil, false, nil
	}
	return bytes.Clone(it.value), true, nil
}

func (c *mapCache) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := c.err(ctx); err != nil {
		return err
	}
	if ttl < 0 {
		return fmt.Errorf("map: %w", cache.ErrTTL)
	}
	c.put(key, item{value: append([]byte{}, value...)}, ttl)
	return nil
}

func (c *mapCache) Delete(ctx context.Context, keys ...string) error {
	if err := c.err(ctx); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, key := range keys {
		delete(c.items, key)
	}
	return nil
}

// any is find for what has expired, too.
func (c *mapCache) any(key string) (item, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	it, ok := c.items[key]
	return it, ok
}

// GetLocal leaves it to its caller to see what has expired, as a Local may.
func (c *mapCache) GetLocal(key []byte) (any, bool) {
	it, ok := c.any(string(key))
	if !ok || !it.isLocal {
		return nil, false
	}
	return it.local, true
}

func (c *mapCache) SetLocal(key string, value any, _ int, ttl time.Duration) {
	if ttl >= 0 {
		c.put(key, item{local: value, isLocal: true}, ttl)
	}
}

func (c *mapCache) Lease(ctx context.Context, key, holder string, ttl time.Duration) (string, error) {
	if err := c.err(ctx); err != nil {
		return "", err
	}
	c.leasing.Lock()
	defer c.leasing.Unlock()
	if it, ok := c.find(leasePrefix + key); ok {
		return string(it.value), nil
	}
	c.put(leasePrefix+key, item{value: []byte(holder)}, ttl)
	return holder, nil
}

func (c *mapCache) Release(ctx context.Context, key, holder string) error {
	c.leasing.Lock()
	defer c.leasing.Unlock()
	if it, ok := c.find(leasePrefix + key); ok && string(it.value) == holder {
		return c.Delete(ctx, leasePrefix+key)
	}
	return nil
}

const leasePrefix = "\x00lease:"

func (c *mapCache) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	return nil
}

// sliceLog is a log that keeps the contract. It can be hurt as a log on a
// server can: head 0 is a head that was lost. Two handles share one of them.
type sliceLog struct {
	mu     sync.Mutex
	head   cache.Position
	events map[cache.Position]cache.Event
	closed bool
}

// era needs mu, as tail and err do.
func (l *sliceLog) era(beyond cache.Position) {
	// Of what was lost, the events that are left tell how far it went.
	for p := range l.events {
		beyond = max(beyond, p)
	}
	l.head = max(beyond, l.head) + 1
	l.head = max(l.head, cache.Position(time.Now().UnixMicro()))
	l.events = nil
}

func (l *sliceLog) tail(after cache.Position) cache.Events {
	ev := cache.Events{Head: l.head, From: l.head}
	for ev.From > after {
		if _, ok := l.events[ev.From]; !ok {
			break
		}
		ev.From--
	}
	for p := ev.From + 1; p <= l.head; p++ {
		ev.List = append(ev.List, l.events[p])
	}
	return ev
}

func (l *sliceLog) err(ctx context.Context) error {
	if l.closed {
		return fmt.Errorf("slice: %w", cache.ErrClosed)
	}
	return ctx.Err()
}

func (l *sliceLog) Append(ctx context.Context, e cache.Event) (cache.Position, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.err(ctx); err != nil {
		return 0, err
	}
	if l.head == 0 {
		l.era(0)
	}
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	l.head++
	e.Position = l.head
	e.Dependencies = slices.Clone(e.Dependencies)
	if l.events == nil {
		l.events = map[cache.Position]cache.Event{}
	}
	l.events[l.head] = e
	return l.head, nil
}

func (l *sliceLog) Since(ctx context.Context, after cache.Position) (cache.Events, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.err(ctx); err != nil {
		return cache.Events{}, err
	}
	if l.head == 0 || after > l.head {
		l.era(after)
	}
	return l.tail(after), nil
}

func (l *sliceLog) Head() cache.Position {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.head
}

func (l *sliceLog) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	return nil
}

func (l *sliceLog) trim(_ context.Context, _ cache.Log) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	oldest := cache.Position(math.MaxUint64)
	for p := range l.events {
		oldest = min(oldest, p)
	}
	maps.DeleteFunc(l.events, func(p cache.Position, _ cache.Event) bool { return p < oldest+3 })
	return nil
}

// The clock goes on between two lives of a server.
func (l *sliceLog) loseHead(context.Context, cache.Log) error {
	time.Sleep(time.Millisecond)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.head = 0
	return nil
}

func (l *sliceLog) loseEvents(context.Context, cache.Log) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = nil
	return nil
}

// headBackend is a mapCache and a sliceLog with the ability to read both.
type headBackend struct {
	*mapCache
	*sliceLog
}

func (b headBackend) GetHead(ctx context.Context, key string) ([]byte, bool, cache.Position, error) {
	head := b.Head()
	value, ok, err := b.Get(ctx, key)
	return value, ok, head, err
}

func (b headBackend) Close() error {
	_ = b.mapCache.Close()
	return b.sliceLog.Close()
}
