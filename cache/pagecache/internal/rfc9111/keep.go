package rfc9111

import "time"

// KeepFor is how long a response is stored that arrives at an age, and may be served
// stale for a time after its lifetime. KeepStale counts for what is useful even when
// that is over. It counts from the arrival, if the response arrives stale: it
// would be over before anybody could ask the handler about it.
func (r *Rules) KeepFor(life, age, after time.Duration, useful bool) time.Duration {
	left := AddTimes(life, -age)
	keep := AddTimes(left, after)
	if useful {
		keep = max(keep, AddTimes(max(left, 0), r.KeepStale))
	}
	return max(keep, 0)
}

// MaxStale reports whether what has become stale may be of use to a request
// that says max-stale (RFC 9111 §5.2.1.2). What was given no time to be fresh in is no
// use to anybody.
func (r *Rules) MaxStale(life time.Duration, strict bool) bool {
	return r.ClientDirectives && life > 0 && !strict
}
