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

// bomb is a server with all abilities. One of its methods panics while it is
// armed, or ends its goroutine.
type bomb struct {
	enginetest.Remote
	m     *memory.Backend
	armed atomic.Pointer[string]
	exits atomic.Bool
}

func newBomb(t *testing.T) *bomb {
	m := newMemory(t)
	return &bomb{Remote: enginetest.Remote{Backend: m}, m: m}
}

func (b *bomb) arm(method string) { b.armed.Store(&method) }

func (b *bomb) disarm() { b.armed.Store(nil) }

func (b *bomb) step(method string) {
	switch armed := b.armed.Load(); {
	case armed == nil || *armed != method:
	case b.exits.Load():
		runtime.Goexit()
	default:
		n := -1
		_ = make([]byte, n)
	}
}

func (b *bomb) GetHead(ctx context.Context, key string) ([]byte, bool, cache.Position, error) {
	b.step("GetHead")
	head := b.m.Head()
	value, ok, err := b.m.Get(ctx, key)
	return value, ok, head, err
}

func (b *bomb) Get(ctx context.Context, key string) ([]byte, bool, error) {
	b.step("Get")
	return b.m.Get(ctx, key)
}

func (b *bomb) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	b.step("Set")
	return b.m.Set(ctx, key, value, ttl)
}

func (b *bomb) Delete(ctx context.Context, keys ...string) error {
	b.step("Delete")
	return b.m.Delete(ctx, keys...)
}

func (b *bomb) Since(ctx context.Context, after cache.Position) (cache.Events, error) {
	b.step("Since")
	return b.m.Since(ctx, after)
}

func (b *bomb) Append(ctx context.Context, e cache.Event) (cache.Position, error) {
	b.step("Append")
	return b.m.Append(ctx, e)
}

func (b *bomb) Lease(_ context.Context, _, holder string, _ time.Duration) (string, error) {
	b.step("Lease")
	return holder, nil
}

func (b *bomb) Release(context.Context, string, string) error {
	b.step("Release")
	return nil
}

func (b *bomb) Reach(context.Context) error {
	b.step("Reach")
	return nil
}

// localBomb keeps Go values, and a log, in this process.
type localBomb struct {
	*memory.Backend
	b *bomb
}

func (l localBomb) GetLocal(key []byte) (any, bool) {
	l.b.step("GetLocal")
	return l.Backend.GetLocal(key)
}

func (l localBomb) SetLocal(key string, value any, size int, ttl time.Duration) {
	l.b.step("SetLocal")
	l.Backend.SetLocal(key, value, size, ttl)
}

func (l localBomb) Head() cache.Position {
	l.b.step("Head")
	return l.Backend.Head()
}

func (l localBomb) Since(ctx context.Context, after cache.Position) (cache.Events, error) {
	l.b.step("Since")
	return l.Backend.Since(ctx, after)
}
