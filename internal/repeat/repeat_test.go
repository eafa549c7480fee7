package repeat_test

import (
	"strings"
	"testing"
	"time"

	"github.com/uncache/uncache/internal/repeat"
)

func TestCheck(t *testing.T) {
	many := make([]time.Duration, repeat.Most+1)
	for i := range many {
		many[i] = time.Duration(i+1) * time.Second
	}
	for _, c := range []struct {
		delays []time.Duration
		want   string
	}{
		{nil, ""},
		{[]time.Duration{}, ""},
		{[]time.Duration{time.Millisecond, time.Second, repeat.Longest}, ""},
		{many[:repeat.Most], ""},
		{many, "17 durations"},
		{[]time.Duration{0}, "less than a millisecond"},
		{[]time.Duration{-time.Second}, "less than a millisecond"},
		{[]time.Duration{time.Microsecond}, "less than a millisecond"},
		{[]time.Duration{time.Second, time.Second}, "at index 1 must be longer"},
		{[]time.Duration{time.Minute, time.Second}, "at index 1 must be longer"},
		{[]time.Duration{repeat.Longest + 1}, "more than a week"},
	} {
		err := repeat.Check(c.delays)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("Check(%v): %v, want %q", c.delays, err, c.want)
		}
	}
}
