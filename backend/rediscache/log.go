package rediscache

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/cache"
)

// Append adds an event to the log, see [cache.Log]. It makes one round trip.
//
// A Redis that is full and may not evict anything does not stop a purge: the
// log drops its older events to make room, which purges what was stored before
// them for those who had not read them yet.
func (b *Backend) Append(ctx context.Context, e cache.Event) (cache.Position, error) {
	args := append([]any{b.opts.MaxEvents}, encode(e)...)
	reply, err := b.rdb.Eval(ctx, appendScript, []string{b.headKey, b.eventsKey}, args...).Slice()
	var text string
	var began int64
	var pos cache.Position
	if err == nil {
		err = scan(reply, &text, &began)
	}
	if err == nil {
		pos, err = parsePosition(text)
	}
	if err != nil {
		b.reload(ctx)
		return 0, fmt.Errorf("rediscache: append to %q: %w", b.eventsKey, err)
	}
	if began != 0 {
		b.observe(OpEra, pos)
	}
	return pos, nil
}

// Since returns the events after a position, see [cache.Log]. It makes one
// round trip, and another when the head turns out to be lost, from another
// history, or read over a connection that was dialled for it.
//
// after must be below 2^53.
func (b *Backend) Since(ctx context.Context, after cache.Position) (cache.Events, error) {
	if after >= maxPosition {
		return cache.Events{}, fmt.Errorf("rediscache: read %q: position %d is not below 2^53", b.eventsKey, after)
	}
	events, err := b.sinceSource(ctx, after)
	if err != nil && b.cluster != nil && ctx.Err() == nil {
		// The slot may have moved, or its master may be gone. The cluster's
		// client goes after it, and the server that answers is asked.
		events, err = b.sinceBy(ctx, b.cluster.Pipeline(), nil, after, true)
	}
	if err != nil {
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
	events, err := b.sinceBy(ctx, src.client.Pipeline(), src.history, after, false)
	if errors.Is(err, errAsk) {
		events, err = b.sinceBy(ctx, src.client.Pipeline(), src.history, after, true)
	}
	return events, err
}

// sinceBy reads the head and then the events. Both keys are in one slot, so
// that one server answers, in this order: it has all events up to the head, if
// it has not lost them.
func (b *Backend) sinceBy(ctx context.Context, pipe redis.Pipeliner, h *history, after cache.Position, ask bool) (cache.Events, error) {
	var read *headRead
	if ask {
		read = b.askHead(ctx, pipe, h, after)
	} else {
		read = b.readHead(ctx, pipe, h, after)
	}
	entries := pipe.XRange(ctx, b.eventsKey, "("+strconv.FormatUint(uint64(after), 10), "+")
	_, _ = pipe.Exec(ctx) // each command has its own error
	head, err := read.result()
	if err != nil {
		return cache.Events{}, err
	}
	if head < after {
		return cache.Events{}, errAsk
	}
	if err := entries.Err(); err != nil {
		return cache.Events{}, err
	}
	return upTo(head, entries.Val()), nil
}

// upTo returns the events that lead to head without a gap. Whatever is missing,
// trimmed, evicted, or not an event, begins the list after it.
func upTo(head cache.Position, entries []redis.XMessage) cache.Events {
	events := cache.Events{Head: head, From: head}
	for _, m := range slices.Backward(entries) {
		e, err := decode(m)
		if err == nil && e.Position > head {
			continue // appended after the head was read
		}
		if err != nil || e.Position != events.From {
			break
		}
		events.List = append(events.List, e)
		events.From--
	}
	slices.Reverse(events.List)
	return events
}
