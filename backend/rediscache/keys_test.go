package rediscache_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/backend/rediscache"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/redistest"
)

func allKeys(t *testing.T, rdb *redis.Client) []string {
	t.Helper()
	keys, err := rdb.Keys(t.Context(), "*").Result()
	must(t, err)
	slices.Sort(keys)
	return keys
}

func TestKeys(t *testing.T) { onEachServer(t, testKeys) }

func testKeys(t *testing.T, srv server) {
	rdb := newClient(t, srv.Options())
	b := newBackend(t, rdb, &rediscache.Options{Prefix: "shop:"})
	ctx := t.Context()
	must(t, b.Set(ctx, "/a", []byte("page"), time.Minute), b.Set(ctx, "/b", nil, 0))
	purge(t, b, "a purge")
	since(t, b, 0)
	want := []string{"shop:/a", "shop:/b", "shop:{log}:events", "shop:{log}:head"}
	if got := allKeys(t, rdb); !slices.Equal(got, want) {
		t.Errorf("keys in Redis: got %q, want %q", got, want)
	}
	if got := rdb.PTTL(ctx, "shop:/a").Val(); got <= 0 || got > time.Minute {
		t.Errorf("PTTL shop:/a = %v, want at most a minute", got)
	}
	if got := rdb.PTTL(ctx, "shop:/b").Val(); got != -1 {
		t.Errorf("PTTL shop:/b = %v, want -1: no expiry", got)
	}
}

// A value under a key that looks like the log's does not touch the log, nor
// another value.
func TestKeysOfTheLogAsKeys(t *testing.T) { onEachServer(t, testKeysOfTheLogAsKeys) }

func testKeysOfTheLogAsKeys(t *testing.T, srv server) {
	b, _ := process(t, srv)
	ctx := t.Context()
	first := purge(t, b, "a purge")
	keys := []string{"{log}:head", "{log}:events", "{log}:value:{log}:head", "{log}:", "value:{log}:head"}
	for _, key := range keys {
		must(t, b.Set(ctx, key, []byte(key), 0))
	}
	for _, key := range keys {
		if got, ok, err := b.Get(ctx, key); err != nil || !ok || string(got) != key {
			t.Errorf("Get(%q) = %q, %v, %v; want what was stored under it", key, got, ok, err)
		}
	}
	must(t, b.Delete(ctx, keys...))
	if pos := purge(t, b, "another"); pos != first+1 {
		t.Errorf("Append: got position %d, want %d", pos, first+1)
	}
}

func TestTTLIsRoundedUp(t *testing.T) {
	srv := redistest.New(t, redistest.Config{})
	b, rdb := process(t, srv)
	for _, tt := range []struct{ ttl, atLeast, atMost time.Duration }{
		{time.Minute + 1, time.Minute - time.Second, time.Minute + time.Millisecond},
		{1<<63 - 1, 1<<63 - 1 - time.Hour, 1<<63 - 1},
	} {
		must(t, b.Set(t.Context(), "k", nil, tt.ttl))
		if got := rdb.PTTL(t.Context(), "uncache:k").Val(); got < tt.atLeast || got > tt.atMost {
			t.Errorf("PTTL after Set for %v = %v, want %v to %v", tt.ttl, got, tt.atLeast, tt.atMost)
		}
	}
	// Too short to be seen alive for sure; 0 would live for ever.
	must(t, b.Set(t.Context(), "k", nil, 1))
	eventually(t, "a ttl of 1 ns has passed", func() bool {
		_, ok, err := b.Get(t.Context(), "k")
		must(t, err)
		return !ok
	})
}

func TestClear(t *testing.T) { onEachServer(t, testClear) }

