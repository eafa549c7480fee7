package invalidate

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/uncache/uncache/internal/instance"
	"github.com/uncache/uncache/internal/isnil"
	"github.com/uncache/uncache/internal/repeat"
	"github.com/uncache/uncache/invalidate/internal/batch"
)

// Options configures an [Invalidator]. The zero value is the default.
type Options struct {
	// Origin says in the log who purged. Default "HOST:PID", which tells the processes
	// of one host apart.
	Origin string

	// PurgeTimeout is how long a purge may take, of however many events. What the
	// Outbox is told after it may take as long again. A purge outlives the context of
	// the save: a client that hangs up must not leave a stale page behind. Default 5 s.
	PurgeTimeout time.Duration

	// MaxCascade is how many models may lead from one to the next by [Targets.Model],
	// beyond the saved one. A longer chain is an error. Default 64.
	MaxCascade int

	// Outbox keeps the events of a transaction in its database until they are purged,
	// and other events that could not be purged. Nil keeps none. Package outbox has
	// one.
	//
	// It is written to in the transaction of the save. So each database needs an Outbox
	// of its own, and an Invalidator of its own.
	Outbox Outbox

	// Repeat purges every event again, each of these durations after the purge that
	// succeeded. It is for pages rendered from a database replica that lags, and for
	// CDNs that were filling. At most 16 durations, each longer than the one before,
	// between a millisecond and a week. Default: none.
	//
	// With an Outbox that is a [RepeatOutbox] its relay makes them, and they survive a
	// crash. Otherwise timers of this process do: call Close.
	Repeat []time.Duration

	// Observe is told of every event when its purge has ended, and at once of every row
	// as it was that could not be named ([ErrUnnamed]). It is called from many
	// goroutines at once, and the goroutine that purges waits for it. Nil observes
	// nothing. [SlogObserver] returns one that logs.
	Observe func(Observation)
}

const (
	defaultPurgeTimeout = 5 * time.Second
	defaultMaxCascade   = 64
)

// An Invalidator purges the pages that show the models it is told of. It is safe for
// concurrent use.
type Invalidator struct {
	purger   Purger
	txPurger TxPurger // purger, if it is one
	opts     Options

	repeats *repeats // nil without Options.Repeat
	count   counts

	mu    sync.RWMutex
	rules map[reflect.Type]func(m any, to *Targets)
}

// New returns an Invalidator that tells p. A nil opts means the defaults.
//
// New panics if p is nil, or a nil pointer, or a [Purgers] with a nil in it, and if an
// option makes no sense. The panic names the option.
func New(p Purger, opts *Options) *Invalidator {
	if all, ok := p.(Purgers); ok {
		for i, p := range all {
			if isnil.Value(p) {
				panic(fmt.Sprintf("invalidate: New: the Purger at index %d is nil", i))
			}
		}
	}
	if isnil.Value(p) {
		panic("invalidate: New: the Purger is nil")
	}
	inv := &Invalidator{purger: p, rules: make(map[reflect.Type]func(any, *Targets))}
	inv.txPurger, _ = p.(TxPurger)
	if opts != nil {
		inv.opts = *opts
	}
	switch o := &inv.opts; {
	case o.Outbox != nil && isnil.Value(o.Outbox):
		panic(fmt.Sprintf("invalidate: Options.Outbox: it is a nil %T", o.Outbox))
	case o.PurgeTimeout < 0:
		panic(fmt.Sprintf("invalidate: Options.PurgeTimeout: %v is negative", o.PurgeTimeout))
	case o.MaxCascade < 0:
		panic(fmt.Sprintf("invalidate: Options.MaxCascade: %d is negative", o.MaxCascade))
	}
	if err := repeat.Check(inv.opts.Repeat); err != nil {
		panic(fmt.Sprintf("invalidate: Options.Repeat: %v", err))
	}
	inv.opts.Repeat = slices.Clone(inv.opts.Repeat)
	if len(inv.opts.Repeat) > 0 {
		inv.repeats = newRepeats(inv)
	}
	if inv.opts.PurgeTimeout == 0 {
		inv.opts.PurgeTimeout = defaultPurgeTimeout
	}
	if inv.opts.MaxCascade == 0 {
		inv.opts.MaxCascade = defaultMaxCascade
	}
	if inv.opts.Origin == "" {
		inv.opts.Origin = instance.Name()
	}
	return inv
}

// Invalidate purges the pages that show models, by their rules, in one event. Call it
// after the save has committed, or in a transaction ([Invalidator.InTx]). Where a URL
// may have changed, pass the model as it was ([Was]) and as it is.
//
// In the context of a batch or transaction it queues, and Flush purges. Otherwise the
// purge has ended when Invalidate returns. It outlives ctx, and takes at most
// Options.PurgeTimeout.
//
// A slice stands for its elements. A nil model, one without a rule ([ErrNoRule]) and a
// name that its rule could not make are errors. Everything else is purged anyway. A
// purge that fails is a [*PurgeError].
//
// More than 10,000 dependencies, or 4 MiB of them, make several events.
func (inv *Invalidator) Invalidate(ctx context.Context, models ...any) error {
	saved := time.Now() // if there is no batch
	r := inv.resolve(models)
	err := errors.Join(r.errs...)
	c := newChange(ctx, inv, r, models)
	if len(r.unnamed) > 0 && inv.opts.Observe != nil {
		defer func() { // when everything is queued, or purged
			for _, o := range r.unnamed {
				inv.opts.Observe(o)
			}
		}()
	}
	if c.empty() {
		return err
	}
	batch.QueueInRunning(ctx, c) // as well as the purge below: see there why
	if batch.Of(ctx).Queue(c) {
		return err
	}
	return errors.Join(err, inv.observe(c.purge(ctx, nil, saved)))
}

// Resolve returns what Invalidate would purge for models, and by which rules. It purges
// nothing. The error is what Invalidate would return before the purge. The Targets hold
// what it would purge despite that.
func (inv *Invalidator) Resolve(models ...any) (*Targets, error) {
	r := inv.resolve(models)
	return &r.targets, errors.Join(r.errs...)
}
