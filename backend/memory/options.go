package memory

import (
	"fmt"
	"time"
)

// Defaults of [Options] and [LogOptions].
const (
	DefaultMaxEntries  = 1 << 20
	DefaultMaxBytes    = 256 << 20
	DefaultExpireEvery = time.Minute
	DefaultMaxEvents   = 1 << 16
	DefaultMaxLogBytes = 16 << 20
)

// EntryOverhead is what a stored value counts beside its key and itself, in
// bytes: its place in go-cache's map and its bookkeeping.
const EntryOverhead = 256

// Options bounds a [Backend]. A nil *Options means the defaults, and so does a
// field that is zero. There is no way to lift a bound, only to raise it.
type Options struct {
	// MaxEntries is how many values are kept. Default [DefaultMaxEntries].
	MaxEntries int

	// MaxBytes is how many bytes they may take, each counted as the length of
	// its key and its value plus [EntryOverhead]. A value that exceeds it alone
	// is not stored. Default [DefaultMaxBytes].
	MaxBytes int64

	// ExpireEvery is how often expired values are looked for to give their
	// memory back. They are not returned in the meantime. Default
	// [DefaultExpireEvery].
	ExpireEvery time.Duration

	// Log bounds the log. Nil means its defaults.
	Log *LogOptions
}

// LogOptions bounds a [Log]. A nil *LogOptions means the defaults, and so does
// a field that is zero.
//
// A reader who was away for longer than the log remembers is told so, and
// serves nothing that is older than what the log knows: too small a log costs
// hits, never a purge.
type LogOptions struct {
	// MaxEvents is how many events are kept, the newest. Default
	// [DefaultMaxEvents].
	MaxEvents int

	// MaxBytes is how many bytes they may take, roughly: one event may name a
	// hundred thousand paths. The newest event is kept whatever its size.
	// Default [DefaultMaxLogBytes].
	MaxBytes int64
}

// withDefaults panics for a bound that nobody can mean. New has no error to
// return because there is no input that could cause one at run time: bounds
// stand in the source or are checked where they are read.
func (o *Options) withDefaults() Options {
	var r Options
	if o != nil {
		r = *o
	}
	r.MaxEntries = bound("Options.MaxEntries", r.MaxEntries, DefaultMaxEntries)
	r.MaxBytes = bound("Options.MaxBytes", r.MaxBytes, DefaultMaxBytes)
	r.ExpireEvery = bound("Options.ExpireEvery", r.ExpireEvery, DefaultExpireEvery)
	return r
}

func (o *LogOptions) withDefaults() LogOptions {
	var r LogOptions
	if o != nil {
		r = *o
	}
	r.MaxEvents = bound("LogOptions.MaxEvents", r.MaxEvents, DefaultMaxEvents)
	r.MaxBytes = bound("LogOptions.MaxBytes", r.MaxBytes, DefaultMaxLogBytes)
	return r
}

func bound[T int | int64 | time.Duration](field string, v, byDefault T) T {
	if v < 0 {
		panic(fmt.Sprintf("memory: %s: %v is negative", field, v))
	}
	if v == 0 {
		return byDefault
	}
	return v
}
