package bounded_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/backend/bounded"
	"github.com/uncache/uncache/backend/memory"
)

func TestNewNamesTheField(t *testing.T) {
	for want, o := range map[string]*bounded.Options{
		"bounded: Options.MaxBytes: -1 is negative":      {MaxBytes: -1},
		"bounded: Options.Log.MaxEvents: -1 is negative": {Log: &memory.LogOptions{MaxEvents: -1}},
		"bounded: Options.Log.MaxBytes: -1 is negative":  {Log: &memory.LogOptions{MaxBytes: -1}},
	} {
		if b, err := bounded.New(o); b != nil || !errors.Is(err, bounded.ErrOptions) || err.Error() != want {
			t.Errorf("New(%+v): got %v, %v, want %s", o, b, err, want)
		}
	}
}

func TestErrorsNameTheKey(t *testing.T) {
	err := open(t, nil).Set(t.Context(), "page", nil, -time.Second)
	if want := `bounded: set "page" for -1s: negative ttl`; err == nil || err.Error() != want {
		t.Errorf("Set: got error %v, want %s", err, want)
	}
}

// The bound holds whenever a Set has returned.
func TestBytesBound(t *testing.T) {
	const most = 100 << 10
	b := open(t, &bounded.Options{MaxBytes: most})
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 5000 {
		b.SetLocal(fmt.Sprint("k", r.IntN(1000)), i, r.IntN(5<<10), 0)
		if st := b.Stats(); st.Bytes > most {
			t.Fatalf("after %d values: %+v, want %d bytes at most", i+1, st, most)
		}
	}
	if st := b.Stats(); st.Bytes < most/2 || st.Evicted == 0 || st.Refused != 0 {
		t.Errorf("Stats() = %+v, want %d bytes, nearly, and some evicted", st, most)
	}
}

func TestWhatExceedsTheBound(t *testing.T) {
	b := open(t, &bounded.Options{MaxBytes: 10 << 10})
	for name, set := range map[string]func(key string){
		"Set":      func(key string) { _ = b.Set(t.Context(), key, make([]byte, 10<<10), 0) },
		"SetLocal": func(key string) { b.SetLocal(key, 1, 1<<62, 0) },
	} {
		b.SetLocal(name, "small", 1, 0)
		b.SetLocal("other", 1, 1, 0)
		set(name)
		if _, ok := b.GetLocal([]byte(name)); ok {
			t.Errorf("%s of a value that is too large: the one before it is still there", name)
		}
		if _, ok := b.GetLocal([]byte("other")); !ok {
			t.Errorf("%s of a value that is too large: it took the room of another", name)
		}
	}
	if st := b.Stats(); st.Refused != 2 || st.Entries != 1 {
		t.Errorf("Stats() = %+v, want 2 refused and 1 entry", st)
	}
	// A negative size counts as none.
	b.SetLocal("nothing", 1, -1<<40, 0)
	if st := b.Stats(); st.Bytes != int64(len("other")+1+len("nothing")+2*bounded.EntryOverhead) {
		t.Errorf("Stats() = %+v: a negative size counts", st)
	}
}

func TestExpiredValuesAreGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := open(t, nil)
		const n = 1000
		for i := range n {
			b.SetLocal(fmt.Sprint("short", i), i, 1, time.Second)
			b.SetLocal(fmt.Sprint("long", i), i, 1, time.Hour)
			b.SetLocal(fmt.Sprint("forever", i), i, 1, 0)
		}
		for _, tt := range []struct {
			after            time.Duration
			entries, expired int
		}{
			{500 * time.Millisecond, 3 * n, 0},
			{10 * time.Second, 2 * n, n},
			{40 * time.Minute, 2 * n, n},
			{4 * time.Hour, n, 2 * n},
			{20 * time.Hour, n, 2 * n},
		} {
			time.Sleep(tt.after)
			synctest.Wait()
			if st := b.Stats(); st.Entries != tt.entries || st.Expired != uint64(tt.expired) || st.Evicted != 0 {
				t.Errorf("%v later: Stats() = %+v, want %d entries, %d expired", tt.after, st, tt.entries, tt.expired)
			}
		}
		// What is stored again lives for its new ttl.
		b.SetLocal("k", 1, 1, time.Second)
		b.SetLocal("k", 2, 1, time.Minute)
		time.Sleep(30 * time.Second)
		if v, ok := b.GetLocal([]byte("k")); !ok || v != 2 {
			t.Errorf("GetLocal 30 s after it was stored for a minute: got %v, %v", v, ok)
		}
	})
}

// What Close overtakes leaves nothing behind.
func TestCloseUnderUse(t *testing.T) {
	b := open(t, nil)
	var users sync.WaitGroup
	for i := range 4 {
		users.Go(func() {
			for n := 0; ; n++ {
				b.SetLocal(fmt.Sprint(i, n%10), n, 1, time.Hour)
				if b.Delete(t.Context()) != nil {
					return
				}
			}
		})
	}
	time.AfterFunc(5*time.Millisecond, func() { b.Close() })
	users.Wait()
	b.SetLocal("k", 1, 1, 0)
	if st := b.Stats(); st.Entries != 0 || st.Bytes != 0 {
		t.Errorf("Stats() after Close = %+v, want nothing stored", st)
	}
}

// Readers, writers and evictions at once: what is found under a key was stored
// under it, and the books agree in the end.
func TestRace(t *testing.T) {
	const most = 50 * (bounded.EntryOverhead + 100)
	b := open(t, &bounded.Options{MaxBytes: most})
	var users sync.WaitGroup
	for i := range 4 {
		users.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 0))
			for range 5000 {
				key := fmt.Sprint("k", r.IntN(200))
				ttl := time.Duration(r.IntN(3)) * 20 * time.Microsecond
				switch r.IntN(6) {
				case 0:
					_ = b.Delete(t.Context(), key, "missing")
				case 1:
					b.SetLocal(key, key, r.IntN(200), ttl)
				case 2:
					if v, ok := b.GetLocal([]byte(key)); ok && v != key {
						t.Errorf("GetLocal(%s): got %v", key, v)
					}
				case 3:
					if v, ok, err := b.Get(t.Context(), key); err != nil || ok && !strings.HasPrefix(string(v), key+"\x00") {
						t.Errorf("Get(%s): got %q, %v", key, v, err)
					}
				default:
					_ = b.Set(t.Context(), key, []byte(key+strings.Repeat("\x00", 1+r.IntN(200))), ttl)
				}
			}
		})
	}
	users.Wait()
	if st := b.Stats(); st.Bytes > most || st.Evicted == 0 || st.Expired == 0 {
		t.Errorf("Stats() = %+v, want %d bytes at most, some evicted, some expired", st, most)
	}
	keys := make([]string, 200)
	for i := range keys {
		keys[i] = fmt.Sprint("k", i)
	}
	if err := b.Delete(context.Background(), keys...); err != nil {
		t.Fatal(err)
	}
	if st := b.Stats(); st.Entries != 0 || st.Bytes != 0 {
		t.Errorf("after all keys were deleted: Stats() = %+v", st)
	}
}
