package rediscache_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/backend/rediscache"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/redistest"
)

// newFenced returns a failover whose A is fenced without its replica.
func newFenced(t *testing.T) *failover {
	t.Helper()
	f := &failover{a: redistest.New(t, redistest.Config{})}
	f.b = redistest.New(t, redistest.Config{ReplicaOf: f.a})
	f.addr.Store(&f.a.Addr)
	a := newClient(t, f.a.Options())
	must(t, a.ConfigSet(t.Context(), "min-replicas-max-lag", "1").Err(), a.ConfigSet(t.Context(), "min-replicas-to-write", "1").Err())
	waitWritable(t, a)
	return f
}

func waitWritable(t *testing.T, rdb *redis.Client) {
	t.Helper()
	eventually(t, "the server takes writes", func() bool { return rdb.Set(t.Context(), "probe", "x", 0).Err() == nil })
}

// waitFenced waits until a server refuses writes.
func waitFenced(t *testing.T, s *redistest.Server) {
	t.Helper()
	opts := s.Options()
	opts.MaxRetries = -1
	rdb := newClient(t, opts)
	eventually(t, "the server is fenced", func() bool {
		return redis.HasErrorPrefix(rdb.Set(t.Context(), "probe", "x", 0).Err(), "NOREPLICAS")
	})
}

// A process that still reaches the old master, over connections that stay open,
// does not believe it for longer than a second after the fence.
func TestFencedMasterIsNotBelieved(t *testing.T) {
	for name, opts := range map[string]func(*redistest.Server) *redis.Options{
		"go-redis's defaults": (*redistest.Server).Options,
		"INFO is hidden": func(s *redistest.Server) *redis.Options {
			admin := newClient(t, s.Options())
			must(t, admin.Do(t.Context(), "acl", "setuser", "blind", "on", ">pw", "~*", "+@all", "-info").Err())
			opts := s.Options()
			opts.Username, opts.Password = "blind", "pw"
			return opts
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFenced(t)
			reader := newBackend(t, newClient(t, opts(f.a)), nil)
			last := purge(t, reader, "on both")
			must(t, reader.Set(t.Context(), "k", []byte("old"), 0))
			f.cutOff(t)
			waitFenced(t, f.a)
			fenced := time.Now()

			var believed time.Duration // for how long
			for time.Since(fenced) < 3*time.Second {
				began := time.Since(fenced)
				if _, _, head, err := reader.GetHead(within(t, time.Second), "k"); err == nil && head != 0 {
					believed = began
				}
				if _, err := reader.Since(within(t, time.Second), last); err == nil {
					believed = max(believed, began)
				}
				time.Sleep(5 * time.Millisecond)
			}
			t.Logf("the fenced master was believed for %v", believed)
			if believed > 1100*time.Millisecond {
				t.Errorf("the fenced master was believed for %v, want at most a second", believed)
			}
			value, ok, head, err := reader.GetHead(t.Context(), "k")
			if err != nil || !ok || string(value) != "old" || head != 0 {
				t.Errorf("GetHead = %q, %v, head %d, %v; want the value without a head", value, ok, head, err)
			}
			if events, err := reader.Since(t.Context(), last); !errors.Is(err, rediscache.ErrFenced) {
				t.Errorf("Since = %+v, %v; want ErrFenced", events, err)
			}
			if pos, err := reader.Append(t.Context(), cache.Event{}); !errors.Is(err, rediscache.ErrFenced) {
				t.Errorf("Append = %d, %v; want ErrFenced", pos, err)
			}
			if err := reader.Reach(t.Context()); !errors.Is(err, rediscache.ErrFenced) {
				t.Errorf("Reach = %v, want ErrFenced", err)
			}

			// With a replica again it is the master.
			ctx := t.Context()
			host, port := hostPort(t, f.a.Addr)
			must(t, newClient(t, f.b.Options()).ReplicaOf(ctx, host, port).Err(), f.b.WaitSynced(ctx))
			waitWritable(t, newClient(t, f.a.Options()))
			if events := since(t, reader, last); events.Head != last {
				t.Errorf("Since(%d) when the replica is back = %+v, want nothing new", last, events)
			}
			must(t, reader.Reach(ctx))
		})
	}
}

// Asking leaves nothing behind, in the data or for the replicas.
func TestAskingForTheFenceWritesNothing(t *testing.T) {
	f := newFenced(t)
	b, rdb := process(t, f.a)
	head := purge(t, b, "a purge")
	waitReplicated(t, rdb)
	offset := func() string {
		_, rest, _ := strings.Cut(rdb.Info(t.Context(), "persistence").Val(), "rdb_changes_since_last_save:")
		changes, _, _ := strings.Cut(rest, "\r\n")
		return changes
	}
	before, keys := offset(), rdb.DBSize(t.Context()).Val()
	for range 3 {
		fresh, _ := process(t, f.a)
		warm(t, fresh, head)
	}
	if after := offset(); after != before || before == "" {
		t.Errorf("%s changes before it was asked, %s after", before, after)
	}
	if n := rdb.DBSize(t.Context()).Val(); n != keys {
		t.Errorf("%d keys, want %d", n, keys)
	}
}

