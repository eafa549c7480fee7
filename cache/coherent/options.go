package coherent

import (
	"time"

	"github.com/uncache/uncache/cache/internal/engine"
)

// Options configures a [Cache]. The zero value is the default.
type Options struct {
	// MaxStale is how old this process's view of the log may be when it
	// serves. With 0, the default, every request confirms the head of the log,
	// and nothing older than a returned purge is ever served. With a positive
	// MaxStale a background reader keeps the view that fresh, hits in a near
	// tier cost no round trip, and a request may be answered with what a purge
	// made stale at most MaxStale ago. It has no effect where the log is in
	// this process's memory. At least 1 ms.
	MaxStale time.Duration

	// MaxDependencies bounds the memory of the view: how many purged names it
	// keeps, 17 bytes each when it is full and at most 64 while it grows; a name
	// purged both hard and softly counts twice. Names share buckets of 16. A full
	// bucket forgets its oldest name: pages that are older than this purge and
	// depend on another name of the bucket are made anew. Default 1<<21, 34 MiB;
	// at most 1<<28.
	MaxDependencies int

	// Timeout is how long one lookup waits for the backend, for all it asks of
	// it before it gives up; the same again for storing a value. A backend that
	// takes nearly as long for every answer is used all the same. Default 50 ms,
	// at least 1 ms.
	Timeout time.Duration

	// NoBreaker makes every request ask the backend, however long that has not
	// answered, and wait for it up to Timeout.
	//
	// By default the first lookup that fails, while none that began after it is
	// answered, is the last to wait: requests then do without the cache at once,
	// with [ErrUnavailable], and nothing is stored, until the backend has
	// answered and its log was read. It is asked in the background, at once and
	// then at intervals that grow to a second. Purges are always tried, and one
	// that succeeds has it asked at once. Where a MaxStale allows it, hits in a
	// near tier go on. It makes no difference where everything is in this
	// process's memory.
	NoBreaker bool

	// Lease, if not 0, lets one process at a time make a value, where a store
	// that processes share is a [cache.Leaser]: N processes then render an
	// expensive page once. It is for how long the others wait at most, and
	// should be longer than a fill usually takes. Then, and as soon as the lease
	// ends without a value that can be used, because the holder failed or died,
	// or its value was purged or must not be stored, they make their own.
	//
	// A hit pays nothing. A fill pays for a round trip that asks for the lease,
	// and one that looks once more whether another process has just stored the
	// value; the lease is given back in the background. Nothing that is promised
	// rests on it. Default 0: every process makes its own. At least 1 ms.
	Lease time.Duration

	// CollapseTimeout is how long a call of [Fetch] waits for the loads of others,
	// for a lease too, before it loads by itself. Default 10 s, or twice Lease if
	// that is longer. At least 1 ms.
	CollapseTimeout time.Duration

	// Origin is who purges, for the people who read the log, where an event does
	// not say: those of unsafe requests, for example. Default "HOST:PID", which
	// tells the processes of one host apart.
	Origin string

	// Observe, if not nil, is told what no caller can be told. It is called
	// from many goroutines at once and should return quickly.
	Observe func(Observation)
}

// ErrOptions is what [New] returns, wrapped, when options make no sense.
var ErrOptions = engine.ErrOptions

// engine returns the options of the engine.
func (o *Options) engine() *engine.Options {
	if o == nil {
		return nil
	}
	e := &engine.Options{
		MaxStale:        o.MaxStale,
		MaxDependencies: o.MaxDependencies,
		Timeout:         o.Timeout,
		NoBreaker:       o.NoBreaker,
		Lease:           o.Lease,
		CollapseTimeout: o.CollapseTimeout,
		Origin:          o.Origin,
	}
	if observe := o.Observe; observe != nil {
		e.Observe = func(e engine.Observation) {
			observe(Observation{Op: Op(e.Op), Key: e.Key, Err: e.Err, Floor: e.Floor})
		}
	}
	return e
}
