package memory

import "github.com/uncache/uncache/cache"

// ring keeps the newest events, within two bounds, and grows up to the first
// as it is needed.
type ring struct {
	maxEvents int
	maxBytes  int64

	buf   []cache.Event
	first int // the oldest, in buf
	len   int
	bytes int64
}

// push adds e, and drops the oldest until the bounds hold or e is alone.
func (r *ring) push(e cache.Event) {
	if r.len == r.maxEvents {
		r.drop()
	}
	if r.len == len(r.buf) {
		r.grow()
	}
	r.buf[(r.first+r.len)%len(r.buf)] = e
	r.len++
	r.bytes += eventBytes(e)
	for r.bytes > r.maxBytes && r.len > 1 {
		r.drop()
	}
}

func (r *ring) drop() {
	oldest := &r.buf[r.first]
	r.bytes -= eventBytes(*oldest)
	*oldest = cache.Event{} // its dependencies are garbage now
	r.first = (r.first + 1) % len(r.buf)
	r.len--
}

func (r *ring) grow() {
	buf := make([]cache.Event, min(max(64, 2*len(r.buf)), r.maxEvents))
	copy(buf, r.newest(r.len))
	r.buf, r.first = buf, 0
}

// newest returns a copy of the last n events, oldest first. n is at most len.
func (r *ring) newest(n int) []cache.Event {
	if n == 0 {
		return nil
	}
	list := make([]cache.Event, n)
	from := (r.first + r.len - n) % len(r.buf)
	k := copy(list, r.buf[from:])
	copy(list[k:], r.buf)
	return list
}

// clear drops all events and keeps the room.
func (r *ring) clear() {
	clear(r.buf)
	r.first, r.len, r.bytes = 0, 0, 0
}

func eventBytes(e cache.Event) int64 {
	const event, header = 96, 16 // an Event, a string
	n := event + len(e.Reason) + len(e.Origin)
	for _, d := range e.Dependencies {
		n += header + len(d)
	}
	return int64(n)
}
