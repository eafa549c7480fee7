package batch

import (
	"context"
	"errors"
	"runtime"
	"testing"
)

// When fn has ended, in whichever way, its transaction's context is not kept, while
// other transactions of that context go on.
func TestContextsOfTransactionsAreForgotten(t *testing.T) {
	ctx := t.Context()
	registered := func() int {
		running.Lock()
		defer running.Unlock()
		return len(running.by[ctx])
	}
	for name, end := range map[string]func() error{
		"returns": func() error { return nil },
		"fails":   func() error { return errors.New("failed") },
		"panics":  func() error { panic("oops") },
		"exits":   func() error { runtime.Goexit(); return nil },
	} {
		_ = During(ctx, New(context.Background(), nil), func() error {
			done := make(chan struct{})
			go func() {
				defer close(done)
				defer func() { _ = recover() }()
				_ = During(ctx, New(context.Background(), nil), func() error {
					if n := registered(); n != 2 {
						t.Errorf("%s: %d transactions while two run", name, n)
					}
					return end()
				})
			}()
			<-done
			if n := registered(); n != 1 {
				t.Errorf("%s: %d transactions while one runs", name, n)
			}
			return nil
		})
		if _, ok := running.by[ctx]; ok {
			t.Errorf("%s: its context is kept", name)
		}
	}
}