// Where the fence cannot be asked for, hits go on and the operator is told.
func TestUnfencedIsTold(t *testing.T) {
	master := redistest.New(t, redistest.Config{})
	admin := newClient(t, master.Options())
	told := func(opts *redis.Options) int {
		t.Helper()
		var obs observations
		b := newBackend(t, newClient(t, opts), &rediscache.Options{Observe: obs.add})
		warm(t, b, purge(t, b, "a purge"))
		return obs.count(rediscache.OpUnfenced)
	}
	if n := told(master.Options()); n != 0 {
		t.Errorf("a server without replicas: told %d times that there is no fence, want 0", n)
	}
	redistest.New(t, redistest.Config{ReplicaOf: master})
	if n := told(master.Options()); n != 1 {
		t.Errorf("a server with a replica and without min-replicas-to-write: told %d times, want once", n)
	}
	must(t, admin.ConfigSet(t.Context(), "min-replicas-to-write", "1").Err())
	waitWritable(t, admin)
	if n := told(master.Options()); n != 0 {
		t.Errorf("a server with min-replicas-to-write: told %d times, want 0", n)
	}
	must(t, admin.Do(t.Context(), "acl", "setuser", "bound", "on", ">pw", "~*", "+@all", "-unlink").Err())
	opts := master.Options()
	opts.Username, opts.Password = "bound", "pw"
	if n := told(opts); n != 1 {
		t.Errorf("a user who may not UNLINK: told %d times, want once", n)
	}
}

// A server that is not fenced and cannot write to its disk refuses writes, too. No
// purge is lost by that, and hits go on.
func TestFullDiskIsNoFence(t *testing.T) {
	srv := redistest.New(t, redistest.Config{})
	b, rdb := process(t, srv)
	ctx := t.Context()
	head := purge(t, b, "a purge")
	failSaves(t, rdb)
	fresh, _ := process(t, srv)
	warm(t, fresh, head)
	if pos, err := b.Append(ctx, cache.Event{}); err == nil {
		t.Errorf("Append = %d, want the error of a server that cannot write", pos)
	}
}

// The same of a server that may be fenced: its disk is what it complains of first.
func TestFullDiskHidesTheFence(t *testing.T) {
	f := newFenced(t)
	b, rdb := process(t, f.a)
	purge(t, b, "a purge")
	failSaves(t, rdb)
	fresh, _ := process(t, f.a)
	if events, err := fresh.Since(t.Context(), 0); err == nil {
		t.Errorf("Since = %+v, want the error of a server that cannot say whether it is fenced", events)
	}
}

// failSaves has the server fail to save, so that it refuses writes.
func failSaves(t *testing.T, rdb *redis.Client) {
	t.Helper()
	ctx := t.Context()
	must(t, rdb.ConfigSet(ctx, "save", "3600 1").Err())
	// The file that is to be written is a folder.
	must(t, os.MkdirAll(filepath.Join(rdb.ConfigGet(ctx, "dir").Val()["dir"], "dump.rdb", "full"), 0o700))
	eventually(t, "the server refuses writes", func() bool {
		_ = rdb.BgSave(ctx).Err()
		return redis.HasErrorPrefix(rdb.Set(ctx, "probe", "x", 0).Err(), "MISCONF")
	})
}

// A replica is refused where INFO is hidden, too.
func TestReplicaIsRefusedWithoutInfo(t *testing.T) {
	master := redistest.New(t, redistest.Config{})
	replica := redistest.New(t, redistest.Config{ReplicaOf: master})
	m, _ := process(t, master)
	purge(t, m, "on the master")
	must(t, newClient(t, replica.Options()).Do(t.Context(), "acl", "setuser", "blind", "on", ">pw", "~*", "+@all", "-info").Err())
	opts := replica.Options()
	opts.MaxRetries, opts.Username, opts.Password = -1, "blind", "pw"
	var obs observations
	b := newBackend(t, newClient(t, opts), &rediscache.Options{Observe: obs.add})
	if events, err := b.Since(t.Context(), 0); err == nil {
		t.Errorf("Since(0) on a replica = %+v, want an error", events)
	}
	if _, _, head, _ := b.GetHead(t.Context(), "k"); head != 0 {
		t.Errorf("GetHead on a replica: got head %d, want 0", head)
	}
	if n := obs.count(rediscache.OpReplica); n != 1 {
		t.Errorf("told %d times of a replica, want once", n)
	}
}
