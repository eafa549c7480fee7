package stored

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"
)

// Header values that hits share are made once for each number.
func TestPhrases(t *testing.T) {
	b := NewPhrases("x=", "")
	for _, n := range []int64{0, 1, -1, phraseSlots, 0, 1 << 40, -5, 0} {
		if got, want := b.Say(n), []string{fmt.Sprint("x=", n)}; !slices.Equal(got, want) || cap(got) != 1 {
			t.Errorf("Say(%d) is %q, want %q", n, got, want)
		}
	}
	if a, again := b.Say(7), b.Say(7); &a[0] != &again[0] {
		t.Error("the same values are made twice")
	}
}

func TestDates(t *testing.T) {
	var d Dates
	at := time.Date(2026, time.November, 26, 7, 0, 0, 0, time.FixedZone("", 3600))
	for _, after := range []time.Duration{0, time.Second - 1, time.Second, 0, -1, time.Hour} {
		if got, want := d.Format(at.Add(after)), at.Add(after).UTC().Format(http.TimeFormat); got != want {
			t.Errorf("%v later: got %q, want %q", after, got, want)
		}
	}
}
