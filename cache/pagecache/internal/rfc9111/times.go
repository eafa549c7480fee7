package rfc9111

import "math"

// AddTimes returns a+b, or the nearest value there is. Options and fields may say
// "for ever", and what comes after that must not be in the past.
func AddTimes[T ~int64](a, b T) T {
	sum := a + b
	switch {
	case a > 0 && b > 0 && sum < 0:
		return math.MaxInt64
	case a < 0 && b < 0 && sum >= 0:
		return math.MinInt64
	}
	return sum
}
