package rediscache_test

import (
	"fmt"
	"testing"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/redistest"
)

// Every test here takes Redis back in time between an event and a process that
// has not read it. To such a process head, events and pages agree; without the
// replication ID it would serve what was purged.

// warm reads until the reader need not ask the server any more: the second read
// asks again, since the first has dialled.
func warm(t *testing.T, reader cache.Log, head cache.Position) {
	t.Helper()
	for range 3 {
		if got := since(t, reader, 0); got.Head != head {
			t.Fatalf("Since(0): got head %d, want %d", got.Head, head)
		}
	}
}

func TestRestartWithOlderFile(t *testing.T) {
	srv := redistest.New(t, redistest.Config{})
	writer, rdb := process(t, srv)
	reader, _ := process(t, srv)
	old := purge(t, writer, "saved to the file")
	must(t, rdb.Save(t.Context()).Err())
	warm(t, reader, old)
	lost := purge(t, writer, "not in the file")
	must(t, srv.Restart(t.Context()))
	if n := rdb.XLen(t.Context(), eventsKey).Val(); n != 1 {
		t.Fatalf("%d events after the restart, want the one that was saved", n)
	}

	// The reader may be the first to come.
	if _, _, head, err := reader.GetHead(t.Context(), "k"); err != nil || head != 0 && head <= lost {
		t.Errorf("GetHead after the restart: got head %d, %v; want 0 or one beyond %d", head, err, lost)
	}
	wantEra(t, reader, old, lost)
	wantEra(t, writer, old, lost)
}

func TestAppendAfterRestartWithOlderFile(t *testing.T) {
	srv := redistest.New(t, redistest.Config{})
	writer, rdb := process(t, srv)
	old := purge(t, writer, "saved to the file")
	must(t, rdb.Save(t.Context()).Err())
	lost := purge(t, writer, "not in the file")
	must(t, srv.Restart(t.Context()))

	pos := purge(t, writer, "after the restart")
	if pos <= lost {
		t.Errorf("Append after the restart: got position %d, want one beyond %d, which had been given", pos, lost)
	}
	events := wantEra(t, writer, old, lost)
	if len(events.List) != 1 || events.List[0].Position != pos {
		t.Errorf("Since(%d) = %+v, want the event at %d alone", old, events.List, pos)
	}
}

// The same without a redis-server: head, events and page go back together, and
// nothing but the replication ID tells.
func TestOlderDataUnderAnotherHistory(t *testing.T) {
	srv := newMini(t)
	rdb := newClient(t, srv.Options())
	writer, reader := newBackend(t, rdb, nil), newBackend(t, newClient(t, srv.Options()), nil)
	old := purge(t, writer, "in the older data")
	head := rdb.Get(t.Context(), headKey).Val()
	warm(t, reader, old)
	lost := purge(t, writer, "not in the older data")
	srv.history.Store("fedcba9876543210fedcba9876543210fedcba98")
	must(t,
		rdb.Set(t.Context(), headKey, head, 0).Err(),
		rdb.XDel(t.Context(), eventsKey, fmt.Sprint(lost, "-0")).Err())
	// Over connections that stay open it is noticed when the last answer is too old.
	eventually(t, "the reader sees a new era", func() bool { return since(t, reader, old).From > lost })
	if pos := purge(t, writer, "after it"); pos <= lost {
		t.Errorf("Append after that: got position %d, want one beyond %d, which had been given", pos, lost)
	}
}

func TestRestartEmpty(t *testing.T) {
	srv := redistest.New(t, redistest.Config{})
	b, _ := process(t, srv)
	last := purge(t, b, "before")
	must(t, srv.RestartEmpty(t.Context()))
	wantEra(t, b, last, last)
}

func TestFlushed(t *testing.T) { onEachServer(t, testFlushed) }

func testFlushed(t *testing.T, srv server) {
	b, rdb := process(t, srv)
	last := purge(t, b, "before")
	must(t, rdb.FlushAll(t.Context()).Err())
	if _, _, head, err := b.GetHead(t.Context(), "k"); err != nil || head != 0 && head <= last {
		t.Errorf("GetHead after FLUSHALL: got head %d, %v; want 0 or one beyond %d", head, err, last)
	}
	wantEra(t, b, 0, last)
}

// The replica is cut off before the last event, then promoted. A client with
// one address, as behind a name or a virtual IP, reaches it by dialling.
func TestPromotedReplicaMissesTheLastEvent(t *testing.T) {
	f := newFailover(t)
	reader := f.process(t)
	writer := f.process(t)
	old := purge(t, writer, "replicated")
	f.cutOff(t)
	warm(t, reader, old)
	lost := purge(t, writer, "not replicated")
	must(t, f.a.Kill())
	f.moveToB(t)

	if _, _, head, err := reader.GetHead(t.Context(), "k"); err != nil || head != 0 && head <= lost {
		t.Errorf("GetHead after the failover: got head %d, %v; want 0 or one beyond %d", head, err, lost)
	}
	wantEra(t, reader, old, lost)
}

