package bounded

import (
	"context"

	"github.com/uncache/uncache/cache"
)

// Append implements [cache.Log], see [memory.Log.Append].
func (b *Backend) Append(ctx context.Context, e cache.Event) (cache.Position, error) {
	return b.log.Append(ctx, e)
}

// Since implements [cache.Log], see [memory.Log.Since].
func (b *Backend) Since(ctx context.Context, after cache.Position) (cache.Events, error) {
	return b.log.Since(ctx, after)
}

// Head implements [cache.LocalLog], see [memory.Log.Head].
func (b *Backend) Head() cache.Position { return b.log.Head() }
