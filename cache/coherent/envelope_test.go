package coherent

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
	"testing/quick"

	"github.com/uncache/uncache/cache"
)

func TestEnvelopeRoundTrip(t *testing.T) {
	f := func(key string, stamp uint64, expires int64, deps []uint64, value []byte) bool {
		s, e, d, v, err := open(key, seal(key, cache.Position(stamp), expires, deps, value))
		return err == nil && uint64(s) == stamp && e == expires && slices.Equal(d, deps) && bytes.Equal(v, value)
	}
	if err := quick.Check(f, nil); err != nil {
		t.Error(err)
	}
}

func TestEnvelopeRefusesDamage(t *testing.T) {
	sealed := seal("key", 7, 0, []uint64{1, 2}, []byte("value"))
	for i := range sealed {
		for bit := range 8 {
			b := bytes.Clone(sealed)
			b[i] ^= 1 << bit
			if _, _, _, _, err := open("key", b); err == nil {
				t.Errorf("byte %d, bit %d flipped: the envelope opens", i, bit)
			}
		}
	}
	for n := range sealed {
		if _, _, _, _, err := open("key", sealed[:n]); err == nil {
			t.Errorf("cut to %d of %d bytes: the envelope opens", n, len(sealed))
		}
	}
	if _, _, _, _, err := open("other", sealed); err == nil {
		t.Error("under another key: the envelope opens")
	}
}

// A checksum is no proof of who wrote it: a number of dependencies that is none is
// found out, also where an int has 32 bits.
func TestEnvelopeOfTooManyDependencies(t *testing.T) {
	for _, count := range []uint32{1, 1 << 31, 1<<32 - 1} {
		b := seal("key", 7, 0, nil, []byte("value"))
		binary.LittleEndian.PutUint32(b[22:], count)
		binary.LittleEndian.PutUint32(b[2:], checksum("key", b[6:]))
		if _, _, _, _, err := open("key", b); err == nil {
			t.Errorf("%d dependencies in %d bytes: the envelope opens", count, len(b))
		}
	}
}

func FuzzEnvelope(f *testing.F) {
	f.Add("key", seal("key", 7, 1, []uint64{1}, []byte("value")))
	f.Add("key", seal("key", 7, 1, nil, nil)[:envelopeHead])
	f.Fuzz(func(t *testing.T, key string, b []byte) {
		if len(b) >= envelopeHead && b[0] == envelopeMagic && b[1] == envelopeVersion {
			b = bytes.Clone(b) // or nothing that is made up would pass
			binary.LittleEndian.PutUint32(b[2:], checksum(key, b[6:]))
		}
		stamp, expires, deps, value, err := open(key, b)
		if err == nil && !bytes.Equal(seal(key, stamp, expires, deps, value), b) {
			t.Errorf("open(%q, %x) gives what does not make the same bytes", key, b)
		}
	})
}
