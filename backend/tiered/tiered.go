package tiered

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/isnil"
	"github.com/uncache/uncache/internal/option"
)

// A Backend is a near cache over a far one, with the far one's log. Its methods
// are safe for concurrent use.
type Backend struct {
	near cache.Cache
	far  cache.Backend
}

var (
	_ cache.Backend = (*Backend)(nil)
	_ cache.Tiered  = (*Backend)(nil)
	_ cache.TxLog   = (*Backend)(nil)
	_ cache.Waiter  = (*Backend)(nil)
)

// ErrOptions is what [New] returns, wrapped, when a tier is nil.
var ErrOptions = errors.New("invalid options")

// New returns a Backend of both tiers, which stay the caller's to close. If
// near has a log of its own, it is not used. It is an error if either is nil.
func New(near cache.Cache, far cache.Backend) (*Backend, error) {
	if isnil.Value(near) {
		return nil, option.Errorf(ErrOptions, "tiered: New: near is nil")
	}
	if isnil.Value(far) {
		return nil, option.Errorf(ErrOptions, "tiered: New: far is nil")
	}
	return &Backend{near, far}, nil
}

// Tiers returns the tiers of near, and then those of far. Package coherent asks
// them one after another, since near may hold what was purged, and far its
// successor.
func (b *Backend) Tiers() []cache.Cache {
	near, far := cache.Tiers(b.near), cache.Tiers(b.far)
	return append(append(make([]cache.Cache, 0, len(near)+len(far)), near...), far...)
}

// Get returns the value that near has, or else the one that far has. It is an
// error only if far cannot make up for what near could not tell.
func (b *Backend) Get(ctx context.Context, key string) ([]byte, bool, error) {
	value, ok, nearErr := b.near.Get(ctx, key)
	if nearErr == nil && ok {
		return value, true, nil
	}
	value, ok, err := b.far.Get(ctx, key)
	if err == nil && ok {
		return value, true, nil
	}
	if err = join(nearErr, err); err != nil {
		return nil, false, fmt.Errorf("tiered: get %q: %w", key, err)
	}
	return nil, false, nil
}

// Set stores value in both tiers, far first, so that near never has what others
// cannot find. If either fails it is an error, and the other may have the value.
func (b *Backend) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	farErr := b.far.Set(ctx, key, value, ttl)
	if err := join(b.near.Set(ctx, key, value, ttl), farErr); err != nil {
		return fmt.Errorf("tiered: set %q: %w", key, err)
	}
	return nil
}

// Delete deletes keys from both tiers, far first, so that no request finds a
// value there and brings it near again. If either fails it is an error, and the other
// was tried.
func (b *Backend) Delete(ctx context.Context, keys ...string) error {
	farErr := b.far.Delete(ctx, keys...)
	if err := join(b.near.Delete(ctx, keys...), farErr); err != nil {
		return fmt.Errorf("tiered: delete %d keys: %w", len(keys), err)
	}
	return nil
}

// Append adds an event to far's log, see [cache.Log].
func (b *Backend) Append(ctx context.Context, e cache.Event) (cache.Position, error) {
	return b.far.Append(ctx, e)
}

// Since returns the events of far's log after a position, see [cache.Log].
func (b *Backend) Since(ctx context.Context, after cache.Position) (cache.Events, error) {
	return b.far.Since(ctx, after)
}

// AppendTx adds an event to far's log in a transaction, if that is a [cache.TxLog].
func (b *Backend) AppendTx(ctx context.Context, exec cache.Exec, e cache.Event) (bool, error) {
	if l, ok := b.far.(cache.TxLog); ok {
		return l.AppendTx(ctx, exec, e)
	}
	return false, nil
}

// Wait waits for an event in far's log, if that is a [cache.Waiter].
func (b *Backend) Wait(ctx context.Context, after cache.Position) error {
	if l, ok := b.far.(cache.Waiter); ok {
		return l.Wait(ctx, after)
	}
	return errors.ErrUnsupported
}

// join names the tiers that failed.
func join(near, far error) error {
	if near != nil {
		near = fmt.Errorf("near: %w", near)
	}
	if far != nil {
		far = fmt.Errorf("far: %w", far)
	}
	return errors.Join(near, far)
}