// A is replaced by B, which has one event less, and then by A again, which
// became B's replica: the run_id of A is the same as at the start, and its
// connections may have survived. Its data is B's.
func TestThereAndBackAgain(t *testing.T) {
	f := newFailover(t)
	reader := f.process(t)
	writer := f.process(t)
	old := purge(t, writer, "replicated")
	f.cutOff(t)
	warm(t, reader, old)
	lost := purge(t, writer, "not replicated")
	f.moveToB(t)

	ctx := t.Context()
	a, b := newClient(t, f.a.Options()), newClient(t, f.b.Options())
	host, port := hostPort(t, f.b.Addr)
	must(t, a.ReplicaOf(ctx, host, port).Err(), f.a.WaitSynced(ctx))
	if got := a.XLen(ctx, eventsKey).Val(); got != 1 {
		t.Fatalf("A has %d events as B's replica, want 1", got)
	}
	must(t, b.Close(), f.b.Kill(), a.ReplicaOf(ctx, "no", "one").Err())
	f.moveToA(t)

	wantEra(t, reader, old, lost)
}

// The same, with connections to A that nobody closed, as when REPLICAOF is
// given by hand. It is found out once the answer of the last ask is too old.
func TestThereAndBackOverALivingConnection(t *testing.T) {
	f := newFailover(t)
	reader, _ := process(t, f.a)
	writer, _ := process(t, f.a)
	old := purge(t, writer, "replicated")
	f.cutOff(t)
	warm(t, reader, old)
	lost := purge(t, writer, "not replicated")

	ctx := t.Context()
	a, b := newClient(t, f.a.Options()), newClient(t, f.b.Options())
	host, port := hostPort(t, f.b.Addr)
	must(t, b.ReplicaOf(ctx, "no", "one").Err(), a.ReplicaOf(ctx, host, port).Err(), f.a.WaitSynced(ctx))
	must(t, a.ReplicaOf(ctx, "no", "one").Err())
	eventually(t, "the reader sees a new era", func() bool {
		return since(t, reader, old).From > lost
	})
}

// A master is made a replica of a server with other data, behind a connection
// that stays open. The replication ID in the head gives it away at once.
func TestMasterBecomesReplicaBehindALivingConnection(t *testing.T) {
	a, b := redistest.New(t, redistest.Config{}), redistest.New(t, redistest.Config{})
	opts := a.Options()
	opts.MaxRetries = -1
	rdb := newClient(t, opts)
	reader := newBackend(t, rdb, nil)
	warm(t, reader, purge(t, reader, "on A"))
	other, _ := process(t, b)
	purge(t, other, "on B")

	host, port := hostPort(t, b.Addr)
	must(t, rdb.ReplicaOf(t.Context(), host, port).Err(), a.WaitSynced(t.Context()))
	if _, _, head, err := reader.GetHead(t.Context(), "k"); head != 0 {
		t.Errorf("GetHead on what has become a replica: got head %d, %v; want 0", head, err)
	}
	if events, err := reader.Since(t.Context(), 0); err == nil {
		t.Errorf("Since(0) on what has become a replica = %+v, want an error", events)
	}
}

func TestReplicaIsRefused(t *testing.T) {
	master := redistest.New(t, redistest.Config{})
	replica := redistest.New(t, redistest.Config{ReplicaOf: master})
	m, _ := process(t, master)
	purge(t, m, "on the master")
	opts := replica.Options()
	opts.MaxRetries = -1
	b := newBackend(t, newClient(t, opts), nil)
	if events, err := b.Since(t.Context(), 0); err == nil {
		t.Errorf("Since(0) on a replica = %+v, want an error", events)
	}
	if pos, err := b.Append(t.Context(), cache.Event{}); err == nil {
		t.Errorf("Append on a replica = %d, want an error", pos)
	}
	if _, _, head, _ := b.GetHead(t.Context(), "k"); head != 0 {
		t.Errorf("GetHead on a replica: got head %d, want 0", head)
	}
}

// A client made by WithTimeout shares its connections with the one it was made
// from, and the hooks of neither see the other's dials.
func TestClientWhoseDialsAreNotSeen(t *testing.T) {
	srv := redistest.New(t, redistest.Config{})
	rdb := newClient(t, srv.Options())
	reader := newBackend(t, rdb.WithTimeout(rdb.Options().ReadTimeout), nil)
	writer, _ := process(t, srv)
	old := purge(t, writer, "saved to the file")
	must(t, rdb.Save(t.Context()).Err())
	warm(t, reader, old)
	lost := purge(t, writer, "not in the file")
	must(t, srv.Restart(t.Context()))
	wantEra(t, reader, old, lost)
}
