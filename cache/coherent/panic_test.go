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

// A panic of a method is its error: calls return their value, Observe is told, and
// afterwards values are stored and purged as before.
func TestPanicOfABackendIsAnError(t *testing.T) {
	for _, maxStale := range []time.Duration{0, 20 * time.Millisecond} {
		for _, method := range []string{"GetHead", "Set", "Since", "Lease", "Release"} {
			t.Run(method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := newFaulty(t)
					var seen notebook
					c := newCache(t, b, &coherent.Options{MaxStale: maxStale, Lease: time.Second, Observe: seen.note})
					r := &row{v: 1}
					b.setFault(method)
					for range 3 {
						wantRow(t, c, r, 1, "while "+method+" panics")
						time.Sleep(100 * time.Millisecond)
					}
					if !seen.panicked() {
						t.Errorf("Observe was told %q, and of no panic", seen.ops())
					}
					b.mend()
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
	b := newFaulty(t)
	c := newCache(t, b, nil)
	b.setFault("Append")
	if err := c.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{group()}}); !errors.Is(err, cache.ErrPanic) {
		t.Errorf("Purge returned %v, want cache.ErrPanic", err)
	}
}

// The goroutine that asks a server in an outage survives panics.
func TestPanicDuringAnOutage(t *testing.T) {
	for _, exits := range []bool{false, true} {
		for _, method := range []string{"GetHead", "Reach"} {
			synctest.Test(t, func(t *testing.T) {
				b := newFaulty(t)
				var seen notebook
				c := newCache(t, b, &coherent.Options{Observe: seen.note})
				r := &row{v: 1}
				b.setFault("Since")
				wantRow(t, c, r, 1, "at first")
				time.Sleep(time.Second)
				wantRow(t, c, r, 1, "in the outage")
				b.exits.Store(exits)
				b.setFault(method)
				time.Sleep(3 * time.Second)
				wantRow(t, c, r, 1, "while "+method+" panics")
				b.mend()
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

// A log that ends the goroutine that reads it leaves no request waiting, neither for this
// read nor for the next.
func TestGoexitOfALog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newFaulty(t)
		c := newCache(t, b, &coherent.Options{NoBreaker: true, Timeout: time.Hour})
		b.exits.Store(true)
		b.setFault("Since")
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
		b.mend()
		wantRow(t, c, r, 1, "afterwards")
		r.write(2)
		wantRow(t, c, r, 1, "afterwards, stored")
	})
}

func TestPanicOfALocalBackendIsAnError(t *testing.T) {
	for _, method := range []string{"GetLocal", "SetLocal", "Head", "Since"} {
		t.Run(method, func(t *testing.T) {
			b := newFaulty(t)
			var seen notebook
			c := newCache(t, localFaulty{b.m, b}, &coherent.Options{Observe: seen.note})
			r := &row{v: 1}
			if _, err := b.m.Append(t.Context(), cache.Event{}); err != nil { // there must be something to read
				t.Fatal(err)
			}
			b.setFault(method)
			wantRow(t, c, r, 1, "while "+method+" panics")
			if !seen.panicked() {
				t.Errorf("Observe was told %q, and of no panic", seen.ops())
			}
			b.mend()
			wantRow(t, c, r, 1, "afterwards")
			r.write(2)
			wantRow(t, c, r, 1, "afterwards, stored")
		})
	}
}

// A panic of Observe ends neither the process nor a call. Observe is told of it.
func TestPanicOfObserve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newFaulty(t)
		var seen notebook
		c := newCache(t, b, &coherent.Options{MaxStale: 20 * time.Millisecond, Observe: func(o coherent.Observation) {
			seen.note(o)
			if o.Op != coherent.OpObserve {
				panic("no error in it: " + o.Err.Error())
			}
		}})
		r := &row{v: 1}
		wantRow(t, c, r, 1, "at first")
		b.setFault("Since")
		time.Sleep(time.Second) // for the reader and the breaker
		wantRow(t, c, r, 1, "in an outage")
		b.mend()
		time.Sleep(3 * time.Second)
		r.write(2)
		wantRow(t, c, r, 1, "after it")
		if !seen.panicked() {
			t.Errorf("Observe was told %q, and of no panic", seen.ops())
		}
	})
}

// If Observe ends the goroutine that asks the server, another one asks.
func TestGoexitOfObserve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newFaulty(t)
		c := newCache(t, b, &coherent.Options{Observe: func(o coherent.Observation) {
			if o.Op == coherent.OpUnavailable {
				runtime.Goexit()
			}
		}})
		r := &row{v: 1}
		b.setFault("Since")
		for range 3 {
			wantRow(t, c, r, 1, "in an outage")
			time.Sleep(time.Second)
		}
		b.mend()
		wantRow(t, c, r, 1, "after it")
		time.Sleep(time.Second)
		wantRow(t, c, r, 1, "after it, asked")
		r.write(2)
		wantRow(t, c, r, 1, "after it, stored")
	})
}
