package rediscache

import (
	"context"
	"errors"
	"fmt"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/alongside"
)

// Append adds an event to the log, see [cache.Log]. It makes one round trip, and
// another when Redis does not know the script yet. The error is [ErrReplicas] if Options.Replicas are not there in time, and [ErrFenced]
// if the server refuses to write without replicas.
//
// A Redis that is full and may not evict anything does not stop a purge: the
// log drops its older events to make room, which purges what was stored before
// them for processes that had not read them yet.
func (b *Backend) Append(ctx context.Context, e cache.Event) (cache.Position, error) {
	args := append([]any{b.opts.MaxEvents, b.opts.MaxBytes}, encode(e)...)
	reply, err := b.appendBy(ctx, args)
	if err != nil {
		b.refused(err)
	}
	var text string
	var began int64
	var pos cache.Position
	if err == nil {
		err = scan(reply, &text, &began)
	}
	if err == nil {
		h, ok := parseHead(text, "", 0)
		if pos = h.pos; !ok {
			err = fmt.Errorf("%w: %q", errHead, text)
		}
	}
	if err != nil {
		b.reload(ctx)
		return 0, fmt.Errorf("rediscache: append to %q: %w", b.eventsKey, err)
	}
	b.replica.Store(false)
	if began != 0 {
		b.observe(OpEra, pos)
	}
	return pos, nil
}

func (b *Backend) appendBy(ctx context.Context, args []any) ([]any, error) {
	extra := b.inReach(alongside.From(ctx))
	if b.opts.Replicas > 0 {
		return b.appendReplicated(ctx, args, extra)
	}
	if extra != nil {
		return b.appendAnd(ctx, b.last.Load().client, args, extra)
	}
	return b.byDigest(func(byDigest bool) ([]any, error) {
		reply, err := b.evalAppend(ctx, b.rdb, byDigest, args).Slice()
		return reply, named(err)
	})
}

// inReach returns keys if the append's server has all of them, and nil if they are
// to be deleted some other way: on a cluster they may be anywhere.
func (b *Backend) inReach(keys *alongside.Keys) *alongside.Keys {
	if keys == nil || len(keys.Names) == 0 || len(keys.Names) > maxUnlinked || b.cluster != nil {
		return nil
	}
	return keys
}

// Since returns the events after a position, see [cache.Log]: a page of some 256
// KiB. It makes one round trip, and another when the head turns out to be lost,
// from another history, or read over a connection that was dialled for it. For all
// that there is, after 0, it makes one more to see if anybody is there.
//
// after must be below 2^53.
func (b *Backend) Since(ctx context.Context, after cache.Position) (cache.Events, error) {
	if after >= maxPosition {
		return cache.Events{}, fmt.Errorf("rediscache: read %q: position %d is not below 2^53", b.eventsKey, after)
	}
	var events cache.Events
	err := b.reachAtStart(ctx, after)
	if err == nil {
		events, err = b.sinceSource(ctx, after)
	}
	if err != nil && b.cluster != nil && ctx.Err() == nil {
		// The slot may have moved, or its master may be gone. The cluster's
		// client goes after it, and the server that answers is asked.
		events, err = b.sinceBy(ctx, b.cluster, nil, after, true)
	}
	if err != nil {
		b.pages.failed()
		b.reload(ctx)
		return cache.Events{}, fmt.Errorf("rediscache: read %q after %d: %w", b.eventsKey, after, err)
	}
	return events, nil
}

// reload makes a cluster's client find out, in the background, who serves what:
// by itself it does not when the node that it knows of is dead, for a minute.
func (b *Backend) reload(ctx context.Context) {
	if b.cluster != nil {
		b.cluster.ReloadState(ctx)
	}
}

func (b *Backend) sinceSource(ctx context.Context, after cache.Position) (cache.Events, error) {
	src, err := b.source(ctx)
	if err != nil {
		return cache.Events{}, err
	}
	events, err := b.sinceBy(ctx, src.client, src.history, after, false)
	if errors.Is(err, errAsk) {
		events, err = b.sinceBy(ctx, src.client, src.history, after, true)
	}
	return events, err
}
