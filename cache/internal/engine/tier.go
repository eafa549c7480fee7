package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/panics"
)

// A tier is one of the backend's stores, with its abilities. A panic of a store is
// the error of the call.
type tier struct {
	cache.Cache
	local cache.Local      // nil unless it keeps Go values
	head  cache.HeadGetter // nil unless it reads the log's head with a value
	conns reacher          // nil unless it keeps connections
}

// A reacher is a store that keeps connections to a server. When the network has lost
// them, each costs its next user a timeout, although a new one would work.
type reacher interface {
	// Reach asks the server on all idle connections and on a new one, at the same
	// time. It returns nil if one was answered, even with a refusal; otherwise it
	// returns one of the errors. An answer that says that the server must not be
	// believed any more does not count. Connections without an answer when ctx is
	// done are not used again.
	Reach(ctx context.Context) error
}

// tiersOf returns the tiers of b. Only the last one has the log, so only there is the
// head read with a value.
func tiersOf(b cache.Backend) []tier {
	caches := cache.Tiers(b)
	tiers := make([]tier, len(caches))
	for i, t := range caches {
		tiers[i].Cache = t
		tiers[i].local, _ = t.(cache.Local)
		tiers[i].conns, _ = t.(reacher)
		if i == len(caches)-1 {
			tiers[i].head, _ = t.(cache.HeadGetter)
		}
	}
	return tiers
}

// Get is the store's Get.
func (t *tier) Get(ctx context.Context, key string) (value []byte, ok bool, err error) {
	defer panics.Catch(&err)
	return t.Cache.Get(ctx, key)
}

// Set is the store's Set.
func (t *tier) Set(ctx context.Context, key string, value []byte, ttl time.Duration) (err error) {
	defer panics.Catch(&err)
	return t.Cache.Set(ctx, key, value, ttl)
}

// Delete is the store's Delete.
func (t *tier) Delete(ctx context.Context, keys ...string) (err error) {
	defer panics.Catch(&err)
	return t.Cache.Delete(ctx, keys...)
}

func (t *tier) getHead(ctx context.Context, key string) (value []byte, ok bool, head cache.Position, err error) {
	defer panics.Catch(&err)
	return t.head.GetHead(ctx, key)
}

// getLocal asks a tier that keeps Go values. If it panics, observe is told and
// nothing is found.
func (t *tier) getLocal(key []byte, observe observer) (value any, ok bool) {
	defer observe.catchGet(key)
	return t.local.GetLocal(key)
}

func (t *tier) setLocal(key string, value any, size func() int, ttl time.Duration) (err error) {
	defer panics.Catch(&err)
	t.local.SetLocal(key, value, size(), ttl)
	return nil
}

// reach asks the store on all its connections.
func (t *tier) reach(ctx context.Context, timeout time.Duration) (err error) {
	defer panics.Catch(&err)
	if t.conns == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return t.conns.Reach(ctx)
}

// probe asks the store for a key. A refusal is an answer, as in a lookup.
func (t *tier) probe(ctx context.Context, key string, timeout time.Duration) (err error) {
	if t.local != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if t.head != nil {
		_, _, _, err = t.getHead(ctx, key)
	} else if _, _, err = t.Get(ctx, key); err != nil && !unanswered(ctx, err) {
		err = nil
	}
	if err != nil {
		return fmt.Errorf("coherent: ask for %q: %w", key, err)
	}
	return nil
}

// unanswered reports whether err says that no answer came in time. Other errors are
// refusals. within is the context of the call.
func unanswered(within context.Context, err error) bool {
	var timeout net.Error
	return ended(within) || errors.As(err, &timeout) && timeout.Timeout()
}

// ended reports whether ctx has ended. A connection with the deadline of ctx may
// notice that before ctx does.
func ended(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() != nil || ok && !time.Now().Before(deadline)
}
