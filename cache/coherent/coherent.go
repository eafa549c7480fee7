package coherent

import (
	"context"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/internal/engine"
)

// A Cache serves what a backend has stored, as far as the backend's log allows. All
// methods of the types of this package may be called from many goroutines at once,
// unless they say otherwise.
type Cache struct {
	engine *engine.Cache
	values *engine.Values[[]byte] // of Fetch

	fetches fetches
}

// New returns a Cache over b. Nil options mean the defaults. Call Close to stop its
// goroutines.
func New(b cache.Backend, opts *Options) (*Cache, error) {
	e, err := engine.New(b, opts.engine())
	if err != nil {
		return nil, err
	}
	return &Cache{engine: e, values: engine.NewValues(e, rawCodec{})}, nil
}

// Engine returns what decides for c. It is for packages of this module: no other can
// name what it returns.
func (c *Cache) Engine() *engine.Cache { return c.engine }

// Purge appends e to the log. After it has returned nil, no request that begins later
// is answered with a value that depends on what e names and was filled before. This
// holds in every process that shares the log; in one with a MaxStale, after MaxStale.
//
// The log is given bounded names ([cache.Event.Bounded]). An event of more than 10,000
// dependencies, or 4 MiB of them, becomes several. An event without an Origin gets
// Options.Origin.
//
// After an error it is not known whether the log has the event. Purging again is
// harmless. Purge works on a closed Cache, too.
func (c *Cache) Purge(ctx context.Context, e cache.Event) error { return c.engine.Purge(ctx, e) }

// PurgeTx is Purge in the transaction of exec, if the log is a [cache.TxLog] in that
// transaction's database: COMMIT purges, and ROLLBACK does not. Otherwise it returns
// nil, and nothing has happened: call Purge after COMMIT.
//
// Call the function that it returns after COMMIT. It has this process read the log at
// once, and returns nil. After an error the transaction must be rolled back.
func (c *Cache) PurgeTx(ctx context.Context, exec cache.Exec, e cache.Event) (then func(ctx context.Context) error, err error) {
	purged, err := c.engine.PurgeTx(ctx, exec, e)
	if purged == nil || err != nil {
		return nil, err
	}
	return func(ctx context.Context) error { purged(ctx); return nil }, nil
}

// Close stops the goroutines of the Cache and waits for them. Afterwards nothing is
// served from the cache or stored in it. Close does not close the backend. It may be
// called again, and always returns nil.
func (c *Cache) Close() error { return c.engine.Close() }
