package coherent

import (
	"time"

	"github.com/uncache/uncache/cache/internal/engine"
)

// Options configures a [Cache]. The zero value is the default. docs/values.md has the
// details of MaxStale, NoBreaker and Lease.
type Options struct {
	// MaxStale is how old this process's view of the log may be when it serves. With
	// 0, the default, every request confirms the head of the log, and nothing older
	// than a returned purge is served. Otherwise a background reader keeps the view
	// that fresh: hits in a near tier cost no round trip, and a purge may take MaxStale
	// to reach them. It has no effect on a log in this process's memory. At least 1 ms.
	MaxStale time.Duration

	// MaxDependencies is how many purged names the view keeps, 17 bytes each when it
	// is full and at most 64 while it grows. A name purged both hard and softly counts
	// twice. Names share buckets of 16. A full bucket forgets its oldest name: older
	// values that depend on a name of this bucket are made again. Default 1<<21, 34
	// MiB; at most 1<<28.
	MaxDependencies int

	// Timeout is how long one lookup waits for the backend, whatever it asks. Storing
	// a value waits as long again. A backend that needs nearly all of it for every
	// answer is still used. Default 50 ms, at least 1 ms.
	Timeout time.Duration

	// NoBreaker makes every request ask the backend and wait up to Timeout, however
	// long it has not answered. By default one request that gets no answer is enough:
	// the others do without the cache at once, until the backend has answered a
	// question from the background and its log was read. Purges are always tried.
	NoBreaker bool

	// Lease, if not 0, lets one process at a time make a value, where the processes
	// share a store that is a [cache.Leaser]. The others wait for the value, Lease at
	// most. It should be longer than a fill usually takes. They make their own values
	// when the lease ends without a value that they can use. A hit pays nothing, a fill
	// two round trips. Default 0: every process makes its own. At least 1 ms.
	Lease time.Duration

	// CollapseTimeout is how long a call of [Fetch] waits for the loads of others, and
	// for a lease, before it loads by itself. Default 10 s, or twice Lease if that is
	// longer. At least 1 ms.
	CollapseTimeout time.Duration

	// Origin says who purges, for the people who read the log, where an event does not
	// say it. Default "HOST:PID".
	Origin string

	// Observe, if not nil, is told what no caller can be told. It is called from many
	// goroutines at once and should return quickly. [SlogObserver] returns one that logs.
	Observe func(Observation)
}

// ErrOptions is what [New] returns, wrapped, when options make no sense.
var ErrOptions = engine.ErrOptions

// engine returns o as options of the engine.
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
