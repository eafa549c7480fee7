package logs

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestOnce(t *testing.T) {
	var o Once
	for i := range 2 * maxKeys {
		if first := o.First(fmt.Sprint(i)); first != (i < maxKeys) {
			t.Fatalf("key %d: first is %v", i, first)
		}
	}
	if o.First("0") {
		t.Error("a key comes twice for the first time")
	}
}

func TestSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s Seldom
		want := func(kind string, more int, ok bool) {
			t.Helper()
			if gotMore, got := s.Next(kind); got != ok || gotMore != more {
				t.Errorf("%s after %v: %d, %v; want %d, %v", kind, every, gotMore, got, more, ok)
			}
		}
		want("get", 0, true)
		want("get", 0, false)
		want("set", 0, true)
		time.Sleep(every - time.Nanosecond)
		want("get", 0, false)
		time.Sleep(time.Nanosecond)
		want("get", 2, true)
		want("get", 0, false)
		time.Sleep(every)
		want("get", 1, true)
		want("set", 0, true)
	})
}
