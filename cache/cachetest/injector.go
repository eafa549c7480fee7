package cachetest

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/uncache/uncache/cache"
)

// Fault says what is wrong with a method. The zero Fault is no fault.
type Fault struct {
	// Rate is the fraction of the calls that the fault befalls, in (0, 1]. 0
	// stands for all of them.
	Rate float64

	// Delay is waited for before anything else. A context that is done earlier
	// ends the call with its error.
	Delay time.Duration

	// Err is returned, as it is, in place of a call.
	Err error

	// Late makes the call before Err is returned: the reply was lost, not the
	// request.
	Late bool

	// Forget loses what a cache may lose. A Get deletes the key first, a Set
	// deletes it instead of storing, Since has forgotten every event and says
	// so. It means nothing to other methods.
	Forget bool

	// Garble changes a byte of the value that a Get returns, which a cache may
	// not do and a disk does.
	Garble bool
}

// Injector makes caches, logs and purgers fail, wait and forget, for the tests
// of what is built on them. Nothing is wrong until Break says so. One Injector
// may wrap any number of them. It is safe for concurrent use; the same seed and
// the same order of calls meet the same faults.
type Injector struct {
	mu       sync.Mutex
	rand     *rand.Rand
	faults   map[Op]Fault
	injected int
}

// NewInjector returns an Injector whose dice are seeded.
func NewInjector(seed uint64) *Injector {
	return &Injector{rand: rand.New(rand.NewPCG(seed, 0)), faults: map[Op]Fault{}}
}

// Break makes f the fault of the methods ops, of all if there are none, in
// place of an earlier one.
func (in *Injector) Break(f Fault, ops ...Op) {
	if len(ops) == 0 {
		ops = []Op{OpGet, OpSet, OpDelete, OpAppend, OpSince, OpPurge}
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, op := range ops {
		in.faults[op] = f
	}
}

// Mend ends all faults.
func (in *Injector) Mend() {
	in.mu.Lock()
	defer in.mu.Unlock()
	clear(in.faults)
}

// Injected returns how many calls a fault has befallen.
func (in *Injector) Injected() int {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.injected
}

// before throws the dice for a call, waits, and returns the error that takes
// the place of the call, if there is one.
func (in *Injector) before(ctx context.Context, op Op) (Fault, error) {
	f := in.roll(op)
	if f.Delay > 0 {
		timer := time.NewTimer(f.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return f, ctx.Err()
		}
	}
	if !f.Late {
		return f, f.Err
	}
	return f, nil
}

func (in *Injector) roll(op Op) Fault {
	in.mu.Lock()
	defer in.mu.Unlock()
	f, ok := in.faults[op]
	if !ok || f == (Fault{}) || f.Rate > 0 && in.rand.Float64() >= f.Rate {
		return Fault{}
	}
	in.injected++
	return f
}

// after returns what a call ends with that was made and returned err.
func (f Fault) after(err error) error {
	if f.Err != nil {
		return f.Err
	}
	return err
}

func (f Fault) garbled(value []byte) []byte {
	if f.Garble && len(value) > 0 {
		value[len(value)/2] ^= 0x55
	}
	return value
}

// Cache returns c with the faults of in. Its optional abilities are hidden.
func (in *Injector) Cache(c cache.Cache) cache.Cache { return faultyCache{in, c} }

// Log returns l with the faults of in. Its optional abilities are hidden.
func (in *Injector) Log(l cache.Log) cache.Log { return faultyLog{in, l} }

// Purger returns p with the faults of in.
func (in *Injector) Purger(p Purger) Purger { return faultyPurger{in, p} }

// Backend returns b with the faults of in. It is a [cache.HeadGetter] if b is
// one; the other abilities are hidden.
func (in *Injector) Backend(b cache.Backend) cache.Backend {
	faulty := struct {
		faultyCache
		faultyLog
	}{faultyCache{in, b}, faultyLog{in, b}}
	h, ok := b.(cache.HeadGetter)
	if !ok {
		return faulty
	}
	return headed{faulty, func(ctx context.Context, key string) ([]byte, bool, cache.Position, error) {
		f, err := in.before(ctx, OpGet)
		if err == nil && f.Forget {
			err = b.Delete(ctx, key)
		}
		if err != nil {
			return nil, false, 0, err
		}
		value, ok, head, err := h.GetHead(ctx, key)
		if err = f.after(err); err != nil {
			return nil, false, 0, err
		}
		return f.garbled(value), ok, head, nil
	}}
}
