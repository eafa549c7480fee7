package engine

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"unsafe"

	"github.com/uncache/uncache/cache"
)

// The envelope around a stored value:
//
//	'u' 1  crc32c(key, rest)  stamp  expires  count  count × hash  value
//	 1  1          4            8       8       4        8 each
//
// Numbers are little-endian. expires is in milliseconds of Unix time, 0 for never.
// The checksum covers the key, so a value found under another key is refused.
const (
	envelopeMagic   = 'u'
	envelopeVersion = 1
	envelopeHead    = 1 + 1 + 4 + 8 + 8 + 4
)

// errEnvelope is the error of bytes that this version did not store under the key.
// They are a miss.
var errEnvelope = errors.New("stored bytes are damaged, or of another format")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(key string, rest []byte) uint32 {
	bytes := unsafe.Slice(unsafe.StringData(key), len(key)) // only read, and not kept
	return crc32.Update(crc32.Update(0, castagnoli, bytes), castagnoli, rest)
}

// seal returns the envelope of a value.
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

// open returns what is in an envelope. The value is a part of b.
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
