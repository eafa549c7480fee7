package outbox

import (
	"context"
	"errors"
	"time"

	"github.com/uncache/uncache/internal/option"
)

// Options configures an [Outbox]. The zero value is the default.
type Options struct {
	// Table is the name of the table: lower-case letters, digits and
	// underscores, at most 48, perhaps after the name of a schema (in MySQL, a
	// database) and a dot. Default [DefaultTable].
	Table string

	// Grace is how old a row is before a relay claims it, so that the saver,
	// who purges right after COMMIT, comes first. It is what a purge is late
	// whose saver was killed, plus what a poll takes. Default 1 s.
	Grace time.Duration

	// Poll is how often the relay looks for rows that are due, give or take a
	// quarter: one SELECT on an index. It looks earlier when it has seen that
	// a row will be due earlier. Default 1 s.
	Poll time.Duration

	// Batch bounds how many rows are claimed at a time. They are fewer if their
	// events have more than 16 MiB together, and never more than 100,000. Default 500.
	Batch int

	// PurgeTimeout bounds each call of the relay's Purger. A claim purges for
	// five times as long at most, and after six times as long the database
	// disconnects a relay that has fallen silent. Default 5 s.
	PurgeTimeout time.Duration

	// Timeout bounds each thing that is asked of the database in the
	// background. Default 5 s.
	Timeout time.Duration

	// MaxTries is how often a row is tried that fails while the Purger works
	// for others. Then it is a dead letter: kept, shown by Stats, and not tried
	// again unless [Outbox.Revive] is called. Default 100, which with the
	// default back-off is eight hours, and never more than sixteen.
	MaxTries int

	// Backoff is how long a row waits after its first failure, at most. It
	// doubles with each further one up to MaxBackoff; the wait is any time
	// between nothing and that. Defaults 1 s and 10 min.
	Backoff, MaxBackoff time.Duration

	// MaxPause is how long a relay whose Purger, or whose database, does not
	// answer waits before it asks again, at most: so long a repair may be late
	// after an outage. It begins with 50 ms, and doubles. Default 3 s.
	MaxPause time.Duration

	// CloseTimeout bounds Close. Default 10 s.
	CloseTimeout time.Duration

	// Probe asks whether the Purger works at all, when it has failed. The
	// default is to have it purge an event that names nothing, which a log
	// takes like any other, and if it refuses that, once more what it has
	// purged last. A Purger that answers that without asking anybody,
	// as that of [invalidate.Keys] does, needs a Probe: otherwise an outage
	// looks like rows that fail, and uses up their tries.
	Probe func(ctx context.Context) error

	// Observe, if not nil, is told what no caller can be told. It is called
	// from several goroutines at once and should return quickly.
	Observe func(Observation)
}

// ErrOptions is what [New] and [Schema] return, wrapped, when they are given
// what makes no sense.
var ErrOptions = errors.New("invalid options")

// options returns the name of the table, or why d or table make no sense.
func options(d Dialect, table string) (string, error) {
	if _, ok := dialects[d]; !ok {
		return "", option.Errorf(ErrOptions, "outbox: there is no dialect %q", d)
	}
	if table == "" {
		table = DefaultTable
	}
	if err := checkTable(d, table); err != nil {
		return "", option.Errorf(ErrOptions, "outbox: Options.Table: %w", err)
	}
	return table, nil
}

// complete fills in the defaults, or says which field makes no sense.
func (o *Options) complete(d Dialect) (err error) {
	if o.Table, err = options(d, o.Table); err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		v    *time.Duration
		def  time.Duration
	}{
		{"Grace", &o.Grace, time.Second},
		{"Poll", &o.Poll, time.Second},
		{"PurgeTimeout", &o.PurgeTimeout, 5 * time.Second},
		{"Timeout", &o.Timeout, 5 * time.Second},
		{"Backoff", &o.Backoff, time.Second},
		{"MaxBackoff", &o.MaxBackoff, 10 * time.Minute},
		{"MaxPause", &o.MaxPause, 3 * time.Second},
		{"CloseTimeout", &o.CloseTimeout, 10 * time.Second},
	} {
		if *f.v < 0 {
			return option.Errorf(ErrOptions, "outbox: Options.%s: %v is negative", f.name, *f.v)
		}
		if *f.v == 0 {
			*f.v = f.def
		}
	}
	for _, f := range []struct {
		name string
		v    *int
		def  int
	}{
		{"Batch", &o.Batch, 500},
		{"MaxTries", &o.MaxTries, 100},
	} {
		if *f.v < 0 {
			return option.Errorf(ErrOptions, "outbox: Options.%s: %d is negative", f.name, *f.v)
		}
		if *f.v == 0 {
			*f.v = f.def
		}
	}
	if o.MaxTries > maxTries {
		return option.Errorf(ErrOptions, "outbox: Options.MaxTries: %d is more than %d, which is all that the column holds", o.MaxTries, maxTries)
	}
	o.Batch = min(o.Batch, maxBatch)
	return nil
}

// maxBatch bounds what a claim locks, however large Batch is.
const maxBatch = 100_000

// firstPause is how long a relay pauses after the first failure of all.
const firstPause = 50 * time.Millisecond

// purging is how long a claim may tell the Purger: a merged event, a probe, an
// event alone, and another probe can all time out, and the claim has got a row
// further.
func (o *Options) purging() time.Duration { return 5 * o.PurgeTimeout }

// silence is how long a relay that holds a claim may say nothing to the
// database.
func (o *Options) silence() time.Duration { return 6 * o.PurgeTimeout }
