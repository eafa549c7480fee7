package rediscache

import (
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Options configures a [Backend]. Nil means defaults, and so does a zero field.
type Options struct {
	// Prefix begins every key that the Backend touches. Backends with the same
	// prefix share values and log; those with different ones share nothing, as
	// long as neither prefix begins with the other. Default "uncache:".
	Prefix string

	// MaxEvents is how many events the log remembers, at most and about; Redis
	// trims in blocks, so that there may be some hundred more. A process that is
	// further behind gives up what was stored before the oldest of them.
	// Default 100,000.
	//
	// An event takes about 100 bytes and the names of its dependencies: with
	// six paths of some 50 bytes 500 bytes, so that MaxBytes bounds first.
	MaxEvents int

	// MaxBytes is how many bytes the events of the log may take, about: the
	// oldest go until the others and a new one fit. The newest is kept whatever
	// its size. Redis may need a quarter more than that. Default 32 MiB.
	MaxBytes int64

	// Replicas is how many replicas must have an event before Append returns nil:
	// WAIT follows each append, in the same round trip. Fewer when most of the
	// context's time is over, or 1 s if it has no deadline, is an error,
	// [ErrReplicas], which an outbox keeps. Set it to the number of replicas that
	// may be promoted: a purge that only others have is lost in a failover.
	// Default 0: the master's word is enough.
	Replicas int

	// Observe, if it is set, hears of what an operator may want to know and no
	// caller can be told. It is called from many goroutines at once, while a
	// request waits.
	Observe func(Observation)
}

// ErrOptions is what [New] returns, wrapped, when options make no sense or the
// log could not be trusted over the client.
var ErrOptions = errors.New("invalid options")

const (
	defaultPrefix    = "uncache:"
	defaultMaxEvents = 100_000
	defaultMaxBytes  = 32 << 20
)

// check returns the options with their defaults filled in.
func (o *Options) check() (Options, error) {
	var opts Options
	if o != nil {
		opts = *o
	}
	if opts.Prefix == "" {
		opts.Prefix = defaultPrefix
	}
	// The hash tag of a key is what stands between its first { and the next },
	// unless that is empty. With any other prefix the two keys of the log have
	// one in common.
	if i := strings.IndexByte(opts.Prefix, '{'); i >= 0 && strings.HasPrefix(opts.Prefix[i:], "{}") {
		return opts, fmt.Errorf("Options.Prefix: %q begins its hash tags with {}, which puts the keys of the log into different slots", opts.Prefix)
	}
	if opts.Replicas < 0 {
		return opts, fmt.Errorf("Options.Replicas: %d is negative", opts.Replicas)
	}
	if opts.MaxEvents < 0 {
		return opts, fmt.Errorf("Options.MaxEvents: %d is negative", opts.MaxEvents)
	}
	if opts.MaxEvents == 0 {
		opts.MaxEvents = defaultMaxEvents
	}
	if opts.MaxBytes < 0 {
		return opts, fmt.Errorf("Options.MaxBytes: %d is negative", opts.MaxBytes)
	}
	if opts.MaxBytes == 0 {
		opts.MaxBytes = defaultMaxBytes
	}
	return opts, nil
}

// checkClient refuses clients over which the log could not be trusted.
func checkClient(rdb redis.UniversalClient) error {
	switch c := rdb.(type) {
	case nil:
		return errors.New("the client is nil")
	case *redis.Client:
		if c == nil {
			return errors.New("the client is nil")
		}
		opts := c.Options()
		if opts.ClientSideCache != nil || opts.ClientSideCacheConfig != nil {
			return errors.New("the client caches on its side (ClientSideCache, ClientSideCacheConfig): it may answer with a head of the log that is not the head any more")
		}
		return checkTimeout(opts.ContextTimeoutEnabled)
	case *redis.ClusterClient:
		if c == nil {
			return errors.New("the client is nil")
		}
		opts := c.Options()
		if opts.ReadOnly || opts.RouteByLatency || opts.RouteRandomly {
			return errors.New("the client reads from replicas (ReadOnly, RouteByLatency, RouteRandomly): a replica may not have the last purge yet")
		}
		return checkTimeout(opts.ContextTimeoutEnabled)
	case *redis.Ring:
		return errors.New("a *redis.Ring moves keys to other servers when one is lost, and the log with them, without its events: use Redis Cluster or Sentinel")
	default:
		return fmt.Errorf("a client of type %T is unknown: use *redis.Client or *redis.ClusterClient", rdb)
	}
}

func checkTimeout(enabled bool) error {
	if !enabled {
		return errors.New("set ContextTimeoutEnabled in the client's options: without it a Redis that hangs holds every page for the client's ReadTimeout, although the context of the call has ended")
	}
	return nil
}
