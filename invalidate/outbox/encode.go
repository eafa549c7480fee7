package outbox

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/uncache/uncache/cache"
)

// The format of a row. It is in a column, so that a relay can select by it: a relay
// claims formats up to its own, and leaves newer ones to newer processes. The event is
// encoded in the same way in both.
const (
	formatOnce = 1 // an event that is purged once
	format     = 2 // an event that is purged again, as the column repeats says
)

// maxNames is how many dependencies one row may have. Many short ones take many times
// the memory that they take in the table.
const maxNames = 1 << 17

// Flags of an encoded event.
const (
	flagSoft = 1 << iota
	flagTime
	flagsKnown = flagSoft | flagTime
)

// encode returns e in format 1: a byte of flags; the time in nanoseconds since 1970, if
// flagTime is set; reason, origin, the number of dependencies, and each of them.
// Numbers are varints. Strings have their length in front and keep every byte. The
// position is left out, since the log gives it.
func encode(e cache.Event) []byte {
	size := 32 + len(e.Reason) + len(e.Origin)
	for _, d := range e.Dependencies {
		size += 3 + len(d)
	}
	b := make([]byte, 1, size)
	if e.Soft {
		b[0] |= flagSoft
	}
	if !e.Time.IsZero() {
		b[0] |= flagTime
		b = binary.AppendVarint(b, e.Time.UnixNano())
	}
	b = appendString(b, e.Reason)
	b = appendString(b, e.Origin)
	b = binary.AppendUvarint(b, uint64(len(e.Dependencies)))
	for _, d := range e.Dependencies {
		b = appendString(b, string(d))
	}
	return b
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// ErrCorrupt begins the last error of a dead letter whose event cannot be decoded:
// another program has written the row, or changed it.
var ErrCorrupt = errors.New("the event cannot be decoded")

// decode is the inverse of encode.
func decode(b []byte) (cache.Event, error) {
	d := decoder{rest: b}
	var e cache.Event
	flags := d.byte()
	if flags&^flagsKnown != 0 {
		d.fail("unknown flags")
	}
	e.Soft = flags&flagSoft != 0
	if flags&flagTime != 0 {
		e.Time = time.Unix(0, d.varint()).UTC()
	}
	e.Reason, e.Origin = d.string(), d.string()
	n := d.uvarint()
	if n > min(uint64(len(d.rest)), maxNames) { // each has at least a length
		d.fail("too many dependencies")
		n = 0
	}
	e.Dependencies = make([]cache.Dependency, n)
	for i := range e.Dependencies {
		e.Dependencies[i] = cache.Dependency(d.string())
	}
	if len(d.rest) > 0 {
		d.fail("bytes after the end")
	}
	if d.err != nil {
		return cache.Event{}, d.err
	}
	return e, nil
}

// decoder reads from rest. After the first error it reads nothing.
type decoder struct {
	rest []byte
	err  error
}

func (d *decoder) fail(why string) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: %s", ErrCorrupt, why)
	}
	d.rest = nil
}

func (d *decoder) byte() byte {
	if len(d.rest) == 0 {
		d.fail("too short")
		return 0
	}
	b := d.rest[0]
	d.rest = d.rest[1:]
	return b
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.rest)
	return v * d.skip(n)
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	return v * uint64(d.skip(n))
}

// skip skips the n bytes of a number and returns 1, or 0 if there was none.
func (d *decoder) skip(n int) int64 {
	if n <= 0 {
		d.fail("not a number")
		return 0
	}
	d.rest = d.rest[n:]
	return 1
}

func (d *decoder) string() string {
	n := d.uvarint()
	if n > uint64(len(d.rest)) {
		d.fail("too short")
		return ""
	}
	s := string(d.rest[:n])
	d.rest = d.rest[n:]
	return s
}
