package cachetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uncache/uncache/cache"
)

// Each log breaks one sentence in one way, in both of its handles; caught names
// the rules that must fail for it, and no other may.
var brokenLogs = []struct {
	name   string
	breaks func(*brokenLog)
	caught []string
}{
	{"keeps the contract", func(*brokenLog) {}, nil},
	{"drops Soft", writes(func(e *cache.Event) { e.Soft = false }), []string{"Event/fields"}},
	{"drops Origin", writes(func(e *cache.Event) { e.Origin = "" }), []string{"Event/fields"}},
	{"joins dependencies with commas", writes(func(e *cache.Event) {
		var deps []cache.Dependency
		for _, d := range e.Dependencies {
			for s := range strings.SplitSeq(string(d), ",") {
				deps = append(deps, cache.Dependency(s))
			}
		}
		e.Dependencies = deps
	}), []string{"Event/fields"}},
	{"keeps a thousand dependencies", writes(func(e *cache.Event) {
		e.Dependencies = e.Dependencies[:min(len(e.Dependencies), 1000)]
	}), []string{"Event/fields"}},
	{"names something for nothing", writes(func(e *cache.Event) {
		if len(e.Dependencies) == 0 {
			e.Dependencies = []cache.Dependency{""}
		}
	}), []string{"Event/empty"}},
	{"sets its own time", writes(func(e *cache.Event) { e.Time = time.Now() }), []string{"Event/time"}},
	{"leaves the time zero", writes(func(e *cache.Event) {
		if e.Time.IsZero() {
			e.Time = time.Unix(0, 0)
		}
	}), []string{"Append/zero time"}},
	{"skips a position", func(b *brokenLog) {
		b.append = func(ctx context.Context, e cache.Event) (cache.Position, error) {
			p, err := b.sliceLog.Append(ctx, e)
			b.sliceLog.mu.Lock()
			defer b.sliceLog.mu.Unlock()
			if err == nil && p%16 == 0 {
				b.sliceLog.head++
				b.sliceLog.events[b.sliceLog.head] = cache.Event{Position: b.sliceLog.head}
			}
			return p, err
		}
	}, []string{"Append/consecutive", "Append/consecutive under concurrency", "Since/any position", "Since/complete"}},
	{"reads its head and writes it later", func(b *brokenLog) {
		var last sync.Map // by the head that was read
		b.append = func(ctx context.Context, e cache.Event) (cache.Position, error) {
			head := b.sliceLog.Head()
			time.Sleep(time.Millisecond)
			if p, ok := last.Load(head); ok {
				return p.(cache.Position), nil
			}
			p, err := b.sliceLog.Append(ctx, e)
			if err == nil {
				last.Store(head, p)
			}
			return p, err
		}
	}, []string{"Append/consecutive under concurrency", "Since/complete"}},
	{"takes the caller's position", func(b *brokenLog) {
		b.append = func(ctx context.Context, e cache.Event) (cache.Position, error) {
			if e.Position > 1 {
				b.sliceLog.mu.Lock()
				b.sliceLog.head = e.Position - 1
				b.sliceLog.mu.Unlock()
			}
			return b.sliceLog.Append(ctx, e)
		}
	}, []string{"Append/position is ignored"}},
	{"refuses an event that it has", func(b *brokenLog) {
		var last atomic.Pointer[cache.Event]
		b.append = func(ctx context.Context, e cache.Event) (cache.Position, error) {
			if l := last.Swap(&e); l != nil && e.Reason == "twice" && l.Reason == e.Reason {
				return 0, errors.New("duplicate")
			}
			return b.sliceLog.Append(ctx, e)
		}
	}, []string{"Append/twice"}},
	{"keeps the caller's dependencies", func(b *brokenLog) {
		b.append = func(ctx context.Context, e cache.Event) (cache.Position, error) {
			p, err := b.sliceLog.Append(ctx, e)
			if err == nil {
				b.sliceLog.mu.Lock()
				defer b.sliceLog.mu.Unlock()
				e.Position, e.Time = p, b.sliceLog.events[p].Time
				b.sliceLog.events[p] = e
			}
			return p, err
		}
	}, []string{"Append/copies"}},
	{"appends in spite of ctx", func(b *brokenLog) {
		b.append = func(ctx context.Context, e cache.Event) (cache.Position, error) {
			return b.sliceLog.Append(context.WithoutCancel(ctx), e)
		}
	}, []string{"Append/done context"}},
	{"open when closed", func(b *brokenLog) {
		b.close = func() error { return nil }
	}, []string{"Log/closed", "Log/closed under use"}},
	{"reads a replica", answers(func(_ *brokenLog, after cache.Position, ev *cache.Events) {
		// In the bubble no time passes between an Append and the question.
		if n := len(ev.List); n > 0 && after != 0 && time.Since(ev.List[n-1].Time) < time.Millisecond {
			ev.Head, ev.List = ev.Head-1, ev.List[:n-1]
		}
	}), []string{
		"Event/fields", "Event/empty", "Append/position is ignored", "Append/zero time", "Append/copies",
		"Append/seen", "Append/seen by another process", "Since/recent", "Since/any position", "Since/complete",
		"Since/trimmed", "Event/time", "Append/head lost",
	}},
	{"Since(0) tells the head only", answers(func(_ *brokenLog, after cache.Position, ev *cache.Events) {
		if after == 0 {
			ev.From, ev.List = ev.Head, nil
		}
	}), []string{"Since/0"}},
	{"Since(0) claims continuity from 0", answers(func(_ *brokenLog, after cache.Position, ev *cache.Events) {
		if after == 0 && len(ev.List) > 0 {
			ev.From = 0
		}
	}), []string{"Since/0", "Since/head lost", "Since/all lost", "Since/beyond the head", "Append/head lost"}},
	{"Since includes the position asked for", func(b *brokenLog) {
		b.since = func(ctx context.Context, after cache.Position) (cache.Events, error) {
			ev, err := b.sliceLog.Since(ctx, max(after, 1)-1)
			if err == nil && after > ev.Head {
				return b.sliceLog.Since(ctx, after)
			}
			return ev, err
		}
	}, []string{"Event/fields", "Append/position is ignored", "Append/twice", "Since/any position", "Since/complete?", "Since/nothing happened", "Since/trimmed", "Since/beyond the head", "Since/pages"}},
	{"Since gives the newest first", answers(func(_ *brokenLog, _ cache.Position, ev *cache.Events) {
		slices.Reverse(ev.List)
	}), []string{"Since/0", "Since/any position", "Since/complete", "Since/list is the caller's", "Since/trimmed", "Since/pages"}},
	{"Since gives ten at most", answers(func(_ *brokenLog, _ cache.Position, ev *cache.Events) {
		ev.List = ev.List[:min(len(ev.List), 10)]
	}), []string{"Since/any position", "Since/complete", "Since/last page"}},
	{"keeps the contract, in pages", inPages(3, nil), nil},
	{"keeps the contract, an event at a time", inPages(1, nil), nil},
	{"says that there is more at the head", inPages(3, func(_ cache.Position, _ cache.Events, page *cache.Events) {
		page.More = true
	}), []string{"Since/more"}},
	{"says that there is nothing more", inPages(10, func(_ cache.Position, _ cache.Events, page *cache.Events) {
		page.More = false
	}), []string{"Since/last page", "Since/any position", "Since/complete"}},
	{"gives nothing where there is more", inPages(10, func(_ cache.Position, _ cache.Events, page *cache.Events) {
		if page.More {
			page.List = nil
		}
	}), []string{"Since/gets on", "Since/any position", "Since/complete"}},
	{"gives the page before", inPages(10, func(_ cache.Position, _ cache.Events, page *cache.Events) {
		if page.More {
			page.From -= cache.Position(len(page.List))
		}
	}), []string{"Since/pages", "Since/gets on", "Since/any position", "Since/complete"}},
	{"gives the newest page", inPages(10, func(_ cache.Position, whole cache.Events, page *cache.Events) {
		if page.More {
			page.From, page.List = whole.Head-10, whole.List[len(whole.List)-10:]
			page.More = false
		}
	}), []string{"Since/pages", "Since/any position"}},
	{"leaves an event out between pages", inPages(10, func(_ cache.Position, whole cache.Events, page *cache.Events) {
		if n := len(page.List); page.More {
			page.List = append(page.List[:n-1:n-1], whole.List[n])
		}
	}), []string{"Since/pages", "Since/any position", "Since/complete"}},
	{"the head of a page is its end", inPages(10, func(_ cache.Position, _ cache.Events, page *cache.Events) {
		page.Head, page.More = page.End(), false
	}), []string{"Since/pages", "Since/any position", "Since/complete", "Since/recent?"}},
	{"From is 0 if nothing happened", answers(func(_ *brokenLog, after cache.Position, ev *cache.Events) {
		if after == ev.Head {
			ev.From = 0
		}
	}), []string{"Since/any position", "Since/complete", "Since/nothing happened", "Since/trimmed", "Since/events lost"}},
	{"List is shared", func(b *brokenLog) {
		var mu sync.Mutex
		var shared []cache.Event
		b.since = func(ctx context.Context, after cache.Position) (cache.Events, error) {
			ev, err := b.sliceLog.Since(ctx, after)
			mu.Lock()
			defer mu.Unlock()
			if len(ev.List) == 2 && ev.List[0].Reason == "1" {
				shared = ev.List
			}
			if len(ev.List) == 3 && len(shared) == 2 {
				copy(ev.List, shared)
			}
			return ev, err
		}
	}, []string{"Since/list is the caller's"}},
	{"hides what was trimmed", answers(func(_ *brokenLog, after cache.Position, ev *cache.Events) {
		if ev.From > after && len(ev.List) > 0 && after != 0 {
			ev.From = after
		}
	}), []string{"Since/trimmed", "Since/head lost", "Since/all lost", "Since/beyond the head", "Append/head lost"}},
	{"hides what was lost", answers(func(_ *brokenLog, after cache.Position, ev *cache.Events) {
		if ev.From > after && len(ev.List) == 0 && after != 0 {
			ev.From = after
		}
	}), []string{"Since/events lost", "Since/head lost", "Since/all lost", "Since/beyond the head"}},
	{"a lost head is 1 again", begins(func(head, after cache.Position) cache.Position {
		if head == 0 {
			return 1
		}
		return max(head, after) + 1
	}), []string{"Since/head lost", "Since/all lost", "Append/head lost"}},
	{"a lost head is what the reader remembers", begins(func(head, after cache.Position) cache.Position {
		if head == 0 && after != 0 {
			return after
		}
		return max(head, after, cache.Position(time.Now().UnixMicro())) + 1
	}), []string{"Since/head lost", "Since/all lost"}},
	{"believes who is ahead", begins(func(head, after cache.Position) cache.Position {
		if head == 0 {
			return max(after, cache.Position(time.Now().UnixMicro())) + 1
		}
		return after
	}), []string{"Since/beyond the head"}},
	{"Head is late", func(b *brokenLog) {
		b.head = func() cache.Position { return b.sliceLog.Head() - 1 }
	}, []string{"LocalLog/head", "LocalLog/never before"}},
	{"GetHead remembers the head", func(b *brokenLog) {
		var first atomic.Uint64
		b.getHead = func(ctx context.Context, key string) ([]byte, bool, cache.Position, error) {
			value, ok, head, err := b.headBackend.GetHead(ctx, key)
			first.CompareAndSwap(0, uint64(head))
			return value, ok, cache.Position(first.Load()), err
		}
	}, []string{"HeadGetter/value"}},
	{"GetHead of nothing is an error", func(b *brokenLog) {
		b.getHead = func(ctx context.Context, key string) ([]byte, bool, cache.Position, error) {
			value, ok, head, err := b.headBackend.GetHead(ctx, key)
			if !ok && err == nil {
				err = errors.New("not found")
			}
			return value, ok, head, err
		}
	}, []string{"HeadGetter/missing value", "HeadGetter/one round trip"}},
	{"GetHead never knows", func(b *brokenLog) {
		b.getHead = func(ctx context.Context, key string) ([]byte, bool, cache.Position, error) {
			value, ok, _, err := b.headBackend.GetHead(ctx, key)
			return value, ok, 0, err
		}
	}, []string{"HeadGetter/one round trip"}},
	{"GetHead without a head has no value", func(b *brokenLog) {
		b.getHead = func(ctx context.Context, key string) ([]byte, bool, cache.Position, error) {
			value, ok, head, err := b.headBackend.GetHead(ctx, key)
			if head == 0 {
				return nil, false, 0, err
			}
			return value, ok, head, err
		}
	}, []string{"HeadGetter/head lost"}},
	{"GetHead waits in spite of ctx", func(b *brokenLog) {
		b.getHead = func(ctx context.Context, key string) ([]byte, bool, cache.Position, error) {
			if ctx.Err() != nil {
				time.Sleep(time.Minute)
			}
			return b.headBackend.GetHead(ctx, key)
		}
	}, []string{"HeadGetter/done context"}},
	{"Wait hears nothing", func(b *brokenLog) {
		b.wait = func(ctx context.Context, _ cache.Position) error {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Minute):
				return nil
			}
		}
	}, []string{"Waiter/event"}},
	{"Wait waits in spite of ctx", func(b *brokenLog) {
		b.wait = func(ctx context.Context, after cache.Position) error {
			if ctx.Err() != nil {
				time.Sleep(time.Minute)
			}
			return waitFor(ctx, b.sliceLog, after)
		}
	}, []string{"Waiter/context"}},
}

func TestBrokenLogsAreCaught(t *testing.T) {
	for _, tt := range brokenLogs {
		t.Run(tt.name, func(t *testing.T) {
			wantCaught(t, logRules(), tt.caught, func() logSubject {
				b := headBackend{&mapCache{}, &sliceLog{}}
				first, second := &brokenLog{headBackend: b}, &brokenLog{headBackend: b}
				tt.breaks(first)
				tt.breaks(second)
				return logSubject{Log: first, second: second, h: LogHarness{
					Trim: b.trim, LoseHead: b.loseHead, LoseEvents: b.loseEvents,
				}}
			})
		})
	}
}
