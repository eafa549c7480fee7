package main

import (
	"fmt"
	"math"
	"slices"
)

// A quantity reads one number off a sample.
type quantity func(sample) float64

func cpu(s sample) float64    { return s.cpu }
func wall(s sample) float64   { return s.wall }
func p50(s sample) float64    { return s.p50 }
func allocs(s sample) float64 { return s.allocs }

// An estimate is a median and the interval that holds the true one in 95 of 100
// cases, by the order of the values alone.
type estimate struct{ mid, low, high float64 }

func estimateOf(values []float64) estimate {
	v := slices.Sorted(slices.Values(values))
	if len(v) == 0 {
		return estimate{math.NaN(), math.NaN(), math.NaN()}
	}
	k := ranksOut(len(v))
	return estimate{median(v), v[k], v[len(v)-1-k]}
}

// ranksOut is how many of n sorted values lie outside of the interval at each
// end: the number of values below the true median is binomial. Below six
// values the interval is all of them, and holds less often.
func ranksOut(n int) int {
	p := math.Pow(0.5, float64(n)) // that k values are below it
	for k, sum := 0, 0.0; ; k++ {
		if sum += p; sum > 0.025 {
			return max(k-1, 0)
		}
		p *= float64(n-k) / float64(k+1)
	}
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	v := slices.Sorted(slices.Values(values))
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}

func (s series) estimate(of quantity) estimate {
	values := make([]float64, len(s.samples))
	for i, x := range s.samples {
		values[i] = of(x)
	}
	return estimateOf(values)
}

// ratio compares two contestants round by round, so that a slow moment of the
// machine cancels out.
func ratio(s, base series, of quantity) estimate {
	values := make([]float64, len(s.samples))
	for i := range s.samples {
		values[i] = of(s.samples[i]) / of(base.samples[i])
	}
	return estimateOf(values)
}

// named returns the series of a contestant, which the case itself named.
func named(all []series, name string) series {
	for _, s := range all {
		if s.name == name {
			return s
		}
	}
	panic("bench: there is no contestant " + name)
}

// String gives the ratio and its interval: 0.83 (0.81 to 0.86).
func (e estimate) String() string {
	return fmt.Sprintf("%s (%s to %s)", number(e.mid), number(e.low), number(e.high))
}

// number writes three significant digits, and all that stand before the point.
func number(x float64) string {
	switch a := math.Abs(x); {
	case a >= 100, x == 0:
		return fmt.Sprintf("%.0f", x)
	case a >= 10:
		return fmt.Sprintf("%.1f", x)
	case a >= 0.1:
		return fmt.Sprintf("%.2f", x)
	default:
		return fmt.Sprintf("%.2g", x)
	}
}
