package outbox

import (
	"context"
	"errors"
	"time"

	"github.com/uncache/uncache/internal/option"
)

// Options configures an [Outbox]. The zero value is the default.
type Options struct {
	// Table is the name of the table: lower-case letters, digits and underscores, at
	// most 48, perhaps after the name of a schema (in MySQL, a database) and a dot.
	// Default [DefaultTable].
	Table string

	// Grace is how old a row is before a relay claims it. The saver purges right after
	// COMMIT, and so comes first. If the saver is killed, its purge is late by Grace
	// and a Poll. Default 1 s.
	Grace time.Duration

	// Poll is how often the relay looks for rows that are due, give or take a quarter:
	// one SELECT on an index. It looks earlier if it knows that a row will be due
	// earlier. Default 1 s.
	Poll time.Duration

	// Batch is how many rows are claimed at a time, at most: fewer if their events have
	// more than 16 MiB together, and never more than 100,000. Default 500.
	Batch int

	// PurgeTimeout is how long each call of the relay's Purger may take. A claim purges
	// for at most five times as long. After six times as long the database disconnects
	// a relay that sends nothing. Default 5 s.
	PurgeTimeout time.Duration

	// Timeout is how long each call of the database may take in the background. Default
	// 5 s.
	Timeout time.Duration

	// MaxTries is how often a row is tried that fails while the Purger works for
	// others. Then it is a dead letter: kept, shown by Stats, and not tried again
	// unless [Outbox.Revive] is called. Default 100: with the default back-off about
	// eight hours, and never more than sixteen.
	MaxTries int

	// Backoff is how long a row waits after its first failure, at most. It doubles with
	// each further failure, up to MaxBackoff. The wait is any time up to that. Defaults
	// 1 s and 10 min.
	Backoff, MaxBackoff time.Duration

	// MaxPause is how long a relay pauses, at most, before it asks a Purger or a
	// database again that does not answer. After an outage purges are late by as much.
	// The pause begins with 50 ms, and doubles. Default 3 s.
	MaxPause time.Duration

	// CloseTimeout is how long Close may take. Default 10 s.
	CloseTimeout time.Duration

	// Probe asks whether the Purger works at all, after it has failed. By default the
	// Purger is told an event that names nothing, and then, if it refuses that, the
	// event that it purged last. A Purger that accepts the empty event without asking
	// anything, such as the one of [invalidate.Keys], needs a Probe: without it an
	// outage looks like rows that fail, and uses up their tries.
	Probe func(ctx context.Context) error

	// Observe is told what has no caller to return it to. It is called from several
	// goroutines at once and should return quickly. Nil observes nothing. [SlogObserver]
	// returns one that logs.
	Observe func(Observation)
}

// ErrOptions is what [New] and [Schema] return, wrapped, for arguments that make no
// sense.
var ErrOptions = errors.New("invalid options")

// options returns the name of the table, or what is wrong with d or table.
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

// maxBatch is how many rows a claim locks at most, however large Batch is.
const maxBatch = 100_000

// firstPause is how long a relay pauses after the first failure.
const firstPause = 50 * time.Millisecond

// purging is how long a claim may call the Purger. A merged event, a probe, an event
// alone, and another probe can all time out, and the claim has still settled a row.
func (o *Options) purging() time.Duration { return 5 * o.PurgeTimeout }

// silence is how long a relay that holds a claim may send nothing to the database.
func (o *Options) silence() time.Duration { return 6 * o.PurgeTimeout }