func testClear(t *testing.T, srv server) {
	rdb := newClient(t, srv.Options())
	ctx := t.Context()
	// As patterns, these prefixes would match the keys of the neighbours.
	for prefix, neighbour := range map[string]string{
		"a*:": "ab:k", "b?:": "bc:k", "c[d]:": "cd:k", `e\:`: "e:k", "f:": "g:k",
	} {
		b := newBackend(t, rdb, &rediscache.Options{Prefix: prefix})
		pos := purge(t, b, "a purge")
		must(t, rdb.Set(ctx, neighbour, "v", 0).Err())
		for i := range 2500 {
			must(t, b.Set(ctx, fmt.Sprint(i), nil, 0))
		}
		must(t, b.Clear(ctx))
		want := []string{neighbour, prefix + "{log}:events", prefix + "{log}:head"}
		slices.Sort(want)
		if got := allKeys(t, rdb); !slices.Equal(got, want) {
			t.Errorf("after Clear with prefix %q: got %d keys %.200q, want %q", prefix, len(got), got, want)
		}
		if got := since(t, b, pos-1); got.Head != pos || len(got.List) != 1 {
			t.Errorf("after Clear: Since(%d) = %+v, want the event at %d", pos-1, got, pos)
		}
		must(t, rdb.FlushAll(ctx).Err())
	}
}

// The permissions are those of the package comment.
const permissions = "+get +mget +set +unlink +eval +time +info +xadd +xrange +xrevrange +scan"

func TestPermissions(t *testing.T) {
	srv := redistest.New(t, redistest.Config{})
	admin := newClient(t, srv.Options())
	user := func(allowed ...string) *rediscache.Backend {
		args := []any{"acl", "setuser", "cache", "reset", "on", ">pw", "~uncache:*"}
		for _, a := range allowed {
			args = append(args, a)
		}
		must(t, admin.Do(t.Context(), args...).Err())
		opts := srv.Options()
		opts.Username, opts.Password = "cache", "pw"
		return newBackend(t, newClient(t, opts), nil)
	}
	all := strings.Fields(permissions)
	use := func(b *rediscache.Backend) []error {
		ctx := t.Context()
		pos, err := b.Append(ctx, cache.Event{})
		errs := []error{err}
		_, err = b.Since(ctx, pos-1)
		errs = append(errs, err, b.Set(ctx, "k", nil, 0))
		_, _, _, err = b.GetHead(ctx, "k")
		_, _, failed := b.Get(ctx, "k")
		errs = append(errs, err, failed, b.Delete(ctx, "k"), b.Clear(ctx))
		must(t, admin.FlushAll(ctx).Err())
		return errs
	}
	for _, err := range use(user(all...)) {
		if err != nil {
			t.Errorf("with %s: %v", permissions, err)
		}
	}
	// Each one is needed, but for three: what they give is done without.
	for i, p := range all {
		some := slices.Delete(slices.Clone(all), i, i+1)
		failed := slices.ContainsFunc(use(user(some...)), func(err error) bool { return err != nil })
		if spare := slices.Contains([]string{"+info", "+mget", "+xrevrange"}, p); failed == spare {
			t.Errorf("without %s: an error: %v, want %v", p, failed, !spare)
		}
	}
}

func TestPermissionsOnCluster(t *testing.T) {
	c := redistest.NewCluster(t, redistest.ClusterConfig{})
	for _, s := range c.Masters {
		args := []any{"acl", "setuser", "cache", "reset", "on", ">pw", "~uncache:*"}
		for _, p := range strings.Fields(permissions + " +cluster|slots +asking +command") {
			args = append(args, p)
		}
		must(t, newClient(t, s.Options()).Do(t.Context(), args...).Err())
	}
	opts := c.Options()
	opts.Username, opts.Password = "cache", "pw"
	rdb := redis.NewClusterClient(opts)
	t.Cleanup(func() { rdb.Close() })
	b := newBackend(t, rdb, nil)
	ctx := t.Context()
	pos := purge(t, b, "a purge")
	warm(t, b, pos)
	for _, key := range []string{"a", "b", "c", "d", "e"} {
		must(t, b.Set(ctx, key, []byte(key), 0))
		// Where the page is on the log's node, the first read dials, and the
		// head does not count.
		eventually(t, "GetHead knows the head", func() bool {
			value, _, head, err := b.GetHead(ctx, key)
			if err != nil || string(value) != key || head != 0 && head != pos {
				t.Fatalf("GetHead(%s) = %q, %d, %v; want %q, %d, nil", key, value, head, err, key, pos)
			}
			return head == pos
		})
		must(t, b.Delete(ctx, key))
	}
	must(t, b.Clear(ctx))
}
