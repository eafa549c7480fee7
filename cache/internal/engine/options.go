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
	minMaxStale            = time.Millisecond
	minTimeout             = time.Millisecond
	minLease               = time.Millisecond

	defaultCollapseTimeout = 10 * time.Second
	minCollapseTimeout     = time.Millisecond
)

// ErrOptions is what [New] returns, wrapped, when options make no sense.
var ErrOptions = errors.New("invalid options")

// complete fills in the defaults, or returns an error that names a field which makes
// no sense.
func (o *Options) complete() error {
	switch {
	case o.MaxStale < 0 || o.MaxStale > 0 && o.MaxStale < minMaxStale:
		return option.Errorf(ErrOptions, "coherent: Options.MaxStale: %v is less than %v", o.MaxStale, minMaxStale)
	case o.MaxDependencies < 0 || o.MaxDependencies > mostDependencies:
		return option.Errorf(ErrOptions, "coherent: Options.MaxDependencies: %d is not from 0 to %d", o.MaxDependencies, mostDependencies)
	case o.Lease < 0 || o.Lease > 0 && o.Lease < minLease:
		return option.Errorf(ErrOptions, "coherent: Options.Lease: %v is less than %v", o.Lease, minLease)
	case o.Timeout < 0 || o.Timeout > 0 && o.Timeout < minTimeout:
		return option.Errorf(ErrOptions, "coherent: Options.Timeout: %v is less than %v", o.Timeout, minTimeout)
	case o.CollapseTimeout < 0 || o.CollapseTimeout > 0 && o.CollapseTimeout < minCollapseTimeout:
		return option.Errorf(ErrOptions, "coherent: Options.CollapseTimeout: %v is less than %v", o.CollapseTimeout, minCollapseTimeout)
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

// CollapseTimeout returns how long a request waits for the fills of others.
func (c *Cache) CollapseTimeout() time.Duration { return c.opts.CollapseTimeout }
