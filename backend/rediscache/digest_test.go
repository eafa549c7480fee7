package rediscache_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/backend/rediscache"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/alongside"
	"github.com/uncache/uncache/internal/redistest"
)

// trips notes what a client sends together.
type trips struct {
	mu  sync.Mutex
	all []string
}

func (r *trips) DialHook(next redis.DialHook) redis.DialHook { return next }

func (r *trips) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		r.note(cmd)
		return next(ctx, cmd)
	}
}

func (r *trips) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		r.note(cmds...)
		return next(ctx, cmds)
	}
}

func (r *trips) note(cmds ...redis.Cmder) {
	var names []string
	for _, cmd := range cmds {
		names = append(names, cmd.Name())
	}
	if names[0] == "hello" || names[0] == "client" { // a new connection's
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, strings.Join(names, "+"))
}

// want fails unless these are the trips since the last time.
func (r *trips) want(t *testing.T, want ...string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(r.all, want) {
		t.Errorf("sent %q, want %q", r.all, want)
	}
	r.all = nil
}

func noted(rdb interface{ AddHook(redis.Hook) }) *trips {
	r := &trips{}
	rdb.AddHook(r)
	return r
}

// A server that does not know the script, or not any more, is taught it, and the
// event is there once.
func TestAppendTeachesTheScript(t *testing.T) { onEachServer(t, testAppendTeachesTheScript) }

func testAppendTeachesTheScript(t *testing.T, srv server) {
	b, rdb := process(t, srv)
	r := noted(rdb)
	first := purge(t, b, "1")
	r.want(t, "evalsha", "eval")
	purge(t, b, "2")
	r.want(t, "evalsha")
	must(t, rdb.ScriptFlush(t.Context()).Err())
	r.want(t, "script")
	if last := purge(t, b, "3"); last != first+2 {
		t.Errorf("Append after SCRIPT FLUSH: got position %d, want %d", last, first+2)
	}
	r.want(t, "evalsha", "eval")
	if events := since(t, b, first-1); len(events.List) != 3 {
		t.Errorf("Since(%d) = %+v, want three events", first-1, events)
	}
}

// A user who may only EVAL appends by that, and is not refused each time.
func TestAppendWithoutEvalsha(t *testing.T) {
	srv := redistest.New(t, redistest.Config{})
	must(t, newClient(t, srv.Options()).Do(t.Context(), "acl", "setuser", "bound", "on", ">pw", "~*", "+@all", "-evalsha").Err())
	opts := srv.Options()
	opts.Username, opts.Password = "bound", "pw"
	rdb := newClient(t, opts)
	r := noted(rdb)
	b := newBackend(t, rdb, nil)
	purge(t, b, "1")
	r.want(t, "evalsha", "eval")
	purge(t, b, "2")
	r.want(t, "eval")
}

func TestAppendTeachesEachNodeOfACluster(t *testing.T) {
	c := redistest.NewCluster(t, redistest.ClusterConfig{})
	rdb := redis.NewClusterClient(c.Options())
	t.Cleanup(func() { rdb.Close() })
	b := newBackend(t, rdb, nil)
	first := purge(t, b, "1")
	must(t, rdb.ForEachMaster(t.Context(), func(ctx context.Context, m *redis.Client) error { return m.ScriptFlush(ctx).Err() }))
	moveSlot(t, c, rdb, int(rdb.ClusterKeySlot(t.Context(), headKey).Val()))
	if pos := purge(t, b, "2"); pos <= first {
		t.Errorf("Append after the slot has moved: got %d, want one beyond %d", pos, first)
	}
}

// Keys go with the append, after the event, and before the replicas are waited for.
func TestKeysAreDeletedAlongsideTheAppend(t *testing.T) {
	onEachServer(t, testKeysAreDeletedAlongsideTheAppend)
}

func testKeysAreDeletedAlongsideTheAppend(t *testing.T, srv server) {
	b, rdb := process(t, srv)
	ctx := t.Context()
	deleting := func(l cache.Log) *alongside.Keys {
		t.Helper()
		must(t, b.Set(ctx, "a", []byte("x"), 0), b.Set(ctx, "{log}:head", []byte("x"), 0))
		keys := &alongside.Keys{Names: []string{"a", "{log}:head", "not there"}}
		_, err := l.Append(alongside.With(ctx, keys), cache.Event{Dependencies: []cache.Dependency{cache.Path("/a")}})
		must(t, err)
		return keys
	}
	deleting(b) // teaches the script
	r := noted(rdb)
	keys := deleting(b)
	r.want(t, "set", "set", "evalsha+unlink")
	for _, key := range keys.Names {
		if _, ok, _ := b.Get(ctx, key); ok || !keys.Gone {
			t.Errorf("%q is there: %v; Gone: %v; want it deleted", key, ok, keys.Gone)
		}
	}
	must(t, rdb.ScriptFlush(ctx).Err())
	head := since(t, b, 0).Head
	if keys := deleting(b); !keys.Gone || since(t, b, 0).Head != head+1 {
		t.Errorf("after SCRIPT FLUSH: Gone: %v, head %d; want the keys deleted and one event after %d", keys.Gone, since(t, b, 0).Head, head)
	}
}

// Whether keys can be deleted is nothing to the purge.
func TestKeysThatCannotBeDeletedAreNoFailure(t *testing.T) {
	srv := redistest.New(t, redistest.Config{})
	must(t, newClient(t, srv.Options()).Do(t.Context(), "acl", "setuser", "bound", "on", ">pw", "~*", "+@all", "-unlink").Err())
	opts := srv.Options()
	opts.Username, opts.Password = "bound", "pw"
	b := newBackend(t, newClient(t, opts), nil)
	keys := &alongside.Keys{Names: []string{"a"}}
	pos, err := b.Append(alongside.With(t.Context(), keys), cache.Event{})
	if err != nil || keys.Gone {
		t.Errorf("Append = %d, %v, Gone %v; want the event in the log, and keys that are not gone", pos, err, keys.Gone)
	}
}

func TestKeysAndReplicasInOneTrip(t *testing.T) {
	master := redistest.New(t, redistest.Config{})
	redistest.New(t, redistest.Config{ReplicaOf: master})
	rdb := newClient(t, master.Options())
	b := newBackend(t, rdb, &rediscache.Options{Replicas: 1})
	purge(t, b, "teaches the script")
	r := noted(rdb)
	keys := &alongside.Keys{Names: []string{"a"}}
	_, err := b.Append(alongside.With(t.Context(), keys), cache.Event{})
	must(t, err)
	r.want(t, "evalsha+unlink+wait")
}
