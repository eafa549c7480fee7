package outbox

import (
	"math"
	"testing"
	"time"
)

func TestBackoff(t *testing.T) {
	for try, most := range map[int]time.Duration{
		1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 7: time.Minute, 64: time.Minute, math.MaxInt: time.Minute,
	} {
		var longest, sum time.Duration
		const n = 2000
		for range n {
			d := backoff(time.Second, time.Minute, try)
			if d <= 0 || d > most {
				t.Fatalf("try %d waits %v, want more than nothing and at most %v", try, d, most)
			}
			longest, sum = max(longest, d), sum+d
		}
		// With full jitter the waits are spread evenly up to the bound. The mean of
		// 2000 is off by a tenth once in 10^14 runs.
		if mean := sum / n; longest < most*9/10 || mean < most*4/10 || mean > most*6/10 {
			t.Errorf("try %d waits %v on average and %v at most, want %v and %v", try, mean, longest, most/2, most)
		}
	}
}

// The doc of MaxTries names these hours.
func TestHowLongTriesTake(t *testing.T) {
	var o Options
	if err := o.complete(SQLite); err != nil {
		t.Fatal(err)
	}
	var longest time.Duration
	for try := 1; try < o.MaxTries; try++ {
		d := o.MaxBackoff
		if try < 20 {
			d = min(d, o.Backoff<<(try-1))
		}
		longest += d
	}
	if h := longest.Hours(); h < 14.5 || h > 16 {
		t.Errorf("%d tries take %.1f h at most, want 15 or so, and half of it on average", o.MaxTries, h)
	}
}
