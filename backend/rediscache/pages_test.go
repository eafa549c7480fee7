package rediscache_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/backend/rediscache"
	"github.com/uncache/uncache/cache"
)

// A longLog is a log of many events, and a process that reads it. Before its
// command number i for a page is sent, before[i] is called.
type longLog struct {
	reader, other *rediscache.Backend
	rdb           *redis.Client // of other
	start, head   cache.Position
	pages         int // commands for a page so far
	before        map[int]func()
	wire          *wire // of reader
}

func newLongLog(t *testing.T, srv server, n int) *longLog {
	t.Helper()
	l := &longLog{before: make(map[int]func())}
	l.other, l.rdb = process(t, srv)
	l.start = purge(t, l.other, "the first")
	l.head = l.start + cache.Position(n)
	ctx := t.Context()
	_, id, _ := strings.Cut(l.rdb.Get(ctx, headKey).Val(), " ")
	pipe := l.rdb.Pipeline()
	for pos := l.start + 1; pos <= l.head; pos++ {
		pipe.XAdd(ctx, &redis.XAddArgs{Stream: eventsKey, ID: fmt.Sprint(pos, "-0"), Values: []string{
			"time", "2026-11-22T20:50:00Z", "soft", "0", "why", "", "who", "", "deps", "1:a,",
		}})
	}
	pipe.Set(ctx, headKey, fmt.Sprint(l.head, " ", id), 0)
	_, err := pipe.Exec(ctx)
	must(t, err)

	l.wire = &wire{sent: func(b []byte) {
		n := bytes.Count(b, []byte("xrange"))
		if n != bytes.Count(b, []byte("count\r\n$4\r\n5000\r\n")) {
			t.Errorf("sent %q, want every xrange to count 5000", b)
		}
		if l.pages += n; n > 0 && l.before[l.pages] != nil {
			l.before[l.pages]()
		}
	}}
	opts := srv.Options()
	opts.Dialer = l.wire.dial
	l.reader = newBackend(t, newClient(t, opts), nil)
	warm(t, l.reader, l.head)
	l.pages = 0
	return l
}

// wantList fails unless events are all those from From to the head.
func (l *longLog) wantList(t *testing.T, events cache.Events, from cache.Position) {
	t.Helper()
	if events.Head != l.head || events.From != from || len(events.List) != int(l.head-from) {
		t.Fatalf("Since = Head %d, From %d, %d events; want Head %d, From %d and all between",
			events.Head, events.From, len(events.List), l.head, from)
	}
	for i, e := range events.List {
		if e.Position != from+cache.Position(i)+1 {
			t.Fatalf("event %d has position %d, want %d", i, e.Position, from+cache.Position(i)+1)
		}
	}
}

func TestLongLogIsReadInPages(t *testing.T) { onEachServer(t, testLongLogIsReadInPages) }

func testLongLogIsReadInPages(t *testing.T, srv server) {
	l := newLongLog(t, srv, 30_000)
	for _, tt := range []struct {
		after cache.Position
		pages int
	}{
		{l.start, 6}, {l.start + 1, 6}, {l.head - 5001, 2}, {l.head - 5000, 1}, {l.head, 1},
	} {
		l.pages = 0
		trips := l.wire.trips.Load()
		l.wantList(t, since(t, l.reader, tt.after), tt.after)
		trips = l.wire.trips.Load() - trips
		if l.pages != tt.pages || trips != int64(tt.pages) {
			t.Errorf("Since, %d events before the head: read %d pages in %d round trips, want %d, each in one", l.head-tt.after, l.pages, trips, tt.pages)
		}
	}
	l.wantList(t, since(t, l.reader, 0), l.start-1)
}

// What others append while a long log is read comes the next time.
func TestAppendBetweenPages(t *testing.T) { onEachServer(t, testAppendBetweenPages) }

func testAppendBetweenPages(t *testing.T, srv server) {
	l := newLongLog(t, srv, 12_000)
	appended := 0
	for page := 2; page <= 3; page++ {
		l.before[page] = func() {
			purge(t, l.other, "between pages")
			appended++
		}
	}
	l.wantList(t, since(t, l.reader, l.start), l.start)
	if appended != 2 {
		t.Fatalf("%d events were appended between the pages, want 2", appended)
	}
	events := since(t, l.reader, l.head)
	if events.Head != l.head+2 || events.From != l.head || len(events.List) != 2 || events.List[0].Reason != "between pages" {
		t.Errorf("Since(%d) = %+v, want the two events that were appended", l.head, events)
	}
}

func TestLossBetweenPages(t *testing.T) { onEachServer(t, testLossBetweenPages) }

func testLossBetweenPages(t *testing.T, srv server) {
	trim := func(n cache.Position) func(context.Context, *longLog) error {
		return func(ctx context.Context, l *longLog) error {
			return l.rdb.XTrimMinID(ctx, eventsKey, fmt.Sprint(l.start+n)).Err()
		}
	}
	remove := func(n cache.Position) func(context.Context, *longLog) error {
		return func(ctx context.Context, l *longLog) error {
			return l.rdb.XDel(ctx, eventsKey, fmt.Sprint(l.start+n, "-0")).Err()
		}
	}
	for name, tt := range map[string]struct {
		lose func(context.Context, *longLog) error
		from cache.Position // counted from the start
	}{
		"events that were read are trimmed": {trim(4000), 0},
		"the next events are trimmed":       {trim(9950), 9949},
		"an event is deleted":               {remove(11_000), 11_000},
		"the last event is deleted":         {remove(12_000), 12_000},
		"the stream is evicted": {func(ctx context.Context, l *longLog) error {
			return l.rdb.Unlink(ctx, eventsKey).Err()
		}, 12_000},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLongLog(t, srv, 12_000)
			l.before[2] = func() { must(t, tt.lose(t.Context(), l)) }
			l.wantList(t, since(t, l.reader, l.start), l.start+tt.from)
			if l.pages < 2 {
				t.Errorf("read %d pages; nothing was lost between them", l.pages)
			}
		})
	}
}

// A context without a deadline ends after the first page.
func TestContextEndsBetweenPages(t *testing.T) { onEachServer(t, testContextEndsBetweenPages) }

func testContextEndsBetweenPages(t *testing.T, srv server) {
	l := newLongLog(t, srv, 12_000)
	ctx, cancel := context.WithCancel(t.Context())
	l.before[2] = cancel
	_, err := l.reader.Since(ctx, l.start)
	if !errors.Is(err, context.Canceled) || l.pages > 2 {
		t.Errorf("Since with a context that is cancelled after the first of 3 pages: got %v after %d pages, want context.Canceled after 2", err, l.pages)
	}
}
