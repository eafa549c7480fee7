package rediscache_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/internal/redistest"
)

// Where MGET is refused, what it would have read is read by GETs.
func TestReadsWithoutMGET(t *testing.T) {
	for _, test := range []struct {
		name   string
		config redistest.Config
		setUp  []any
		user   string
	}{
		{
			name:   "a node of a cluster",
			config: redistest.Config{Args: []string{"--cluster-enabled", "yes"}},
			setUp:  []any{"CLUSTER", "ADDSLOTSRANGE", 0, 16383},
		},
		{
			name: "a user without +mget",
			setUp: []any{"ACL", "SETUSER", "reader", "on", "nopass", "~uncache:*",
				"+get", "+set", "+hset", "+eval", "+time", "+info", "+xadd", "+xrange", "+xrevrange"},
			user: "reader",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			srv := redistest.New(t, test.config)
			admin := newClient(t, srv.Options())
			must(t, admin.Do(t.Context(), test.setUp...).Err())
			opts := srv.Options()
			if opts.Username = test.user; test.user != "" {
				opts.Password = "any"
			}
			rdb := redis.NewClient(opts)
			defer rdb.Close()
			b := newBackend(t, rdb, nil)
			eventually(t, "the node takes commands", func() bool { return b.Set(t.Context(), "k", []byte("v"), 0) == nil })
			must(t, rdb.HSet(t.Context(), "uncache:other", "not", "ours").Err())
			for i := range 3 {
				last := purge(t, b, fmt.Sprint("purge ", i))
				var all sync.WaitGroup
				for range 40 {
					for key, want := range map[string]string{"k": "v", "nothing": "", "other": ""} {
						all.Go(func() {
							v, ok, head, err := b.GetHead(t.Context(), key)
							if err != nil || string(v) != want || ok != (want != "") || head != 0 && head != last {
								t.Errorf("GetHead(%s) = %q, %v, %d, %v; want %q, and %d or 0", key, v, ok, head, err, want, last)
							}
						})
					}
				}
				all.Wait()
				if _, _, head, _ := b.GetHead(t.Context(), "k"); head != last {
					t.Errorf("head %d, want %d", head, last)
				}
			}
		})
	}
}
