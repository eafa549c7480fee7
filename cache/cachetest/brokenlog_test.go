package cachetest

import (
	"context"
	"time"

	"github.com/uncache/uncache/cache"
)

// brokenLog is a handle on a headBackend with methods of its own: nil ones are
// the headBackend's.
type brokenLog struct {
	headBackend
	append  func(ctx context.Context, e cache.Event) (cache.Position, error)
	since   func(ctx context.Context, after cache.Position) (cache.Events, error)
	head    func() cache.Position
	getHead func(ctx context.Context, key string) ([]byte, bool, cache.Position, error)
	wait    func(ctx context.Context, after cache.Position) error
	close   func() error
}

func (b *brokenLog) Wait(ctx context.Context, after cache.Position) error {
	if b.wait != nil {
		return b.wait(ctx, after)
	}
	return waitFor(ctx, b.sliceLog, after)
}

// waitFor looks every millisecond.
func waitFor(ctx context.Context, l *sliceLog, after cache.Position) error {
	for ctx.Err() == nil && l.Head() <= after {
		time.Sleep(time.Millisecond)
	}
	return ctx.Err()
}

func (b *brokenLog) Append(ctx context.Context, e cache.Event) (cache.Position, error) {
	if b.append != nil {
		return b.append(ctx, e)
	}
	return b.sliceLog.Append(ctx, e)
}

func (b *brokenLog) Since(ctx context.Context, after cache.Position) (cache.Events, error) {
	if b.since != nil {
		return b.since(ctx, after)
	}
	return b.sliceLog.Since(ctx, after)
}

func (b *brokenLog) Head() cache.Position {
	if b.head != nil {
		return b.head()
	}
	return b.sliceLog.Head()
}

func (b *brokenLog) GetHead(ctx context.Context, key string) ([]byte, bool, cache.Position, error) {
	if b.getHead != nil {
		return b.getHead(ctx, key)
	}
	return b.headBackend.GetHead(ctx, key)
}

func (b *brokenLog) Close() error {
	if b.close != nil {
		return b.close()
	}
	return b.headBackend.Close()
}

// writes makes a log that changes what it is given.
func writes(to func(*cache.Event)) func(*brokenLog) {
	return func(b *brokenLog) {
		b.append = func(ctx context.Context, e cache.Event) (cache.Position, error) {
			to(&e)
			return b.sliceLog.Append(ctx, e)
		}
	}
}

// answers makes a log that changes what it answers.
func answers(to func(b *brokenLog, after cache.Position, ev *cache.Events)) func(*brokenLog) {
	return func(b *brokenLog) {
		b.since = func(ctx context.Context, after cache.Position) (cache.Events, error) {
			ev, err := b.sliceLog.Since(ctx, after)
			if err == nil {
				to(b, after, &ev)
			}
			return ev, err
		}
	}
}

// begins makes a log that begins its eras at to. Since is told the head that is
// known, 0 if it was lost.
func begins(to func(head, after cache.Position) cache.Position) func(*brokenLog) {
	return func(b *brokenLog) {
		restart := func(after cache.Position) {
			b.sliceLog.mu.Lock()
			defer b.sliceLog.mu.Unlock()
			if head := b.sliceLog.head; head == 0 || after > head {
				b.sliceLog.head = to(head, after)
			}
		}
		b.append = func(ctx context.Context, e cache.Event) (cache.Position, error) {
			restart(0)
			return b.sliceLog.Append(ctx, e)
		}
		b.since = func(ctx context.Context, after cache.Position) (cache.Events, error) {
			restart(after)
			b.sliceLog.mu.Lock()
			defer b.sliceLog.mu.Unlock()
			if err := b.sliceLog.err(ctx); err != nil {
				return cache.Events{}, err
			}
			return b.sliceLog.tail(after), nil
		}
	}
}

// inPages makes a log that answers in pages of n events, and changes what it
// answers where there is more.
func inPages(n int, to func(after cache.Position, whole cache.Events, page *cache.Events)) func(*brokenLog) {
	return answers(func(_ *brokenLog, after cache.Position, ev *cache.Events) {
		whole := *ev
		if len(ev.List) > n {
			ev.List, ev.More = ev.List[:n], true
		}
		if to != nil {
			to(after, whole, ev)
		}
	})
}
