package cachetest

import (
	"context"

	"github.com/uncache/uncache/cache"
)

// Op names a method that an [Injector] breaks or a [Recorder] records.
type Op string

// The methods of [cache.Cache], [cache.Log] and [Purger]. GetHead of a
// [cache.HeadGetter] is an OpGet.
const (
	OpGet    Op = "Get"
	OpSet    Op = "Set"
	OpDelete Op = "Delete"
	OpAppend Op = "Append"
	OpSince  Op = "Since"
	OpPurge  Op = "Purge"
)

// Purger is whatever can be told of a purge: a coherent cache, a page cache, a
// [Recorder]. It is the interface that package invalidate calls.
type Purger interface {
	// Purge records that what e names has changed.
	Purge(ctx context.Context, e cache.Event) error
}

// headed keeps a backend's ability to read the head beside a value where the
// backend is wrapped.
type headed struct {
	cache.Backend
	getHead func(ctx context.Context, key string) ([]byte, bool, cache.Position, error)
}

func (h headed) GetHead(ctx context.Context, key string) ([]byte, bool, cache.Position, error) {
	return h.getHead(ctx, key)
}
