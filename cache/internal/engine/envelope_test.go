package engine

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"testing"
	"testing/quick"
	"time"

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

// A checksum does not prove who wrote the envelope. A count of dependencies that does not
// fit is refused, also where an int has 32 bits.
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
			b = bytes.Clone(b) // with a right checksum, or no made-up envelope would pass
			binary.LittleEndian.PutUint32(b[2:], checksum(key, b[6:]))
		}
		stamp, expires, deps, value, err := open(key, b)
		if err == nil && !bytes.Equal(seal(key, stamp, expires, deps, value), b) {
			t.Errorf("open(%q, %x) gives what does not make the same bytes", key, b)
		}
	})
}

// A time to live that means "for ever" does not overflow into the past, in memory or in an
// envelope.
func TestEndsOfLongLives(t *testing.T) {
	const year = 365 * 24 * time.Hour
	for _, ttl := range []time.Duration{1, time.Millisecond, time.Hour, 1 << 31 * time.Second, 100 * year, 146 * year, 147 * year, 200 * year, math.MaxInt64 - 1, math.MaxInt64} {
		least := ttl/2 - time.Second // an envelope may say "never" for more than a century
		for way, e := range map[string]end{"as it is": endAfter(ttl), "in bytes": endOf(expiry(ttl))} {
			if left, ok := e.remaining(); ttl > time.Second && (!ok || left != 0 && left < least) {
				t.Errorf("%v, %s: %v are left, %v", ttl, way, left, ok)
			}
			if e != never && e > endAt(time.Now())+end(ttl)+end(time.Second) {
				t.Errorf("%v, %s: it ends in %v", ttl, way, time.Duration(e-endAt(time.Now())))
			}
		}
	}
	for _, expires := range []int64{math.MinInt64, -1, 1, time.Now().UnixMilli() - 1} {
		if left, ok := endOf(expires).remaining(); ok {
			t.Errorf("expired at %d: %v are left", expires, left)
		}
	}
	if left, ok := endOf(math.MaxInt64).remaining(); !ok || left != 0 {
		t.Errorf("expires at the end of time: %v are left, %v", left, ok)
	}
}
