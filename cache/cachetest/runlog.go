package cachetest

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/uncache/uncache/cache"
)

// LogHarness is a log to be checked, with what the kit may do to it. What is
// nil cannot be done, and the duties that need it are skipped, unless Whole says
// that it cannot happen.
type LogHarness struct {
	// Open returns an empty log that nobody else uses. It must be set. What has
	// to be closed is closed by t.Cleanup.
	Open func(t *testing.T) cache.Log

	// Second returns another handle on the log that l is, as another process
	// has it. The kit appends and reads through both.
	Second func(t *testing.T, l cache.Log) cache.Log

	// Trim makes the log forget its oldest events, as it does of itself when it
	// is full. It forgets one at least and the newest not.
	Trim func(ctx context.Context, l cache.Log) error

	// LoseHead deletes what the log knows of its head, and nothing else.
	LoseHead func(ctx context.Context, l cache.Log) error

	// LoseEvents deletes every event, and nothing else.
	LoseEvents func(ctx context.Context, l cache.Log) error

	// Whole says that what is nil here cannot happen to this log at all: one in
	// the memory of one process has no second handle and loses nothing but what
	// it trims.
	Whole bool

	// Around is as in [CacheHarness].
	Around func(t *testing.T, f func(t *testing.T))
}

// RunLog checks each duty of a [cache.Log] in a sub-test of its own, and those
// of a [cache.LocalLog], a [cache.HeadGetter] and a [cache.Waiter] if it is one.
func RunLog(t *testing.T, h LogHarness) {
	t.Helper()
	runRules(t, logRules(), h.Around, func(t *testing.T) logSubject {
		s := logSubject{Log: h.Open(t), h: h}
		if h.Second != nil {
			s.second = h.Second(t, s.Log)
		}
		return s
	}, func(name string, s logSubject) (bool, string) {
		lacks := h.lacks(name)
		return isFor(name, s.Log) && !(h.Whole && lacks != ""), lacks
	})
}

// lacks names what the harness can't do of what a rule needs.
func (h *LogHarness) lacks(name string) string {
	switch name {
	case "Append/seen by another process":
		if h.Second == nil {
			return "Second"
		}
	case "Since/trimmed":
		if h.Trim == nil {
			return "Trim"
		}
	case "Since/events lost":
		if h.LoseEvents == nil {
			return "LoseEvents"
		}
	case "Since/all lost":
		if h.LoseEvents == nil || h.LoseHead == nil {
			return "LoseHead with LoseEvents"
		}
	case "Since/head lost", "Append/head lost", "HeadGetter/head lost":
		if h.LoseHead == nil {
			return "LoseHead"
		}
	}
	return ""
}

type logRule = rule[logSubject]

func logRules() []logRule {
	return slices.Concat(eventRules, appendRules, sinceRules, pageRules, lossRules, headRules, waitRules)
}

// logSubject is a log with the calls that rules are written in.
type logSubject struct {
	cache.Log
	second cache.Log // nil if there is none
	h      LogHarness
}

// other is the second handle, or the first if there is no second.
func (s logSubject) other() cache.Log {
	if s.second != nil {
		return s.second
	}
	return s.Log
}

// handle returns either handle in turn.
func (s logSubject) handle(i int) cache.Log {
	if i%2 == 1 {
		return s.other()
	}
	return s.Log
}

// head asks where the log stands.
func (s logSubject) head(ctx context.Context) (cache.Position, error) {
	ev, err := since(ctx, s.Log, 0)
	return ev.Head, err
}

// appendN appends n events with the reasons 1 to n, and returns the position
// before the first and that of the last.
func (s logSubject) appendN(ctx context.Context, n int) (before, last cache.Position, err error) {
	for i := range n {
		last, err = appendTo(ctx, s.Log, cache.Event{
			Dependencies: []cache.Dependency{cache.Group(fmt.Sprint(i + 1))},
			Reason:       fmt.Sprint(i + 1),
		})
		if err != nil {
			return 0, 0, err
		}
		if i == 0 {
			before = last - 1
		}
	}
	return before, last, nil
}

func appendTo(ctx context.Context, l cache.Log, e cache.Event) (cache.Position, error) {
	p, err := l.Append(ctx, e)
	if err != nil {
		return 0, fmt.Errorf("Append(%s): got error %w, want none", e.Reason, err)
	}
	return p, nil
}

// since returns what the log says after a position, all pages of it.
func since(ctx context.Context, l cache.Log, after cache.Position) (cache.Events, error) {
	all, err := sincePage(ctx, l, after)
	for at := after; err == nil && all.More && all.End() < all.Head && all.End() > at; {
		at = all.End()
		var next cache.Events
		if next, err = sincePage(ctx, l, at); err != nil {
			break
		}
		if next.From == at {
			next.From, next.List = all.From, append(all.List, next.List...)
		}
		all = next
	}
	return all, err
}

func sincePage(ctx context.Context, l cache.Log, after cache.Position) (cache.Events, error) {
	ev, err := l.Since(ctx, after)
	if err != nil {
		return ev, fmt.Errorf("Since(%d): got error %w, want none", after, err)
	}
	return ev, nil
}

// continuous says whether List proves what From and Head claim.
func continuous(after cache.Position, ev cache.Events) error {
	const want = "every event of (From, Head], in order"
	if ev.From < after || ev.Head < ev.From || uint64(len(ev.List)) != uint64(ev.Head-ev.From) {
		return answer(after, ev, want)
	}
	for i, e := range ev.List {
		if e.Position != ev.From+cache.Position(i)+1 {
			return answer(after, ev, want)
		}
	}
	return nil
}

// answer is the error for an answer of Since that is not what was wanted.
func answer(after cache.Position, ev cache.Events, want string, args ...any) error {
	positions := make([]cache.Position, 0, len(ev.List))
	for _, e := range ev.List {
		positions = append(positions, e.Position)
	}
	list := fmt.Sprint(positions)
	if len(positions) > 20 {
		list = fmt.Sprintf("%d events from %d to %d", len(positions), positions[0], positions[len(positions)-1])
	}
	if ev.More {
		list += " and More"
	}
	return fmt.Errorf("Since(%d): got Head %d, From %d, List %s; want %s",
		after, ev.Head, ev.From, list, fmt.Sprintf(want, args...))
}
