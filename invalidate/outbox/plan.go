package outbox

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/uncache/uncache/internal/repeat"
)

// A plan says when an event is purged again, counted from its first purge, as it is in
// the table: milliseconds, with commas between them.
type plan string

func newPlan(delays []time.Duration) (plan, error) {
	if err := repeat.Check(delays); err != nil {
		return "", fmt.Errorf("outbox: repeat: %w", err)
	}
	list := make([]string, len(delays))
	for i, d := range delays {
		list[i] = strconv.FormatInt(d.Milliseconds(), 10)
	}
	return plan(strings.Join(list, ",")), nil
}

// delays returns the durations. A plan that newPlan has not made is an error.
func (p plan) delays() ([]time.Duration, error) {
	if p == "" {
		return nil, nil
	}
	var delays []time.Duration
	for s := range strings.SplitSeq(string(p), ",") {
		ms, err := strconv.ParseInt(s, 10, 64)
		if err != nil || ms < 0 || ms > repeat.Longest.Milliseconds() || len(delays) == repeat.Most {
			return nil, fmt.Errorf("%w: repeats is not a list of milliseconds", ErrCorrupt)
		}
		delays = append(delays, time.Duration(ms)*time.Millisecond)
	}
	if err := repeat.Check(delays); err != nil {
		return nil, fmt.Errorf("%w: repeats: %w", ErrCorrupt, err)
	}
	return delays, nil
}

// A schedule is where an event is in its plan.
type schedule struct {
	plan   plan
	purged int // how often it was purged
}

// next returns how long after a purge just made the next one is due, or false if it was
// the last.
func (s schedule) next() (time.Duration, bool) {
	delays, err := s.plan.delays()
	if err != nil || s.purged >= len(delays) {
		return 0, false
	}
	d := delays[s.purged]
	if s.purged > 0 {
		d -= delays[s.purged-1]
	}
	return d, true
}

// format returns the format of a row: a relay that knows no repeats leaves the row.
func (s schedule) format() int {
	if s.plan == "" {
		return formatOnce
	}
	return format
}
