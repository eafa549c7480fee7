package engine

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"time"
	"unsafe"

	"github.com/uncache/uncache/cache"
)

// errEnvelope is what opening stored bytes gives when they are not what was
// stored under that key by this version of the format. Such bytes are a miss.
var errEnvelope = errors.New("stored bytes are damaged, or of another format")

// The envelope around a stored value:
//
//	'u' 1  crc32c(key, rest)  stamp  expires  count  count × hash  value
//	 1  1          4            8       8       4        8 each
//
// Numbers are little-endian; expires is in milliseconds of Unix time, 0 for
// never. The checksum covers the key, so that bytes which stand under a key
// they were not stored under are not served either.
const (
	envelopeMagic   = 'u'
	envelopeVersion = 1
	envelopeHead    = 1 + 1 + 4 + 8 + 8 + 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(key string, rest []byte) uint32 {
	bytes := unsafe.Slice(unsafe.StringData(key), len(key)) // which are read, and not kept
	return crc32.Update(crc32.Update(0, castagnoli, bytes), castagnoli, rest)
}

func seal(key string, stamp cache.Position, expires int64, deps []uint64, value []byte) []byte {
	b := make([]byte, envelopeHead, envelopeHead+8*len(deps)+len(value))
	b[0], b[1] = envelopeMagic, envelopeVersion
	binary.LittleEndian.PutUint64(b[6:], uint64(stamp))
	binary.LittleEndian.PutUint64(b[14:], uint64(expires))
	binary.LittleEndian.PutUint32(b[22:], uint32(len(deps)))
	for _, d := range deps {
		b = binary.LittleEndian.AppendUint64(b, d)
	}
	b = append(b, value...)
	binary.LittleEndian.PutUint32(b[2:], checksum(key, b[6:]))
	return b
}

// open takes an envelope apart. The value it returns is part of b.
func open(key string, b []byte) (stamp cache.Position, expires int64, deps []uint64, value []byte, err error) {
	if len(b) < envelopeHead || b[0] != envelopeMagic || b[1] != envelopeVersion ||
		binary.LittleEndian.Uint32(b[2:]) != checksum(key, b[6:]) {
		return 0, 0, nil, nil, errEnvelope
	}
	stamp = cache.Position(binary.LittleEndian.Uint64(b[6:]))
	expires = int64(binary.LittleEndian.Uint64(b[14:]))
	rest := b[envelopeHead:]
	count := uint64(binary.LittleEndian.Uint32(b[22:]))
	if count > uint64(len(rest)/8) {
		return 0, 0, nil, nil, errEnvelope
	}
	deps = make([]uint64, count)
	for i := range deps {
		deps[i] = binary.LittleEndian.Uint64(rest[8*i:])
	}
	return stamp, expires, deps, rest[8*count:], nil
}

// expiry returns when a value that is stored now with ttl expires.
func expiry(ttl time.Duration) int64 {
	if ttl == 0 {
		return 0
	}
	now := time.Now().UnixMilli()
	if ms := ttl.Milliseconds(); ms < math.MaxInt64-now {
		return now + max(ms, 1)
	}
	return 0
}

// An end is when a value in this process expires: by the monotonic clock, so
// that setting the wall clock neither expires nor prolongs anything. It counts from
// when the process started, since Caches may share a store in memory.
type end time.Duration

const never = end(math.MaxInt64)

var processStart = time.Now()

func endAt(now time.Time) end { return end(now.Sub(processStart)) }

// endAfter returns when a value that is stored now with ttl expires.
func endAfter(ttl time.Duration) end {
	if ttl == 0 {
		return never
	}
	if now := endAt(time.Now()); end(ttl) < never-max(now, 0) {
		return now + end(ttl)
	}
	return never
}

// endOf returns when a value expires that was stored with expires. What the clocks
// of two processes differ by is taken for time that has passed, or has not.
func endOf(expires int64) end {
	if expires == 0 {
		return never
	}
	now := time.Now()
	if expires <= now.UnixMilli() { // before there is a difference that overflows
		return endAt(now)
	}
	left := expires - now.UnixMilli()
	if left > int64(never)/2/int64(time.Millisecond) {
		return never
	}
	return endAt(now) + end(left)*end(time.Millisecond)
}

// remaining returns the time to live that is left, and false if none is.
func (e end) remaining() (time.Duration, bool) {
	if e == never {
		return 0, true
	}
	left := time.Duration(e - endAt(time.Now()))
	return left, left > 0
}
