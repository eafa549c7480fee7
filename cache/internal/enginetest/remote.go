// Package enginetest has what tests of packages engine and coherent share: backends
// that look remote, can be away, and say what they were asked.
package enginetest

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/uncache/uncache/cache"
)

// Remote hides that a backend is in this process, so that a Cache uses it as it uses
// Redis. Its hooks run before the call; nil ones are skipped.
type Remote struct {
	cache.Backend
	OnGet, OnSet, OnSince, OnAppend func(ctx context.Context) error
	Sinces                          atomic.Int64 // calls of Since
}

func run(ctx context.Context, hook func(context.Context) error) error {
	if hook == nil {
		return nil
	}
	return hook(ctx)
}

// Get is the backend's Get, after OnGet.
func (r *Remote) Get(ctx context.Context, key string) ([]byte, bool, error) {
	if err := run(ctx, r.OnGet); err != nil {
		return nil, false, err
	}
	return r.Backend.Get(ctx, key)
}

// Set is the backend's Set, after OnSet.
func (r *Remote) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := run(ctx, r.OnSet); err != nil {
		return err
	}
	return r.Backend.Set(ctx, key, value, ttl)
}

// Since is the backend's Since, after OnSince.
func (r *Remote) Since(ctx context.Context, after cache.Position) (cache.Events, error) {
	r.Sinces.Add(1)
	if err := run(ctx, r.OnSince); err != nil {
		return cache.Events{}, err
	}
	return r.Backend.Since(ctx, after)
}

// Append is the backend's Append, after OnAppend.
func (r *Remote) Append(ctx context.Context, e cache.Event) (cache.Position, error) {
	if err := run(ctx, r.OnAppend); err != nil {
		return 0, err
	}
	return r.Backend.Append(ctx, e)
}

// A Switched is a Remote that can be away. It counts what it is asked.
type Switched struct {
	Remote
	ByVisitor atomic.Int64 // calls with a context of Visitor
	All       atomic.Int64

	away atomic.Pointer[func(ctx context.Context) error]
}

// NewSwitched returns a Switched over b.
func NewSwitched(b cache.Backend) *Switched {
	s := &Switched{Remote: Remote{Backend: b}}
	hook := func(ctx context.Context) error {
		s.All.Add(1)
		if ctx.Value(visitor{}) != nil {
			s.ByVisitor.Add(1)
		}
		return s.Away(ctx)
	}
	s.OnGet, s.OnSet, s.OnSince, s.OnAppend = hook, hook, hook, hook
	return s
}

// GoAway makes every call of a method run f first.
func (s *Switched) GoAway(f func(ctx context.Context) error) { s.away.Store(&f) }

// ComeBack ends what GoAway began.
func (s *Switched) ComeBack() { s.away.Store(nil) }

// Away runs the function of GoAway, if there is one.
func (s *Switched) Away(ctx context.Context) error {
	if away := s.away.Load(); away != nil {
		return (*away)(ctx)
	}
	return nil
}

type visitor struct{}

// Visitor returns a context of a visitor, which tells what is asked for a visitor from
// what is asked in the background.
func Visitor(ctx context.Context) context.Context { return context.WithValue(ctx, visitor{}, true) }

// ErrRefused is the error of Refuse.
var ErrRefused = errors.New("connection refused")

// Refuse returns ErrRefused.
func Refuse(context.Context) error { return ErrRefused }

// Hang waits until ctx ends.
func Hang(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }

// Slow returns a function that takes d.
func Slow(d time.Duration) func(context.Context) error {
	return func(ctx context.Context) error {
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
