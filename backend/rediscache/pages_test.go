package rediscache_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

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

// eventOf256 is what each of its events counts: a page has 1,024 of them.
const eventOf256 = 256

func newLongLog(t *testing.T, srv server, n int) *longLog {
	t.Helper()
	l := &longLog{before: make(map[int]func())}
	l.other, l.rdb = process(t, srv)
	l.start = purge(t, l.other, "the first")
	l.head = l.start + cache.Position(n)
	ctx := t.Context()
	_, id, sum := readHead(t, l.rdb)
	crc := rediscache.Checksum("2026-11-22T20:50:00Z", "0", "", "", "1:a,")
	pipe := l.rdb.Pipeline()
	for pos := l.start + 1; pos <= l.head; pos++ {
		sum += eventOf256
		pipe.XAdd(ctx, &redis.XAddArgs{Stream: eventsKey, ID: fmt.Sprint(pos, "-0"), Values: []string{
			"sum", fmt.Sprint(sum), "time", "2026-11-22T20:50:00Z", "soft", "0", "why", "", "who", "", "deps", "1:a,", "crc", crc,
		}})
	}
	pipe.Set(ctx, headKey, rediscache.Head(l.head, id, sum), 0)
	_, err := pipe.Exec(ctx)
	must(t, err)

	l.wire = &wire{sent: func(b []byte) {
		n := bytes.Count(b, []byte("xrange"))
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
	l := newLongLog(t, srv, 8_000)
	// It does not know how long the events are, and asks for more when it does.
	var sizes []int
	for at := l.start; at < l.head; {
		l.pages = 0
		trips := l.wire.trips.Load()
		page := sincePage(t, l.reader, at)
		if trips = l.wire.trips.Load() - trips; trips != 1 || l.pages != 1 {
			t.Fatalf("Since(%d): %d pages in %d round trips, want one in one", at, l.pages, trips)
		}
		if page.From != at || page.Head != l.head || page.More != (page.End() < l.head) || page.End() <= at {
			t.Fatalf("Since(%d) = Head %d, From %d, %d events, More %v", at, page.Head, page.From, len(page.List), page.More)
		}
		sizes = append(sizes, len(page.List))
		at = page.End()
	}
	for i, n := range sizes {
		most := 256
		if i > 0 {
			most = min(2*sizes[i-1], 1024)
		}
		if last := i == len(sizes)-1; n > most || n < most && i > 0 && !last {
			t.Errorf("page %d has %d events after one of %d, want %d", i, n, sizes[max(i, 1)-1], most)
		}
	}
	for _, after := range []cache.Position{l.start, l.start + 1, l.head - 1025, l.head - 1024, l.head - 1, l.head} {
		l.wantList(t, since(t, l.reader, after), after)
	}
	l.wantList(t, since(t, l.reader, 0), l.start-1)
}

// What others append while a long log is read is found at its end.
func TestAppendBetweenPages(t *testing.T) { onEachServer(t, testAppendBetweenPages) }

func testAppendBetweenPages(t *testing.T, srv server) {
	l := newLongLog(t, srv, 3_000)
	appended := cache.Position(0)
	for page := 2; page <= 3; page++ {
		l.before[page] = func() {
			purge(t, l.other, "between pages")
			appended++
		}
	}
	events := since(t, l.reader, l.start)
	if appended != 2 {
		t.Fatalf("%d events were appended between the pages, want 2", appended)
	}
	l.head += appended
	l.wantList(t, events, l.start)
	if e := events.List[len(events.List)-1]; e.Reason != "between pages" {
		t.Errorf("the last event is %+v, want the one that was appended", e)
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
		"events that were read are trimmed": {trim(20), 0},
		"the next events are trimmed":       {trim(2950), 2949},
		"an event is deleted":               {remove(2_900), 2_900},
		"the last event is deleted":         {remove(3_000), 3_000},
		"the stream is evicted": {func(ctx context.Context, l *longLog) error {
			return l.rdb.Unlink(ctx, eventsKey).Err()
		}, 3_000},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLongLog(t, srv, 3_000)
			l.before[2] = func() { must(t, tt.lose(t.Context(), l)) }
			l.wantList(t, since(t, l.reader, l.start), l.start+tt.from)
			if l.pages < 2 {
				t.Errorf("read %d pages; nothing was lost between them", l.pages)
			}
		})
	}
}

