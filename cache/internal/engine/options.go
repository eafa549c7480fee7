package engine

import (
	"errors"
	"math"
	"time"

	"github.com/uncache/uncache/internal/instance"
	"github.com/uncache/uncache/internal/option"
)

// Options configures a [Cache]. The fields are those of coherent.Options, which
// documents them.
type Options struct {
	MaxStale        time.Duration
	MaxDependencies int
	Timeout         time.Duration
	NoBreaker       bool
	Lease           time.Duration
	CollapseTimeout time.Duration
	Origin          string
	Observe         func(Observation)
}

const (
	defaultMaxDependencies = 1 << 21
	mostDependencies       = 1 << 28
	defaultTimeout         = 50 * time.Millisecond
	defaultCollapseTimeout = 10 * time.Second
	minDuration            = time.Millisecond // of each option that is one
)

// ErrOptions is what [New] returns, wrapped, when options make no sense.
var ErrOptions = errors.New("invalid options")

// complete fills in the defaults, or returns an error that names a field which makes
// no sense.
func (o *Options) complete() error {
	tooShort := func(d time.Duration) bool { return d < 0 || d > 0 && d < minDuration }
	switch {
	case tooShort(o.MaxStale):
		return option.Errorf(ErrOptions, "coherent: Options.MaxStale: %v is less than %v", o.MaxStale, minDuration)
	case o.MaxDependencies < 0 || o.MaxDependencies > mostDependencies:
		return option.Errorf(ErrOptions, "coherent: Options.MaxDependencies: %d is not from 0 to %d", o.MaxDependencies, mostDependencies)
	case tooShort(o.Lease):
		return option.Errorf(ErrOptions, "coherent: Options.Lease: %v is less than %v", o.Lease, minDuration)
	case tooShort(o.Timeout):
		return option.Errorf(ErrOptions, "coherent: Options.Timeout: %v is less than %v", o.Timeout, minDuration)
	case tooShort(o.CollapseTimeout):
		return option.Errorf(ErrOptions, "coherent: Options.CollapseTimeout: %v is less than %v", o.CollapseTimeout, minDuration)
	}
	if o.CollapseTimeout == 0 {
		o.CollapseTimeout = max(defaultCollapseTimeout, 2*min(o.Lease, math.MaxInt64/2))
	}
	if o.MaxDependencies == 0 {
		o.MaxDependencies = defaultMaxDependencies
	}
	if o.Origin == "" {
		o.Origin = instance.Name()
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	return nil
}
