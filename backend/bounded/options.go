package bounded

import (
	"errors"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/internal/option"
)

// DefaultMaxBytes is the default of [Options].MaxBytes.
const DefaultMaxBytes = 256 << 20

// EntryOverhead is what a stored value counts beside its key and itself, in
// bytes: its place in otter's table, its links and its bookkeeping.
const EntryOverhead = 256

// maxCost is the largest value, with its key and EntryOverhead, that can be
// stored: otter counts a value's bytes in 32 bits.
const maxCost = 1<<32 - 1

// Options configures a [Backend]. A nil *Options means the defaults, and so does
// a field that is zero.
type Options struct {
	// MaxBytes is how many bytes the values may take, each counted as the
	// length of its key and its value plus [EntryOverhead]. A value that
	// exceeds it alone, or 4 GiB, is not stored. There is no bound on the
	// number of values but this. Default [DefaultMaxBytes].
	//
	// While several goroutines store values at once, those that are being
	// stored may be too many, for as long as one Set takes.
	MaxBytes int64

	// Log bounds the log. Nil means its defaults.
	Log *memory.LogOptions
}

// ErrOptions is what [New] returns, wrapped, when options make no sense.
var ErrOptions = errors.New("invalid options")

// check returns the options with their defaults filled in.
func (o *Options) check() (Options, error) {
	var opts Options
	if o != nil {
		opts = *o
	}
	if opts.Log == nil {
		opts.Log = &memory.LogOptions{}
	}
	for _, f := range []struct {
		name  string
		value int64
	}{
		{"MaxBytes", opts.MaxBytes},
		{"Log.MaxEvents", int64(opts.Log.MaxEvents)},
		{"Log.MaxBytes", opts.Log.MaxBytes},
	} {
		if f.value < 0 {
			return opts, option.Errorf(ErrOptions, "bounded: Options.%s: %d is negative", f.name, f.value)
		}
	}
	if opts.MaxBytes == 0 {
		opts.MaxBytes = DefaultMaxBytes
	}
	return opts, nil
}
