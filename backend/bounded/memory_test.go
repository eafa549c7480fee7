package bounded_test

import (
	"fmt"
	"math"
	"runtime"
	"testing"
	"time"
)

func TestHitsDoNotAllocate(t *testing.T) {
	b := open(t, nil)
	b.SetLocal("/blog/hello/", new(int), 8, time.Hour)
	key := []byte("/blog/hello/")
	if got := testing.AllocsPerRun(1000, func() {
		if _, ok := b.GetLocal(key); !ok {
			t.Fatal("GetLocal: not found")
		}
	}); got != 0 {
		t.Errorf("GetLocal allocates %v times, want 0", got)
	}
}

// EntryOverhead must not be less than what an entry really takes, or MaxBytes
// is no bound.
func TestEntryOverheadIsEnough(t *testing.T) {
	for _, n := range []int{20_000, 35_000, 60_000, 70_000} { // tables have just grown, or not
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			b := open(t, nil)
			before := heap()
			for i := range n {
				if err := b.Set(t.Context(), fmt.Sprintf("%016d", i), make([]byte, 64), time.Hour); err != nil {
					t.Fatal(err)
				}
			}
			took := heap() - before
			counted := b.Stats().Bytes
			t.Logf("%d bytes an entry", int64(took)/int64(n)-16-64)
			if took > math.MaxInt64/2 || int64(took) > counted {
				t.Errorf("%d entries take %d bytes of heap, counted as %d", n, took, counted)
			}
		})
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
