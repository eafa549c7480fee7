package rediscache

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/internal/glob"
)

// Clear deletes every value under the prefix, to give the memory back: by SCAN,
// without holding up the server, on every master of a cluster.
//
// The log stays, so that Clear disturbs no process; and it is no purge: a fill
// under way may store its page behind the SCAN. To make sure that nothing old
// is served, append an event that names [cache.All].
//
// [cache.All]: https://pkg.go.dev/github.com/uncache/uncache/cache#All
func (b *Backend) Clear(ctx context.Context) error {
	var err error
	switch c := b.rdb.(type) {
	case *redis.ClusterClient:
		err = c.ForEachMaster(ctx, b.clearNode)
	case *redis.Client:
		err = b.clearNode(ctx, c)
	}
	if err != nil {
		return fmt.Errorf("rediscache: clear %q: %w", b.opts.Prefix, err)
	}
	return nil
}

func (b *Backend) clearNode(ctx context.Context, node *redis.Client) error {
	const batch = 1000
	pattern := glob.Escape(b.opts.Prefix) + "*"
	var cursor uint64
	for {
		keys, next, err := node.Scan(ctx, cursor, pattern, batch).Result()
		if err != nil {
			return err
		}
		values := keys[:0]
		for _, key := range keys {
			if key != b.headKey && key != b.eventsKey {
				values = append(values, key)
			}
		}
		if err := b.unlink(ctx, values); err != nil {
			return err
		}
		if cursor = next; cursor == 0 {
			return nil
		}
	}
}
