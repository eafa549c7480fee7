package cachetest

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/cache"
)

func TestRecorderSeesEveryCall(t *testing.T) {
	var r Recorder
	inner := headBackend{&mapCache{}, &sliceLog{}}
	b := r.Backend(inner).(cache.HeadGetter)
	ctx, e := t.Context(), cache.Event{Dependencies: []cache.Dependency{cache.All}}
	if err := b.Set(ctx, "k", nil, -1); !errors.Is(err, cache.ErrTTL) {
		t.Errorf("Set: got error %v, want %v", err, cache.ErrTTL)
	}
	_ = b.Set(ctx, "k", nil, time.Hour)
	_, _, _ = b.Get(ctx, "k")
	_, _, _, _ = b.GetHead(ctx, "missing")
	_ = b.Delete(ctx, "k", "l")
	p, _ := b.Append(ctx, e)
	_, _ = b.Since(ctx, p-1)
	_ = r.Purge(ctx, e)
	got := r.Calls()
	if !errors.Is(got[0].Err, cache.ErrTTL) {
		t.Errorf("the first call has error %v, want %v", got[0].Err, cache.ErrTTL)
	}
	got[0].Err = nil
	want := []Call{
		{Op: OpSet, Keys: []string{"k"}, TTL: -1},
		{Op: OpSet, Keys: []string{"k"}, TTL: time.Hour},
		{Op: OpGet, Keys: []string{"k"}, OK: true},
		{Op: OpGet, Keys: []string{"missing"}},
		{Op: OpDelete, Keys: []string{"k", "l"}},
		{Op: OpAppend, Event: e, Position: p},
		{Op: OpSince, Position: p - 1},
		{Op: OpPurge, Event: e},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("recorded\n%+v, want\n%+v", got, want)
	}
	if got := len(r.Purges()); got != 2 {
		t.Errorf("Purges() has %d events, want 2", got)
	}
	r.Reset()
	if got := len(r.Calls()); got != 0 {
		t.Errorf("after Reset there are %d calls", got)
	}
}

// What failed purged nothing.
func TestRecorderPurgesSucceeded(t *testing.T) {
	var r Recorder
	if err := r.Purge(cancelled(t.Context()), cache.Event{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Purge with a done context: got error %v, want %v", err, context.Canceled)
	}
	if got := r.Purges(); len(got) != 0 {
		t.Errorf("Purges() = %+v, want none", got)
	}
}

func TestRecorderWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r Recorder
		go func() {
			for _, reason := range []string{"one", "two", "three"} {
				time.Sleep(time.Second)
				_ = r.Purge(t.Context(), cache.Event{Reason: reason})
			}
		}()
		start := time.Now()
		c, err := r.Wait(t.Context(), func(c Call) bool { return c.Event.Reason == "two" })
		if err != nil || c.Event.Reason != "two" || time.Since(start) != 2*time.Second {
			t.Errorf("Wait: got %+v, %v after %v, want two after 2s", c, err, time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if c, err := r.Wait(ctx, func(c Call) bool { return c.Op == OpGet }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Wait for what never comes: got %+v, %v, want %v", c, err, context.DeadlineExceeded)
		}
	})
}

func TestRecorderKeepsTheContract(t *testing.T) {
	RunCache(t, CacheHarness{
		Open:   func(*testing.T) cache.Cache { return new(Recorder).Cache(&mapCache{}) },
		Wait:   time.Sleep,
		Around: synctest.Test,
	})
	RunLog(t, LogHarness{Whole: true, Open: func(*testing.T) cache.Log {
		return new(Recorder).Backend(headBackend{&mapCache{}, &sliceLog{}})
	}})
}
