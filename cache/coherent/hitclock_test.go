package coherent_test

import (
	"testing"
	"time"
	"unsafe"

	"github.com/uncache/uncache/cache/internal/engine"
)

// setBack is t as a wall clock shows it that was set back by d, whole seconds: the
// monotonic reading stays.
func setBack(t time.Time, d time.Duration) time.Time {
	// The layout of package time: 33 bits of seconds, and 30 of nanoseconds.
	*(*uint64)(unsafe.Pointer(&t)) -= uint64(d/time.Second) << 30
	return t
}

// Setting the wall clock back prolongs nothing. Time in a bubble has no monotonic
// reading, so this is not in one.
func TestHitWhenTheClockIsSetBack(t *testing.T) {
	const ttl = 200 * time.Millisecond
	c := newCache(t, newMemory(t), nil)
	v := engine.NewValues(c.Engine(), texts{})
	if _, _, err := v.Get(t.Context(), []byte("k")); err != nil {
		t.Fatal(err)
	}
	if stored, err := v.Set(t.Context(), "k", "v", ttl, c.Engine().Begin()); !stored || err != nil {
		t.Fatalf("Set: %v, %v", stored, err)
	}
	now := time.Now()
	if set := setBack(now, time.Hour); set.Sub(now) != 0 || now.UnixNano()-set.UnixNano() != int64(time.Hour) {
		t.Fatalf("%v set back by an hour is %v", now, set)
	}
	if v.Hit([]byte("k"), setBack(now, time.Hour)) == nil && time.Since(now) < ttl {
		t.Error("Hit found nothing before the ttl was over")
	}
	time.Sleep(ttl)
	if s := v.Hit([]byte("k"), setBack(time.Now(), time.Hour)); s != nil {
		t.Errorf("Hit found %q after its ttl", s.Value)
	}
}
