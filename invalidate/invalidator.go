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
	// Origin is who purges, for the people who read the log. Default "HOST:PID",
	// which tells the processes of one host apart.
	Origin string

	// PurgeTimeout bounds every purge, of however many events, and what the
	// Outbox is told after it by as much again. It is detached from the context
	// that it was asked for in: a client that hangs up after its save must not
	// leave a stale page behind. Default 5 s.
	PurgeTimeout time.Duration

	// MaxCascade is how many models may lead from one to another by
	// [Targets.Model], beyond the one that was saved. A longer chain is an
	// error. Default 64.
	MaxCascade int

	// Outbox, if not nil, keeps the events of a transaction in its database
	// until they are purged, and others that could not be purged. Package
	// outbox has one. It is written to in the transaction of the save: each
	// database needs an Outbox of its own, and an Invalidator for it.
	Outbox Outbox

	// Repeat purges every event again, each of these durations after the purge
	// that succeeded: for a page rendered from a database replica that lagged
	// behind, or a CDN that was filling. At most 16 durations, each longer than
	// the one before, between a millisecond and a week. Default: none.
	//
	// With an Outbox that is a [RepeatOutbox], its relay makes them, and they
	// survive a crash. Otherwise timers of this process do: call Close.
	Repeat []time.Duration

	// Observe, if not nil, is told of every event when its purge is over, and of
	// every row as it was that could not be named ([ErrUnnamed]), at once. It is
	// called from many goroutines at once, before the one that purged goes on.
	Observe func(Observation)
}

const (
	defaultPurgeTimeout = 5 * time.Second
	defaultMaxCascade   = 64
)

// An Invalidator turns models that were saved into purges of what they stand
// on. It is safe for concurrent use.
type Invalidator struct {
	purger Purger
	opts   Options

	repeats *repeats // nil without Options.Repeat

	mu    sync.RWMutex
	rules map[reflect.Type]func(m any, to *Targets)
}

// New returns an Invalidator that tells p. A nil opts means the defaults.
//
// New panics if p is nil, or a nil pointer, or a [Purgers] in which one is, or if
// an option makes no sense: mistakes of the program, found when it starts.
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

// Invalidate purges what models stand on, by their rules, in one event. It is
// called when they have been saved and the save has committed. Where the save
// may have changed a URL, pass the model as it was ([Was]) and as it is.
//
// An event names at most 10,000 dependencies, of 4 MiB together, so that no entry
// of a log is of any size. What names more is purged in as many events as that
// takes, one after another, whatever became of those before.
//
// If ctx carries a batch, as in [Invalidator.InTx], the targets join it and are
// purged when it is flushed. Otherwise they have been purged when Invalidate
// returns; the purge keeps the values of ctx but not its cancellation or
// deadline, and takes at most Options.PurgeTimeout.
//
// A slice stands for its elements. A model without a rule is an error, for
// which errors.Is(err, ErrNoRule) is true; so is a nil one, and whatever its
// rule could not name. All the others are purged, or queued, all the same; the
// errors are joined. Those of the purge itself are a [*PurgeError] for each event
// that failed; with an [Outbox] it is [ErrKept] unless that failed, too.
func (inv *Invalidator) Invalidate(ctx context.Context, models ...any) error {
	r := inv.resolve(models)
	err := errors.Join(r.errs...)
	c := newChange(ctx, inv, r, models)
	if len(r.unnamed) > 0 && inv.opts.Observe != nil {
		defer func() { // when all is queued, or purged
			for _, o := range r.unnamed {
				inv.opts.Observe(o)
			}
		}()
	}
	if c.empty() {
		return err
	}
	batch.QueueInRunning(ctx, c)
	if batch.Of(ctx).Queue(c) {
		return err
	}
	return errors.Join(err, inv.observe(c.purge(ctx, nil, false)))
}

// Resolve asks what Invalidate would purge for models, and by which rules, and
// purges nothing. The error is what Invalidate would return before the purge;
// the Targets hold what it would purge all the same.
func (inv *Invalidator) Resolve(models ...any) (*Targets, error) {
	r := inv.resolve(models)
	return &r.targets, errors.Join(r.errs...)
}
