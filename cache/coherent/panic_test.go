package coherent_test

import (
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
)

// A method that panics is one that fails: visitors have their value, Observe hears
// of it, and afterwards values are stored and purged as before.
func TestPanicOfABackendIsAnError(t *testing.T) {
	for _, maxStale := range []time.Duration{0, 20 * time.Millisecond} {
		for _, method := range []string{"GetHead", "Set", "Since", "Lease", "Release"} {
			t.Run(method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := newBomb(t)
					var seen notebook
					c := newCache(t, b, &coherent.Options{MaxStale: maxStale, Lease: time.Second, Observe: seen.note})
					r := &row{v: 1}
					b.arm(method)
					for range 3 {
						wantRow(t, c, r, 1, "while "+method+" panics")
						time.Sleep(100 * time.Millisecond)
					}
					if !seen.panicked() {
						t.Errorf("Observe was told %q, and of no panic", seen.ops())
					}
					b.disarm()
					time.Sleep(5 * time.Second)
					wantRow(t, c, r, 1, "afterwards")
					r.write(2)
					wantRow(t, c, r, 1, "afterwards, stored")
					purge(t, c, group())
					wantRow(t, c, r, 2, "afterwards, purged")
				})
			})
		}
	}
}

// A purge that panics has failed.
func TestPanicOfAPurgeIsItsError(t *testing.T) {
	b := newBomb(t)
	c := newCache(t, b, nil)
	b.arm("Append")
	if err := c.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{group()}}); !errors.Is(err, cache.ErrPanic) {
		t.Errorf("Purge returned %v, want cache.ErrPanic", err)
	}
}

// What asks a server that is away goes on asking, whatever it runs into.
func TestPanicDuringAnOutage(t *testing.T) {
	for _, exits := range []bool{false, true} {
		for _, method := range []string{"GetHead", "Reach"} {
			synctest.Test(t, func(t *testing.T) {
				b := newBomb(t)
				var seen notebook
				c := newCache(t, b, &coherent.Options{Observe: seen.note})
				r := &row{v: 1}
				b.arm("Since")
				wantRow(t, c, r, 1, "at first")
				time.Sleep(time.Second)
				wantRow(t, c, r, 1, "in the outage")
				b.exits.Store(exits)
				b.arm(method)
				time.Sleep(3 * time.Second)
				wantRow(t, c, r, 1, "while "+method+" panics")
				b.disarm()
				time.Sleep(3 * time.Second)
				if got := seen.ops(); got != "get unavailable available" {
					t.Errorf("observed %q, want one outage that ended", got)
				}
				wantRow(t, c, r, 1, "afterwards")
				r.write(2)
				wantRow(t, c, r, 1, "afterwards, stored")
			})
		}
	}
}

// A log that ends the goroutine which reads it leaves nobody waiting: neither
// those of this read, nor the requests that wait for the next.
func TestGoexitOfALog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBomb(t)
		c := newCache(t, b, &coherent.Options{NoBreaker: true, Timeout: time.Hour})
		b.exits.Store(true)
		b.arm("Since")
		r := &row{v: 1}
		done := make(chan struct{})
		for range 10 {
			go func() {
				wantRow(t, c, r, 1, "while Since exits")
				done <- struct{}{}
			}()
		}
		for range 10 {
			<-done
		}
		b.disarm()
		wantRow(t, c, r, 1, "afterwards")
		r.write(2)
		wantRow(t, c, r, 1, "afterwards, stored")
	})
}

func TestPanicOfALocalBackendIsAnError(t *testing.T) {
	for _, method := range []string{"GetLocal", "SetLocal", "Head", "Since"} {
		t.Run(method, func(t *testing.T) {
			b := newBomb(t)
			var seen notebook
			c := newCache(t, localBomb{b.m, b}, &coherent.Options{Observe: seen.note})
			r := &row{v: 1}
			if _, err := b.m.Append(t.Context(), cache.Event{}); err != nil { // so that there is something to read
				t.Fatal(err)
			}
			b.arm(method)
			wantRow(t, c, r, 1, "while "+method+" panics")
			if !seen.panicked() {
				t.Errorf("Observe was told %q, and of no panic", seen.ops())
			}
			b.disarm()
			wantRow(t, c, r, 1, "afterwards")
			r.write(2)
			wantRow(t, c, r, 1, "afterwards, stored")
		})
	}
}

// Observe may be wrong about one kind of observation. It ends neither the process
// nor a page, and is told that it panicked.
func TestPanicOfObserve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBomb(t)
		var seen notebook
		c := newCache(t, b, &coherent.Options{MaxStale: 20 * time.Millisecond, Observe: func(o coherent.Observation) {
			seen.note(o)
			if o.Op != coherent.OpObserve {
				panic("no error in it: " + o.Err.Error())
			}
		}})
		r := &row{v: 1}
		wantRow(t, c, r, 1, "at first")
		b.arm("Since")
		time.Sleep(time.Second) // the reader, and the breaker
		wantRow(t, c, r, 1, "in an outage")
		b.disarm()
		time.Sleep(3 * time.Second)
		r.write(2)
		wantRow(t, c, r, 1, "after it")
		if !seen.panicked() {
			t.Errorf("Observe was told %q, and of no panic", seen.ops())
		}
	})
}

// Observe that ends the goroutine which asks a dead server does not end the asking.
func TestGoexitOfObserve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBomb(t)
		c := newCache(t, b, &coherent.Options{Observe: func(o coherent.Observation) {
			if o.Op == coherent.OpUnavailable {
				runtime.Goexit()
			}
		}})
		r := &row{v: 1}
		b.arm("Since")
		for range 3 {
			wantRow(t, c, r, 1, "in an outage")
			time.Sleep(time.Second)
		}
		b.disarm()
		wantRow(t, c, r, 1, "after it")
		time.Sleep(time.Second)
		wantRow(t, c, r, 1, "after it, asked")
		r.write(2)
		wantRow(t, c, r, 1, "after it, stored")
	})
}
