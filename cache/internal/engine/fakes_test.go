package engine

import (
	"testing"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/internal/enginetest"
)

func newMemory(t *testing.T) *memory.Backend {
	t.Helper()
	b := memory.New(nil)
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func newSwitched(t *testing.T) *enginetest.Switched { return enginetest.NewSwitched(newMemory(t)) }

func newCache(t *testing.T, b cache.Backend, opts *Options) *Cache {
	t.Helper()
	c, err := New(b, opts)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// texts is a codec.
type texts struct{}

func (texts) Encode(s string) ([]byte, error) { return []byte(s), nil }

func (texts) Decode(b []byte) (string, error) { return string(b), nil }

func (texts) Size(s string) int { return len(s) }
