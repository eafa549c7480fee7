// Package repeat knows when an event is purged again.
package repeat

import (
	"fmt"
	"time"
)

const (
	// Most is how many times an event may be purged again.
	Most = 16
	// Longest is how long after its purge.
	Longest = 7 * 24 * time.Hour
)

// Check returns an error that names what makes no sense in delays, counted from the
// first purge.
func Check(delays []time.Duration) error {
	if len(delays) > Most {
		return fmt.Errorf("it has %d durations: %d at most", len(delays), Most)
	}
	before := time.Duration(0)
	for i, d := range delays {
		switch {
		case d < time.Millisecond:
			return fmt.Errorf("%v at index %d is less than a millisecond", d, i)
		case d > Longest:
			return fmt.Errorf("%v at index %d is more than a week", d, i)
		case d-before < time.Millisecond:
			return fmt.Errorf("%v at index %d must be longer than %v before it: each counts from the purge", d, i, before)
		}
		before = d
	}
	return nil
}
