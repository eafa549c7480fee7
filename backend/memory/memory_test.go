package memory_test

import (
	"context"
	"fmt"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/backend/memory"
)

func TestNewPanicsForNegativeBounds(t *testing.T) {
	for want, f := range map[string]func(){
		"memory: Options.MaxEntries: -1 is negative":   func() { memory.New(&memory.Options{MaxEntries: -1}) },
		"memory: Options.MaxBytes: -1 is negative":     func() { memory.New(&memory.Options{MaxBytes: -1}) },
		"memory: Options.ExpireEvery: -1s is negative": func() { memory.New(&memory.Options{ExpireEvery: -time.Second}) },
		"memory: LogOptions.MaxEvents: -1 is negative": func() { memory.NewLog(&memory.LogOptions{MaxEvents: -1}) },
		"memory: LogOptions.MaxBytes: -1 is negative":  func() { memory.New(&memory.Options{Log: &memory.LogOptions{MaxBytes: -1}}) },
	} {
		func() {
			defer func() {
				if got := recover(); got != want {
					t.Errorf("New: got panic %v, want %s", got, want)
				}
			}()
			f()
		}()
	}
}

// The bubble ends with a failure if a goroutine is left.
func TestCloseEndsTheGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memory.New(nil)
		b.SetLocal("k", 1, 1, 0)
		time.Sleep(time.Hour)
		var closers sync.WaitGroup
		for range 4 {
			closers.Go(func() {
				if err := b.Close(); err != nil {
					t.Errorf("Close() = %v, want nil", err)
				}
			})
		}
		closers.Wait()
		if st := b.Stats(); st.Entries != 0 || st.Bytes != 0 {
			t.Errorf("Stats() after Close = %+v, want nothing stored", st)
		}
		b.SetLocal("k", 1, 1, 0)
		if v, ok := b.GetLocal([]byte("k")); ok {
			t.Errorf("GetLocal after Close: got %v, want nothing", v)
		}
	})
}

// An overwritten key is never missing.
func TestOverwriteLeavesNoGap(t *testing.T) {
	b := open(t)
	if err := b.Set(t.Context(), "k", []byte("v"), 0); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				_ = b.Set(context.Background(), "k", []byte("v"), 0)
			}
		}
	})
	for range 5000 {
		if _, ok, err := b.Get(t.Context(), "k"); !ok || err != nil {
			t.Errorf("Get of a key that is being overwritten: got %v, %v, want true, nil", ok, err)
			break
		}
	}
	close(stop)
	writer.Wait()
}

func TestErrorsNameTheKey(t *testing.T) {
	b := open(t)
	err := b.Set(t.Context(), "page", nil, -time.Second)
	if want := `memory: set "page" for -1s: negative ttl`; err == nil || err.Error() != want {
		t.Errorf("Set: got error %v, want %s", err, want)
	}
}

func TestHitsDoNotAllocate(t *testing.T) {
	b := open(t)
	b.SetLocal("/blog/hello/", new(int), 8, time.Hour)
	key := []byte("/blog/hello/")
	head := b.Head()
	for call, f := range map[string]func() bool{
		"GetLocal":    func() bool { _, ok := b.GetLocal(key); return ok },
		"Since(Head)": func() bool { ev, err := b.Since(context.Background(), head); return err == nil && ev.Head == head },
	} {
		if got := testing.AllocsPerRun(100, func() {
			if !f() {
				t.Fatalf("%s: not found", call)
			}
		}); got != 0 {
			t.Errorf("%s allocates %v times, want 0", call, got)
		}
	}
}

// EntryOverhead must not be less than what an entry really takes, or MaxBytes
// is no bound.
func TestEntryOverheadIsEnough(t *testing.T) {
	const n, value = 60_000, 64 // go-cache's map has just grown, the worst case
	b := open(t)
	before := heap()
	for i := range n {
		if err := b.Set(t.Context(), fmt.Sprintf("%016d", i), make([]byte, value), time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	took := heap() - before
	if counted := b.Stats().Bytes; took > math.MaxInt64/2 || int64(took) > counted {
		t.Errorf("%d entries take %d bytes of heap, counted as %d", n, took, counted)
	}
	b.Delete(t.Context()) // keeps b alive until here
}
