package engine

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/uncache/uncache/internal/instance"
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
		return fmt.Errorf("coherent: %w: MaxStale is %v: it must be 0, or at least %v", ErrOptions, o.MaxStale, minMaxStale)
	case o.MaxDependencies < 0 || o.MaxDependencies > mostDependencies:
		return fmt.Errorf("coherent: %w: MaxDependencies is %d: it must be 0 for the default, or from 1 to %d", ErrOptions, o.MaxDependencies, mostDependencies)
	case o.Lease < 0 || o.Lease > 0 && o.Lease < minLease:
		return fmt.Errorf("coherent: %w: Lease is %v: it must be 0, or at least %v", ErrOptions, o.Lease, minLease)
	case o.Timeout < 0 || o.Timeout > 0 && o.Timeout < minTimeout:
		return fmt.Errorf("coherent: %w: Timeout is %v: it must be 0 for the default, or at least %v", ErrOptions, o.Timeout, minTimeout)
	case o.CollapseTimeout < 0 || o.CollapseTimeout > 0 && o.CollapseTimeout < minCollapseTimeout:
		return fmt.Errorf("coherent: %w: CollapseTimeout is %v: it must be 0 for the default, or at least %v", ErrOptions, o.CollapseTimeout, minCollapseTimeout)
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
