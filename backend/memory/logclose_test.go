package memory

import (
	"errors"
	"testing"

	"github.com/uncache/uncache/cache"
)

func TestLogClose(t *testing.T) {
	l := NewLog(nil)
	for range 2 {
		if err := l.Close(); err != nil {
			t.Errorf("Close() = %v, want nil", err)
		}
	}
	if _, err := l.Append(t.Context(), cache.Event{}); !errors.Is(err, cache.ErrClosed) {
		t.Errorf("Append after Close: got error %v, want %v", err, cache.ErrClosed)
	}
	if _, err := l.Since(t.Context(), l.Head()); !errors.Is(err, cache.ErrClosed) {
		t.Errorf("Since after Close: got error %v, want %v", err, cache.ErrClosed)
	}
}
