package rediscache_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/backend/rediscache"
	"github.com/uncache/uncache/cache"
)

// A head in which anything is changed is not relied on.
func TestDamagedHeadBeginsAnEra(t *testing.T) { onEachServer(t, testDamagedHeadBeginsAnEra) }

func testDamagedHeadBeginsAnEra(t *testing.T, srv server) {
	b, rdb := process(t, srv)
	ctx := t.Context()
	purge(t, b, "first")
	length := len(rdb.Get(ctx, headKey).Val())
	for i := range length {
		last := purge(t, b, fmt.Sprint("before byte ", i))
		warm(t, b, last)
		head := []byte(rdb.Get(ctx, headKey).Val())
		if head[i]++; head[i] == '9'+1 {
			head[i] = '1'
		}
		must(t, rdb.Set(ctx, headKey, head, 0).Err())
		if _, _, got, err := b.GetHead(ctx, "k"); err != nil || got != 0 {
			t.Errorf("GetHead with the head %q: got %d, %v; want none", head, got, err)
		}
		events := since(t, b, last-1)
		if events.From <= last {
			t.Errorf("Since(%d) with the head %q = Head %d, From %d; want From beyond %d, in a new era", last-1, head, events.Head, events.From, last)
		}
	}
}

// A log of an older release, whose head has no checksum, is not continued.
func TestHeadOfAnOlderRelease(t *testing.T) { onEachServer(t, testHeadOfAnOlderRelease) }

func testHeadOfAnOlderRelease(t *testing.T, srv server) {
	b, rdb := process(t, srv)
	last := purge(t, b, "an event")
	pos, id, total := readHead(t, rdb)
	for _, head := range []string{fmt.Sprint(pos, " ", id), fmt.Sprint(pos, " ", id, " ", total)} {
		must(t, rdb.Set(t.Context(), headKey, head, 0).Err())
		last = wantEra(t, b, last, last).Head
	}
}

// Whatever byte is changed between Redis and a process, in any reply, a purge that
// was acknowledged is known to it or nothing older is served.
func TestChangedByteOnTheWay(t *testing.T) { onEachServer(t, testChangedByteOnTheWay) }

func testChangedByteOnTheWay(t *testing.T, srv server) {
	writer, _ := process(t, srv)
	for name, change := range map[string]struct{ old, new string }{
		"a dependency":   {"group:wanted", "group:wonted"},
		"a reason":       {"because of 7", "because of 8"},
		"an entry's ID":  {"-0\r\n", "-1\r\n"},
		"a field's name": {"deps\r\n", "depz\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			reader := newBackend(t, newClient(t, changing(srv, change.old, change.new)), nil)
			start := since(t, reader, 0).Head
			_, err := writer.Append(t.Context(), cache.Event{Dependencies: []cache.Dependency{cache.Group("wanted")}, Reason: "because of 7"})
			must(t, err)
			if events, err := reader.Since(t.Context(), start); err == nil && events.From <= start {
				t.Errorf("Since(%d) = %+v; want a gap, or an error", start, events)
			}
		})
	}
}

// A digit of the head is changed in each of the replies that tell it.
func TestChangedHeadOnTheWay(t *testing.T) { onEachServer(t, testChangedHeadOnTheWay) }

func testChangedHeadOnTheWay(t *testing.T, srv server) {
	writer, _ := process(t, srv)
	head := purge(t, writer, "first") + 1
	liar := newBackend(t, newClient(t, changing(srv, fmt.Sprint(uint64(head), " "), fmt.Sprint(uint64(head-1), " "))), nil)
	warm(t, liar, head-1)
	if got := purge(t, writer, "second"); got != head {
		t.Fatalf("Append: got %d, want %d", got, head)
	}
	for range 3 {
		if _, _, got, err := liar.GetHead(t.Context(), "k"); err == nil && got != 0 && got < head {
			t.Errorf("GetHead = %d, and %d was acknowledged", got, head)
		}
		if events, err := liar.Since(t.Context(), head-1); err == nil && events.Head < head {
			t.Errorf("Since(%d) = %+v, and %d was acknowledged", head-1, events, head)
		}
	}
}

// changing returns the options of a client whose replies are changed on their way.
func changing(srv server, old, with string) *redis.Options {
	opts := srv.Options()
	opts.MaxRetries = -1
	opts.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		return changedConn{conn, []byte(old), []byte(with)}, err
	}
	return opts
}

type changedConn struct {
	net.Conn
	old, with []byte
}

func (c changedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	copy(b, bytes.ReplaceAll(b[:n], c.old, c.with))
	return n, err
}

const tenYears = cache.Position(10 * 365 * 24 * time.Hour / time.Microsecond)

// The server's clock was wrong by far when an era began, or somebody else has
// written the head. Positions that far ahead would be given for ever.
func TestHeadFarBeyondTheClock(t *testing.T) { onEachServer(t, testHeadFarBeyondTheClock) }

func testHeadFarBeyondTheClock(t *testing.T, srv server) {
	ctx := t.Context()
	b, rdb := process(t, srv)
	purge(t, b, "before")
	now := cache.Position(time.Now().UnixMicro())
	for name, ahead := range map[string]cache.Position{
		"eleven years":      tenYears * 11 / 10,
		"a hundred years":   tenYears * 10,
		"as far as it goes": 1<<53 - 2 - now,
	} {
		for _, first := range []string{"append", "read"} {
			t.Run(name+", "+first, func(t *testing.T) {
				_, id, total := readHead(t, rdb)
				far := now + ahead
				must(t, rdb.Set(ctx, headKey, rediscache.Head(far, id, total), 0).Err())
				must(t, rdb.XAdd(ctx, &redis.XAddArgs{Stream: eventsKey, ID: fmt.Sprint(uint64(far), "-0"), Values: []string{"sum", "1"}}).Err())
				reader, _ := process(t, srv)
				if first == "append" {
					if pos := purge(t, b, "after"); pos < now || pos > now+tenYears {
						t.Errorf("Append: got %d, want an era at the clock, about %d", pos, now)
					}
				}
				// The process that was ahead is told where the log begins now.
				events := since(t, reader, far)
				if events.Head >= now+tenYears || events.Head < now || events.From != events.Head || len(events.List) != 0 {
					t.Errorf("Since(%d) = %+v, want the start of an era at the clock, about %d", far, events, now)
				}
				warm(t, reader, events.Head)
				if pos := purge(t, b, "goes on"); pos != events.Head+1 {
					t.Errorf("Append: got %d, want %d", pos, events.Head+1)
				}
			})
		}
	}
}

// Nine years are a clock that was set back.
func TestHeadNineYearsBeyondTheClock(t *testing.T) { onEachServer(t, testHeadNineYearsBeyondTheClock) }

func testHeadNineYearsBeyondTheClock(t *testing.T, srv server) {
	b, rdb := process(t, srv)
	purge(t, b, "before")
	_, id, total := readHead(t, rdb)
	far := cache.Position(time.Now().UnixMicro()) + tenYears*9/10
	must(t, rdb.Set(t.Context(), headKey, rediscache.Head(far, id, total), 0).Err())
	if pos := purge(t, b, "after"); pos != far+1 {
		t.Errorf("Append: got %d, want %d", pos, far+1)
	}
	if events := since(t, b, far); events.Head != far+1 || len(events.List) != 1 {
		t.Errorf("Since(%d) = %+v, want one event", far, events)
	}
}
