package engine

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/internal/enginetest"
)

// Deleting many keys may take many times Timeout, which must not overflow.
func TestDeleteManyKeysWithLongTimeout(t *testing.T) {
	keys := make([]string, 5000)
	for i := range keys {
		keys[i] = fmt.Sprint(i)
	}
	c := newCache(t, &enginetest.Remote{Backend: newMemory(t)}, &Options{Timeout: math.MaxInt64})
	if err := NewValues(c, texts{}).Delete(t.Context(), keys...); err != nil {
		t.Error(err)
	}
}

// A deletion that panics has failed.
func TestPanicOfADeletionIsItsError(t *testing.T) {
	b := &panicking{Backend: newMemory(t), method: "Delete"}
	c := newCache(t, b, nil)
	if err := NewValues(c, texts{}).Delete(t.Context(), "k"); !errors.Is(err, cache.ErrPanic) {
		t.Errorf("Delete returned %v, want cache.ErrPanic", err)
	}
}
