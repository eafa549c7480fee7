package outbox

import (
	"errors"
	"math"
	"testing"
)

func TestNumbersOfAnyType(t *testing.T) {
	for _, c := range []struct {
		v    any
		want int64
	}{
		{int64(7), 7}, {float64(7.9), 7}, {math.NaN(), 0}, {math.Inf(1), 0}, {[]byte("12"), 12}, {"-3", -3},
		{"many", 0}, {[]byte{0xff}, 0}, {nil, 0}, {true, 0},
	} {
		n := number(99)
		if err := n.Scan(c.v); err != nil || int64(n) != c.want {
			t.Errorf("Scan(%v): %d, %v, want %d", c.v, n, err, c.want)
		}
	}
	for n, want := range map[number]int{-1: 0, math.MinInt64: 0, 0: 0, 5: 5, math.MaxInt32: math.MaxInt32 - 1, math.MaxInt64: math.MaxInt32 - 1} {
		if got := clampTries(n); got != want {
			t.Errorf("tries %d count as %d, want %d", n, got, want)
		}
	}
}

func TestArrayOfIDs(t *testing.T) {
	got := array([]rowID{{text: "a,b"}, {text: `"\`}, {text: ""}, {text: "{NULL}"}})
	if want := `{"a,b","\"\\","","{NULL}"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestMaxTriesFitsTheColumn(t *testing.T) {
	o := Options{MaxTries: math.MaxInt32 + 1}
	if err := o.complete(PostgreSQL); !errors.Is(err, ErrOptions) {
		t.Errorf("MaxTries of more than the column holds: %v", err)
	}
	o = Options{MaxTries: math.MaxInt32}
	if err := o.complete(PostgreSQL); err != nil {
		t.Error(err)
	}
}

func TestClaimFitsIntoMemory(t *testing.T) {
	for _, c := range []struct {
		sizes []int
		want  int
	}{
		{nil, 0},
		{[]int{maxRowBytes}, 1},
		{[]int{maxRowBytes, 1}, 1},
		{[]int{1, maxClaimBytes - 1, 1}, 2},
		{[]int{maxRowBytes + 1, maxRowBytes + 1, 1}, 3}, // two are not read
	} {
		var rows []row
		for _, n := range c.sizes {
			rows = append(rows, row{size: n})
		}
		if got := fit(rows); got != c.want {
			t.Errorf("of sizes %v fit %d, want %d", c.sizes, got, c.want)
		}
	}
}
