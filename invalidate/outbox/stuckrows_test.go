package outbox

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func numberedRow(i int) row { return row{id: rowID{text: fmt.Sprint(i)}} }

// A stuck row waits, then is alone in every second claim, and is forgotten when it is
// gone.
func TestStuckRows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s stuckRows
		a, b := numberedRow(1), numberedRow(2)
		choose := func(rows ...row) string {
			chosen, alone := s.choose(rows, time.Now())
			said := fmt.Sprint(alone)
			for _, r := range chosen {
				said += " " + r.id.text
			}
			return said
		}
		minute := func(int) time.Duration { return time.Minute }
		s.add(a, minute)
		if got := choose(a, b); got != "false 2" || s.waiting != 1 {
			t.Errorf("while a row waits: %s, %d waiting", got, s.waiting)
		}
		time.Sleep(time.Minute)
		for _, want := range []string{"true 1", "false 2", "true 1"} {
			if got := choose(a, b); got != want {
				t.Errorf("when it has waited: got %s, want %s", got, want)
			}
		}
		changed := a
		changed.tries++
		if got := choose(changed); got != "false 1" {
			t.Errorf("a row that was changed meanwhile: %s", got)
		}
		s.suspect(b)
		time.Sleep(staysFor + time.Second)
		choose()
		if len(s.rows) != 0 {
			t.Errorf("%d rows that are gone are remembered", len(s.rows))
		}
	})
}

func TestStuckRowsAreBounded(t *testing.T) {
	var s stuckRows
	for i := range maxStuck + 10 {
		s.suspect(numberedRow(i))
	}
	if len(s.rows) != maxStuck {
		t.Errorf("%d rows are remembered, want %d", len(s.rows), maxStuck)
	}
	if _, ok := s.rows[numberedRow(maxStuck+9).key()]; !ok {
		t.Error("the newest was forgotten")
	}
}
