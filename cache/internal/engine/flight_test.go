package engine

import (
	"testing"
	"testing/synctest"
	"time"
)

// A request does not wait for a flight that was overtaken after Enter.
func TestFlightIsOvertakenBeforeTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, newMemory(t), nil)
		v := NewValues(c, texts{})
		enter := func() (*Flight[string], bool) {
			if _, _, err := v.Get(t.Context(), []byte("k")); err != nil {
				t.Fatal(err)
			}
			return v.Enter("k", 0)
		}
		hangs, leads := enter()
		if !leads {
			t.Fatal("the first request does not lead")
		}
		first, _ := enter()
		second, _ := enter()
		waited, err := first.Wait(t.Context(), time.Time{})
		if err != nil || waited.How != WaitedLead {
			t.Fatalf("got %v, %v; want an extra flight", waited.How, err)
		}
		waited.Flight.Finish("v", true)
		began := time.Now()
		if now, err := second.Wait(t.Context(), time.Now().Add(time.Minute)); err != nil || now.How != WaitedAgain || time.Since(began) > 0 {
			t.Errorf("got %v, %v after %v; want to look again, at once", now.How, err, time.Since(began))
		}
		hangs.Finish("", false)
	})
}
