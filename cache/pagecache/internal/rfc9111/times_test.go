package rfc9111

import (
	"math"
	"math/big"
	"testing"
	"time"
)

// exactly returns a+b without a bound, and then the nearest int64.
func exactly(terms ...int64) int64 {
	sum := new(big.Int)
	for _, n := range terms {
		sum.Add(sum, big.NewInt(n))
	}
	switch {
	case sum.IsInt64():
		return sum.Int64()
	case sum.Sign() > 0:
		return math.MaxInt64
	}
	return math.MinInt64
}

func FuzzAddTimes(f *testing.F) {
	ends := []int64{0, 1, -1, math.MaxInt64, math.MinInt64, math.MaxInt64 - 1, math.MaxInt64 / 2, int64(MaxDuration), int64(time.Hour)}
	for _, a := range ends {
		for _, b := range ends {
			f.Add(a, b)
		}
	}
	f.Fuzz(func(t *testing.T, a, b int64) {
		if got, want := AddTimes(a, b), exactly(a, b); got != want {
			t.Errorf("%d + %d: got %d, want %d", a, b, got, want)
		}
	})
}

// For how long a response is kept, whatever its lifetime, its age and the options.
func FuzzKeepFor(f *testing.F) {
	const year = int64(365 * 24 * time.Hour)
	for _, life := range []int64{0, 1, -year, int64(time.Hour), int64(MaxDuration), 200 * year, math.MaxInt64} {
		for _, age := range []int64{0, int64(time.Second), int64(MaxDuration), 2 * int64(MaxDuration)} {
			for _, after := range []int64{0, int64(time.Minute), 200 * year, math.MaxInt64} {
				f.Add(life, age, after, int64(time.Hour), true)
				f.Add(life, age, after, int64(math.MaxInt64), false)
			}
		}
	}
	f.Fuzz(func(t *testing.T, life, age, after, keepStale int64, useful bool) {
		life = max(life, -int64(MaxDuration)) // as Expires and Date give it
		age, after, keepStale = max(age, 0), max(after, 0), max(keepStale, int64(time.Second))
		r := &Rules{KeepStale: time.Duration(keepStale)}
		got := int64(r.KeepFor(time.Duration(life), time.Duration(age), time.Duration(after), useful))
		want := max(exactly(life, -age, after), 0)
		if useful {
			want = max(want, exactly(max(exactly(life, -age), 0), keepStale))
		}
		if got != want {
			t.Errorf("lifetime %d, age %d, served stale for %d, KeepStale %d, useful %v: kept for %d, want %d", life, age, after, keepStale, useful, got, want)
		}
	})
}
