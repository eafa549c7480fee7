package memory

import "github.com/uncache/uncache/cache"

// ring keeps the newest events, within two bounds. It grows and shrinks by
// chunks: no step copies, drops or frees more than one of them at a time, except
// that many chunks may be dropped at once by a large event.
type ring struct {
	maxEvents int
	maxBytes  int64

	chunks []*chunk // oldest first
	spare  *chunk   // an empty one, to be used again
	len    int      // of the events in all of them
	bytes  int64
}

// chunk holds consecutive events: those in items[first:end].
type chunk struct {
	items      [chunkItems]item
	first, end int
	bytes      int64
}

type item struct {
	event cache.Event
	bytes int64
}

const (
	chunkItems = 128

	// These bound one answer of Since: how long others wait for it to be copied,
	// and how much its reader has to take in before it can say that it got on.
	pageItems = 1024
	pageBytes = 256 << 10
)

// push adds e, and drops the oldest until the bounds hold or e is alone.
func (r *ring) push(e cache.Event) {
	it := item{e, eventBytes(e)}
	if len(r.chunks) == 0 || r.chunks[len(r.chunks)-1].end == chunkItems {
		c := r.spare
		if r.spare = nil; c == nil {
			c = new(chunk)
		}
		r.chunks = append(r.chunks, c)
	}
	c := r.chunks[len(r.chunks)-1]
	c.items[c.end] = it
	c.end++
	c.bytes += it.bytes
	r.len++
	r.bytes += it.bytes
	for (r.len > r.maxEvents || r.bytes > r.maxBytes) && r.len > 1 {
		r.drop()
	}
}

// drop drops the oldest event, or a chunk of them if that is not enough.
func (r *ring) drop() {
	c := r.chunks[0]
	if n := c.end - c.first; r.bytes-c.bytes > r.maxBytes && n < r.len {
		r.len -= n
		r.bytes -= c.bytes
		r.shift()
		return
	}
	oldest := &c.items[c.first]
	r.len--
	r.bytes -= oldest.bytes
	c.bytes -= oldest.bytes
	*oldest = item{} // its dependencies are garbage now
	if c.first++; c.first == c.end {
		r.shift()
		c.first, c.end, r.spare = 0, 0, c
	}
}

// shift gives up the oldest chunk.
func (r *ring) shift() {
	r.chunks[0] = nil
	r.chunks = r.chunks[1:]
}

// page returns a copy of the first of the last n events, oldest first: as many as
// one answer may have, and one at least. n is from 1 to len.
func (r *ring) page(n int) []cache.Event {
	skip := r.len - n
	i := 0
	for held := r.chunks[0].end - r.chunks[0].first; skip >= held; held = r.chunks[i].end - r.chunks[i].first {
		skip -= held
		i++
	}
	list := make([]cache.Event, 0, min(n, pageItems))
	bytes := int64(0)
	for ; i < len(r.chunks) && len(list) < pageItems; i++ {
		c := r.chunks[i]
		for j := c.first + skip; j < c.end && len(list) < pageItems; j++ {
			if bytes += c.items[j].bytes; bytes > pageBytes && len(list) > 0 {
				return list
			}
			list = append(list, c.items[j].event)
		}
		skip = 0
	}
	return list
}

// clear drops all events.
func (r *ring) clear() { r.chunks, r.spare, r.len, r.bytes = nil, nil, 0, 0 }

func eventBytes(e cache.Event) int64 {
	const event, header = 96, 16 // an Event, a string
	n := event + len(e.Reason) + len(e.Origin)
	for _, d := range e.Dependencies {
		n += header + len(d)
	}
	return int64(n)
}
