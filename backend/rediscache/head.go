package rediscache

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/cache"
)

// errAsk says that a plain read cannot tell what the head is: it is missing,
// from another history, or came over a connection that is too new.
var errAsk = errors.New("the server must be asked")

// A headRead is one read of the head that is under way.
type headRead struct {
	b       *Backend
	history *history // nil: it is not known which server answers, and nothing is learned

	relied *answer          // a plain read relies on it
	get    *redis.StringCmd // if relied is set
	began  time.Time        // if it asks
	dials  uint64           // if it asks
	eval   *redis.Cmd       // if it asks
	fence  *redis.IntCmd    // if it asks

	total int64 // what result found beside the head; 0 if it is not known
}

// readHead reads the head by c, a pipeline or a client, with a plain GET if that
// will do.
func (b *Backend) readHead(ctx context.Context, c redis.Cmdable, h *history, after cache.Position) *headRead {
	if relied := h.answer(); relied != nil {
		return &headRead{b: b, history: h, relied: relied, get: c.Get(ctx, b.headKey)}
	}
	return b.askHead(ctx, c, h, after)
}

// askHead reads the head by c and asks the server for its history. If the head
// cannot be trusted or is before after, an era begins.
func (b *Backend) askHead(ctx context.Context, c redis.Cmdable, h *history, after cache.Position) *headRead {
	r := &headRead{b: b, history: h, began: time.Now()}
	if h != nil {
		r.dials = h.dials.Load()
	}
	r.eval = c.Eval(ctx, confirmScript, []string{b.headKey, b.eventsKey}, uint64(after))
	r.fence = b.askFence(ctx, c)
	return r
}

// result returns the head once the reply is in.
func (r *headRead) result() (cache.Position, error) {
	if r.relied != nil {
		return r.plain()
	}
	head, s, err := r.asked()
	if err != nil {
		r.b.refused(err)
		if r.history != nil {
			r.history.asked.Store(nil) // what it said before does not count any more
		}
		return 0, err
	}
	if r.history != nil {
		r.history.asked.Store(&answer{id: s.id, check: checkID(s.id), dials: r.dials, asked: r.began})
	}
	r.b.heard(s)
	return head, nil
}

// asked returns what the server said when it was asked.
func (r *headRead) asked() (cache.Position, said, error) {
	reply, err := r.eval.Slice()
	if err != nil {
		return 0, said{}, named(err)
	}
	var text string
	var began, guard int64
	var s said
	if err := scan(reply, &text, &s.id, &began, &guard); err != nil {
		return 0, said{}, err
	}
	h, ok := parseHead(text, "", 0)
	if !ok {
		return 0, said{}, fmt.Errorf("%w: %q", errHead, text)
	}
	s.head, r.total = h.pos, int64(h.total)
	fence, err := believe(r.fence.Err(), guard)
	if err != nil {
		return 0, said{}, err
	}
	s.began = began != 0
	s.unfenced = guard == guardMissing || guard == guardSet && !fence
	return s.head, s, nil
}

func (r *headRead) plain() (cache.Position, error) {
	stored, err := r.get.Result()
	if errors.Is(err, redis.Nil) {
		return 0, errAsk
	}
	if err != nil {
		return 0, err
	}
	h := r.history.plain(stored, r.relied)
	if h.pos == 0 {
		return 0, errAsk
	}
	r.total = int64(h.total)
	return h.pos, nil
}

// plain returns the head that a plain read found, or one at 0 if it is damaged, or
// the answer that it relied on does not say that it may be trusted.
func (h *history) plain(stored string, relied *answer) headValue {
	head, ok := parseHead(stored, relied.id, relied.check)
	if !ok || head.id != relied.id && relied.id != hidden || h.dials.Load() != relied.dials {
		return headValue{}
	}
	return head
}

// orZero returns the head, or 0 if this read could not tell.
func (r *headRead) orZero() cache.Position {
	head, err := r.result()
	if err != nil {
		return 0
	}
	return head
}

func parsePosition(s string) (cache.Position, error) {
	n, err := strconv.ParseUint(s, 10, 53)
	if err != nil {
		return 0, fmt.Errorf("not a position: %w", err)
	}
	return cache.Position(n), nil
}

// errHead says that what a script replied is not what it made.
var errHead = errors.New("the head of the log does not match its checksum: it was damaged on its way")

// parseTotal returns the bytes that were ever appended, or 0 if s does not say.
func parseTotal(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// scan takes the reply of a script apart.
func scan(reply []any, into ...any) error {
	if len(reply) != len(into) {
		return fmt.Errorf("script replied %v, want %d elements", reply, len(into))
	}
	for i, p := range into {
		ok := false
		switch p := p.(type) {
		case *string:
			*p, ok = reply[i].(string)
		case *int64:
			*p, ok = reply[i].(int64)
		}
		if !ok {
			return fmt.Errorf("script replied %v, want a %T in place %d", reply, p, i)
		}
	}
	return nil
}
