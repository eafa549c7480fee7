package rediscache

import (
	"context"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/cache"
)

const (
	// pageBytes is how long a page should be. Redis runs one command at a time:
	// all that the log has would hold up everybody's hits while it is written
	// down, and take a slow link longer than anybody waits.
	pageBytes = 256 << 10

	// pageEvents bounds a page of small events.
	pageEvents = 5_000

	// eventBytes is how long an event is taken to be as long as nothing is known:
	// a process that starts asks for 32.
	eventBytes = 8 << 10

	// leastBytes is how long the next event is taken to be at least, when all that
	// there are were read and short.
	leastBytes = 1 << 10
)

// A pager tells how many events make a page. Redis counts events, and not bytes:
//
//  1. each entry tells how much was ever appended, and so does the head, so that
//     the reader of a page knows how long the events after it are on average
//  2. the next page has as many of them as make pageBytes
//  3. should they not come in time, because it is the long ones that come first,
//     the next try asks for a quarter
//  4. a page that came has the next at most twice as many
type pager struct{ expect atomic.Int64 } // bytes of an event; 0 for eventBytes

// count returns how many events to ask for.
func (p *pager) count() int64 {
	return min(max(pageBytes/p.expected(), 1), pageEvents)
}

func (p *pager) expected() int64 {
	if n := p.expect.Load(); n > 0 {
		return n
	}
	return eventBytes
}

// failed says that a page has not come.
func (p *pager) failed() { p.expect.Store(min(4*p.expected(), pageBytes)) }

// came says that a page came, and how long the next event is on average.
func (p *pager) came(next int64) {
	if next > 0 {
		p.expect.Store(max(next, p.expected()/2))
	}
}

// sinceBy reads the head and then a page. Both keys are in one slot, so that one
// server answers, in this order and in one round trip: it has all events up to the
// head, if it has not lost them.
//
// What happens between two pages can only make the next one shorter:
//
//  1. an event is appended: it is before the head that is read then
//  2. events are trimmed or evicted: those not read yet are a gap
//  3. another server takes over: it may lack events, which is a gap, but has no
//     others at these positions, since it began its era beyond them
func (b *Backend) sinceBy(ctx context.Context, c redis.Cmdable, h *history, after cache.Position, ask bool) (cache.Events, error) {
	var read *headRead
	pipe := c.Pipeline()
	if ask {
		read = b.askHead(ctx, pipe, h, after)
	} else {
		read = b.readHead(ctx, pipe, h, after)
	}
	count := b.pages.count()
	page := pipe.XRangeN(ctx, b.eventsKey, position(after+1), "+", count)
	_, _ = pipe.Exec(ctx) // each command has its own error
	head, err := read.result()
	if err != nil {
		return cache.Events{}, err
	}
	if head < after && read.relied == nil {
		// It was asked, and by its clock nobody can be there: see cache.Log.
		return cache.Events{Head: head, From: head}, nil
	}
	if head < after {
		return cache.Events{}, errAsk
	}
	if err := page.Err(); err != nil {
		return cache.Events{}, err
	}
	entries := page.Val()
	r := run{end: after}
	r.add(entries, head)
	if r.end < head && int64(len(entries)) < count {
		r = run{end: head} // the last ones are missing
	}
	b.pages.came(r.next(read.total, head))
	return cache.Events{Head: head, From: r.end - cache.Position(len(r.list)), List: r.list, More: r.end < head}, nil
}

func position(pos cache.Position) string { return strconv.FormatUint(uint64(pos), 10) }

// A run is the last events read that follow one another without a gap.
type run struct {
	list []cache.Event
	end  cache.Position // of the last event in list

	first, last int64 // what was ever appended up to the first and the last; 0 if it is not known
}

// add adds the entries up to head. Whatever is missing, trimmed, evicted, or not
// an event, begins the run after it.
func (r *run) add(entries []redis.XMessage, head cache.Position) {
	for _, m := range entries {
		if r.end == head {
			return // the rest was appended after the head was read
		}
		text, _, _ := strings.Cut(m.ID, "-")
		pos, err := parsePosition(text)
		if err != nil || pos > head {
			*r = run{end: head} // those up to the head are missing
			return
		}
		e, err := decode(m)
		if err != nil {
			*r = run{end: pos}
			continue
		}
		if pos != r.end+1 {
			r.list = nil
		}
		sum, _ := m.Values[fieldSum].(string)
		if r.last = parseTotal(sum); len(r.list) == 0 {
			r.first = r.last
		}
		r.list, r.end = append(r.list, e), pos
	}
}

// next returns how long the next event is: on average of those that are left or,
// if none is, as those of this page were. It is 0 if that is not known.
func (r *run) next(total int64, head cache.Position) int64 {
	switch n := int64(len(r.list)); {
	case r.last == 0 || r.first == 0:
		return 0
	case r.end < head && total > r.last:
		return max((total-r.last)/int64(head-r.end), 1)
	case n > 1 && r.last > r.first:
		return max((r.last-r.first)/(n-1), leastBytes)
	}
	return 0
}
