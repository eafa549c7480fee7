package integration_test

import (
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/backend/rediscache"
	"github.com/uncache/uncache/cache"
)

// A position must never be given twice, however often a log is lost, or a
// process takes one event for another. Racing found this when eras began a
// second ahead of the clock:
//
//	1  the head is lost, an era begins at E       all processes read it
//	2  three events, the last one a purge          C has read the first two, A none
//	3  head and events are lost
//	4  A asks what came after E                    an era begins: at E+1?
//	5  two events                                  E+2, E+3?
//	6  C, which is at E+2, asks what came after    one event, all in order, and
//	   the purge was never heard of
func TestNoPositionIsGivenTwice(t *testing.T) {
	const head, events = "uncache:{log}:head", "uncache:{log}:events"
	c, _ := server(t)
	rdb := use(t, c).(*redis.Client)
	list := share(t, c, nil)
	a, b := list[0].(*rediscache.Backend), list[1].(*rediscache.Backend)
	ctx := t.Context()
	appended := func() cache.Position {
		t.Helper()
		p, err := b.Append(ctx, cache.Event{Dependencies: []cache.Dependency{cache.All}})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	since := func(l cache.Log, after cache.Position) cache.Events {
		t.Helper()
		e, err := l.Since(ctx, after)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	lose := func(keys ...string) {
		t.Helper()
		if err := rdb.Del(ctx, keys...).Err(); err != nil {
			t.Fatal(err)
		}
	}

	last := appended()
	lose(head)
	era := since(a, last).Head
	appended()
	read := appended()
	purge := appended()
	lose(head, events)
	since(a, era)
	appended()
	appended()
	if got := since(list[2], read); got.From <= purge {
		t.Errorf("Since(%d), after the log was lost with an event at %d in it: got From %d, Head %d; want a gap beyond %d",
			read, purge, got.From, got.Head, purge)
	}
}
