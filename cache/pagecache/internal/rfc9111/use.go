package rfc9111

import "time"

// A Use is what may be done with a stored response.
type Use uint8

const (
	UseNot         Use = iota // nothing: it must be validated, or made anew
	UseHit                    // it answers the request
	UseEarly                  // it answers the request, and its successor is made before it is needed
	UseWhileMaking            // it answers the request because its successor is made meanwhile
)

// Freshness is what a stored response says about its use. It has few enough fields to be
// passed in registers.
type Freshness struct {
	Age, Lifetime time.Duration
	Grace         time.Duration // for how long it may be served stale while its successor is made
	Must          Must
}

// Must is what a stored response demands.
type Must uint8

const (
	MustNothing     Must = iota
	MustNotBeStale       // it must not be served stale (§4.2.4)
	MustBeValidated      // before each use (§5.2.2.4)
)

// Use decides whether a stored response may answer a request (RFC 9111 §4). purged
// says that it was purged softly: it is stale, whatever its age. asks is what the
// request says about it, and empty where requests are not listened to. stale reports that
// nothing but the response's age speaks against it.
func (f Freshness) Use(purged bool, asks *Control) (use Use, stale bool) {
	over := f.Age - f.Lifetime
	if f.Must == MustBeValidated || asks.NoCache {
		return UseNot, false // §5.2.2.4, §5.2.1.4
	}
	if asks.MaxAge.Set && f.Age > time.Duration(asks.MaxAge.N)*time.Second {
		return UseNot, false // §5.2.1.1; max-stale is about staleness, and not about this
	}
	if !purged && over < 0 {
		if asks.MinFresh.Set && -over < time.Duration(asks.MinFresh.N)*time.Second {
			return UseNot, false // §5.2.1.3
		}
		return UseHit, false
	}
	if f.Must == MustNotBeStale || asks.MinFresh.Set {
		return UseNot, false // §4.2.4
	}
	if asks.MaxAge.Set && !asks.MaxStale.Set {
		return UseNot, false // §5.2.1.1: max-age alone asks for nothing stale
	}
	if !purged && asks.MaxStale.Set && over <= time.Duration(asks.MaxStale.N)*time.Second {
		return UseHit, false // §5.2.1.2
	}
	if f.Grace > 0 && over < f.Grace {
		return UseWhileMaking, true // RFC 5861 §3, and a soft purge
	}
	return UseNot, true
}
