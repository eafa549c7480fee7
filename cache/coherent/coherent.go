package coherent

import (
	"context"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/internal/engine"
)

// A Cache serves what is stored in a backend as long as the backend's log does
// not speak against it. It is safe for concurrent use; so is every method of
// the types of this package unless it says otherwise.
type Cache struct {
	engine *engine.Cache
	values *engine.Values[[]byte] // of Fetch
}

// ErrUnavailable is what lookups and fills return, wrapped together with what
// failed first, while the backend does not answer.
var ErrUnavailable = engine.ErrUnavailable

// New returns a Cache over b. A nil opts means the defaults.
//
// Close stops what New starts.
func New(b cache.Backend, opts *Options) (*Cache, error) {
	e, err := engine.New(b, opts.engine())
	if err != nil {
		return nil, err
	}
	return &Cache{engine: e, values: engine.NewValues(e, rawCodec{})}, nil
}

// Engine returns what decides for c. It is for package pagecache: what it returns
// has no name outside of this module.
func (c *Cache) Engine() *engine.Cache { return c.engine }

// Purge appends e to the log. When it has returned nil, no request that begins
// later, in any process that shares the log, is answered with a value that
// depends on what e names and whose fill began before; a process with a
// MaxStale keeps to that after MaxStale.
//
// The log is given bounded names ([cache.Event.Bounded]), and several events if e
// names more than 10,000 dependencies, or 4 MiB of them. An event without an
// Origin gets that of the Options.
//
// An error means that it is not known whether the event was recorded. To purge
// again is harmless. Purge works on a closed Cache too.
func (c *Cache) Purge(ctx context.Context, e cache.Event) error { return c.engine.Purge(ctx, e) }

// Close stops what runs in the background and waits for reads of the log that
// are under way. Afterwards nothing is served from the cache or stored in it.
// The backend is not closed: it belongs to who made it. Close may be called
// again; it always returns nil.
func (c *Cache) Close() error { return c.engine.Close() }
