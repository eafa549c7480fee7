package rediscache

import (
	"context"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/cache"
)

// pageSize is how many events one command reads. Redis runs one command at a
// time: all 100,000 that the log has by default would hold up everybody's hits
// while it writes them down.
const pageSize = 5_000

// sinceBy reads the head and then the events. Both keys are in one slot, so
// that one server answers, in this order: it has all events up to the head, if
// it has not lost them. The first page comes with the head, in one round trip;
// others follow as long as the head is not reached.
//
// What happens between two pages can only make the list shorter:
//
//  1. an event is appended: it is beyond the head, and read the next time
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
	page := pipe.XRangeN(ctx, b.eventsKey, behind(after), "+", pageSize)
	_, _ = pipe.Exec(ctx) // each command has its own error
	head, err := read.result()
	if err != nil {
		return cache.Events{}, err
	}
	if head < after {
		return cache.Events{}, errAsk
	}
	r := run{end: after}
	for {
		if err := page.Err(); err != nil {
			return cache.Events{}, err
		}
		entries := page.Val()
		r.add(entries, head)
		if r.end == head || len(entries) < pageSize {
			return r.upTo(head), nil
		}
		// go-redis does not notice that a context without a deadline ends.
		if err := ctx.Err(); err != nil {
			return cache.Events{}, err
		}
		last := entries[len(entries)-1].ID
		page = c.XRangeN(ctx, b.eventsKey, "("+last, position(head), pageSize)
	}
}

// behind is where a range begins that does not have the event at pos.
func behind(pos cache.Position) string { return "(" + position(pos) }

func position(pos cache.Position) string { return strconv.FormatUint(uint64(pos), 10) }

// A run is the last events read that follow one another without a gap.
type run struct {
	list []cache.Event
	end  cache.Position // of the last event in list
}

// add adds the entries up to head. Whatever is missing, trimmed, evicted, or not
// an event, begins the run after it.
func (r *run) add(entries []redis.XMessage, head cache.Position) {
	for _, m := range entries {
		if r.end == head {
			return // the rest was appended after the head was read
		}
		e, err := decode(m)
		if err != nil {
			r.list, r.end = nil, 0
			continue
		}
		if e.Position != r.end+1 {
			r.list = nil
		}
		r.list, r.end = append(r.list, e), e.Position
	}
}

// upTo returns the events that lead to head without a gap.
func (r *run) upTo(head cache.Position) cache.Events {
	if r.end != head {
		r.list = nil // the last ones are missing
	}
	return cache.Events{Head: head, From: head - cache.Position(len(r.list)), List: r.list}
}