// Pages are bounded in bytes, as far as the reader can know.
func TestPagesAreBounded(t *testing.T) { onEachServer(t, testPagesAreBounded) }

func testPagesAreBounded(t *testing.T, srv server) {
	const page = 256 << 10
	for _, tt := range []struct{ size, n int }{{100, 5000}, {1000, 2000}, {10_000, 200}, {100_000, 40}, {400_000, 40}} {
		rdb := newClient(t, srv.Options())
		b := newBackend(t, rdb, &rediscache.Options{Prefix: fmt.Sprint(tt.size, ":")})
		at := since(t, b, 0).Head
		for i := range tt.n {
			_, err := b.Append(t.Context(), cache.Event{Dependencies: []cache.Dependency{cache.Dependency(fmt.Sprint(i, strings.Repeat("x", tt.size)))}})
			must(t, err)
		}
		reader := newBackend(t, newClient(t, srv.Options()), &rediscache.Options{Prefix: fmt.Sprint(tt.size, ":")})
		pages, read := 0, 0
		for more := true; more; pages++ {
			events := sincePage(t, reader, at)
			bytes := 0
			for _, e := range events.List {
				bytes += len(e.Dependencies[0])
			}
			read += len(events.List)
			// The first is asked for in the dark: 32 events.
			if most := max(page, tt.size) * 5 / 4; pages > 0 && bytes > most {
				t.Errorf("events of %d bytes: page %d has %d bytes, want at most %d", tt.size, pages, bytes, most)
			}
			at, more = events.End(), events.More
		}
		if kept := tt.n; kept*tt.size <= 32<<20 && read != kept {
			t.Errorf("events of %d bytes: %d were read, want %d", tt.size, read, kept)
		}
		if most := 10 + 2*tt.n*tt.size/page + 2*tt.n/1000; pages > most && pages > tt.n {
			t.Errorf("events of %d bytes: %d pages, want at most %d", tt.size, pages, most)
		}
	}
}

// A reader to whom a page does not come in time asks for less, and gets on.
func TestSlowReaderGetsOn(t *testing.T) { onEachServer(t, testSlowReaderGetsOn) }

func testSlowReaderGetsOn(t *testing.T, srv server) {
	b, _ := process(t, srv)
	start := since(t, b, 0).Head
	const long, short = 100, 2000
	for i := range long + short {
		size := 20_000 // many times the average
		if i >= long {
			size = 100
		}
		_, err := b.Append(t.Context(), cache.Event{Dependencies: []cache.Dependency{cache.Dependency(strings.Repeat("x", size))}})
		must(t, err)
	}
	opts := srv.Options()
	opts.MaxRetries = -1
	opts.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		return slowConn{conn}, err
	}
	reader := newBackend(t, newClient(t, opts), nil)
	late := 0
	for at := start; at < start+long+short; {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		events, err := reader.Since(ctx, at)
		cancel()
		if err != nil {
			if late++; late > 60 {
				t.Fatalf("%d pages did not come in time; it is at %d of %d", late, at-start, long+short)
			}
			continue
		}
		if events.From != at {
			t.Fatalf("Since(%d): From %d", at, events.From)
		}
		at = events.End()
	}
	if late == 0 {
		t.Error("every page came in time: the test shows nothing")
	}
}

// A slowConn brings two megabytes a second.
type slowConn struct{ net.Conn }

func (c slowConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b[:min(len(b), 4096)])
	time.Sleep(time.Duration(n) * time.Second / (2 << 20))
	return n, err
}
