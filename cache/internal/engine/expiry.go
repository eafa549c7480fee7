package engine

import (
	"math"
	"time"
)

// expiry returns when a value stored now with a ttl expires, as an envelope says it.
func expiry(ttl time.Duration) int64 {
	if ttl == 0 {
		return 0
	}
	now := time.Now().UnixMilli()
	if ms := ttl.Milliseconds(); ms < math.MaxInt64-now {
		return now + max(ms, 1)
	}
	return 0
}

// An end is when a value in this process expires. It is measured by the monotonic
// clock, so setting the wall clock changes nothing. It counts from the start of the
// process, since Caches may share a store in memory.
type end time.Duration

const never = end(math.MaxInt64)

var processStart = time.Now()

func endAt(now time.Time) end { return end(now.Sub(processStart)) }

// endAfter returns when a value stored now with a ttl expires.
func endAfter(ttl time.Duration) end {
	if ttl == 0 {
		return never
	}
	if now := endAt(time.Now()); end(ttl) < never-max(now, 0) {
		return now + end(ttl)
	}
	return never
}

// endOf returns when a value in an envelope expires. Where the clocks of two
// processes differ, the value lives that much longer or shorter.
func endOf(expires int64) end {
	if expires == 0 {
		return never
	}
	now := time.Now()
	if expires <= now.UnixMilli() { // first, because the difference below could overflow
		return endAt(now)
	}
	left := expires - now.UnixMilli()
	if left > int64(never)/2/int64(time.Millisecond) {
		return never
	}
	return endAt(now) + end(left)*end(time.Millisecond)
}

// remaining returns the time to live that is left, and false if none is.
func (e end) remaining() (time.Duration, bool) {
	if e == never {
		return 0, true
	}
	left := time.Duration(e - endAt(time.Now()))
	return left, left > 0
}
