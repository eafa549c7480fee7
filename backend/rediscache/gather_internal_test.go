package rediscache

import (
	"testing"
	"time"
)

// How far Redis is tells the quickest of recent trips: a busy process makes slow
// ones beside it, and a server that moves is noticed.
func TestFar(t *testing.T) {
	const (
		quick = farAway / 2
		slow  = 2 * farAway
	)
	var g gatherer
	now := time.Now()
	check := func(when string, want bool) {
		t.Helper()
		if got := g.far(); got != want {
			t.Errorf("%s: far is %v, want %v", when, got, want)
		}
	}
	spend := func(d, trip time.Duration) {
		for end := now.Add(d); now.Before(end); now = now.Add(recently / 100) {
			g.took(trip, now)
		}
	}
	check("before the first trip", false)
	g.took(slow, now)
	check("a server that is far", true)
	spend(10*recently, slow)
	check("for long", true)
	g.took(quick, now)
	check("one that has come near", false)
	spend(recently/2, slow)
	check("a busy moment", false)
	g.took(quick, now)
	spend(recently*9/10, slow)
	check("and another", false)
	spend(2*recently+recently/50, slow)
	check("one that has gone away", true)
}
