package coherent_test

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/internal/enginetest"
)

// faulty is a server with all abilities. The method that it is set to panics, or ends its
// goroutine.
type faulty struct {
	enginetest.Remote
	m     *memory.Backend
	fault atomic.Pointer[string]
	exits atomic.Bool
}

func newFaulty(t *testing.T) *faulty {
	m := newMemory(t)
	return &faulty{Remote: enginetest.Remote{Backend: m}, m: m}
}

func (b *faulty) setFault(method string) { b.fault.Store(&method) }

func (b *faulty) mend() { b.fault.Store(nil) }

func (b *faulty) step(method string) {
	switch fault := b.fault.Load(); {
	case fault == nil || *fault != method:
	case b.exits.Load():
		runtime.Goexit()
	default:
		n := -1
		_ = make([]byte, n)
	}
}

func (b *faulty) GetHead(ctx context.Context, key string) ([]byte, bool, cache.Position, error) {
	b.step("GetHead")
	head := b.m.Head()
	value, ok, err := b.m.Get(ctx, key)
	return value, ok, head, err
}

func (b *faulty) Get(ctx context.Context, key string) ([]byte, bool, error) {
	b.step("Get")
	return b.m.Get(ctx, key)
}

func (b *faulty) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	b.step("Set")
	return b.m.Set(ctx, key, value, ttl)
}

func (b *faulty) Delete(ctx context.Context, keys ...string) error {
	b.step("Delete")
	return b.m.Delete(ctx, keys...)
}

func (b *faulty) Since(ctx context.Context, after cache.Position) (cache.Events, error) {
	b.step("Since")
	return b.m.Since(ctx, after)
}

func (b *faulty) Append(ctx context.Context, e cache.Event) (cache.Position, error) {
	b.step("Append")
	return b.m.Append(ctx, e)
}

func (b *faulty) Lease(_ context.Context, _, holder string, _ time.Duration) (string, error) {
	b.step("Lease")
	return holder, nil
}

func (b *faulty) Release(context.Context, string, string) error {
	b.step("Release")
	return nil
}

func (b *faulty) Reach(context.Context) error {
	b.step("Reach")
	return nil
}

// localFaulty keeps Go values, and a log, in this process.
type localFaulty struct {
	*memory.Backend
	b *faulty
}

func (l localFaulty) GetLocal(key []byte) (any, bool) {
	l.b.step("GetLocal")
	return l.Backend.GetLocal(key)
}

func (l localFaulty) SetLocal(key string, value any, size int, ttl time.Duration) {
	l.b.step("SetLocal")
	l.Backend.SetLocal(key, value, size, ttl)
}

func (l localFaulty) Head() cache.Position {
	l.b.step("Head")
	return l.Backend.Head()
}

func (l localFaulty) Since(ctx context.Context, after cache.Position) (cache.Events, error) {
	l.b.step("Since")
	return l.Backend.Since(ctx, after)
}
