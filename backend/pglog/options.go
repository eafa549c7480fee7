package pglog

import (
	"errors"
	"strings"

	"github.com/uncache/uncache/internal/option"
)

// Options configures a [Log]. Nil means defaults, and so does a zero field.
type Options struct {
	// Schema is the schema that [Log.Migrate] makes, and that holds nothing but the
	// log. Logs in different schemas share nothing. At most 50 bytes. Default "uncache".
	Schema string

	// MaxEvents is how many events the log keeps, about: there may be a sixteenth more.
	// A process that is further behind gives up what was stored before the oldest of
	// them. Default 100,000.
	MaxEvents int

	// MaxBytes is how many bytes the events may have, about. The newest is kept whatever
	// its size. Default 32 MiB.
	MaxBytes int64
}

// ErrOptions is what [New] returns, wrapped, when options make no sense.
var ErrOptions = errors.New("invalid options")

const (
	defaultSchema    = "uncache"
	defaultMaxEvents = 100_000
	defaultMaxBytes  = 32 << 20

	// maxSchema leaves room for the channel's name in PostgreSQL's 63 bytes.
	maxSchema = 50
)

// check returns the options with their defaults filled in.
func (o *Options) check() (Options, error) {
	var opts Options
	if o != nil {
		opts = *o
	}
	switch {
	case len(opts.Schema) > maxSchema:
		return opts, option.Errorf(ErrOptions, "pglog: Options.Schema: %q has more than %d bytes", opts.Schema, maxSchema)
	case strings.ContainsRune(opts.Schema, 0):
		return opts, option.Errorf(ErrOptions, "pglog: Options.Schema: %q has a zero byte", opts.Schema)
	case opts.MaxEvents < 0:
		return opts, option.Errorf(ErrOptions, "pglog: Options.MaxEvents: %d is negative", opts.MaxEvents)
	case opts.MaxBytes < 0:
		return opts, option.Errorf(ErrOptions, "pglog: Options.MaxBytes: %d is negative", opts.MaxBytes)
	}
	if opts.Schema == "" {
		opts.Schema = defaultSchema
	}
	if opts.MaxEvents == 0 {
		opts.MaxEvents = defaultMaxEvents
	}
	if opts.MaxBytes == 0 {
		opts.MaxBytes = defaultMaxBytes
	}
	return opts, nil
}
