package pagecache

import (
	"context"
	"errors"
	"slices"

	"github.com/uncache/uncache/cache"
)

// PurgeTx is [Cache.Purge] in the transaction of exec, if the log is a [cache.TxLog] in
// that transaction's database: COMMIT purges, and ROLLBACK does not. Otherwise it
// returns nil, and nothing has happened: call Purge after COMMIT.
//
// Call the function that it returns after COMMIT: it frees memory, and has pages warmed.
// It returns an error for a name that nothing can depend on. After an error of PurgeTx
// itself the transaction must be rolled back.
func (c *Cache) PurgeTx(ctx context.Context, exec cache.Exec, e cache.Event) (then func(ctx context.Context) error, err error) {
	e.Dependencies = slices.Clone(e.Dependencies) // for what is done after COMMIT
	refused := uncanonical(e.Dependencies)
	var malformed error
	e.Dependencies, malformed = c.canonical(e.Dependencies)
	primary := c.freed(e)
	purged, err := c.values.PurgeTx(ctx, exec, e, primary...)
	if purged == nil || err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		purged(ctx)
		c.recorded(ctx, e, primary)
		return errors.Join(refused, malformed)
	}, nil
}
