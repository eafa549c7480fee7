package panics_test

import (
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/panics"
)

func caught(f func() error) (err error) {
	defer panics.Catch(&err)
	return f()
}

func makeHuge() error {
	n := -1
	_ = make([]byte, n)
	return nil
}

func TestPanicBecomesAnError(t *testing.T) {
	for _, call := range []func(func() error) error{caught, panics.Apart} {
		err := call(makeHuge)
		if !errors.Is(err, cache.ErrPanic) {
			t.Fatalf("got %v, want an error that is cache.ErrPanic", err)
		}
		for _, want := range []string{"makeslice: len out of range", "panics_test.makeHuge", "panics_test.go:"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q does not say %q", err, want)
			}
		}
		var with interface{ Stack() []byte }
		if !errors.As(err, &with) || !strings.Contains(string(with.Stack()), "makeHuge") {
			t.Errorf("the stack does not name makeHuge: %v", err)
		}
	}
}

func TestPanicWithAnErrorWrapsIt(t *testing.T) {
	err := caught(func() error { panic(io.ErrUnexpectedEOF) })
	if !errors.Is(err, cache.ErrPanic) || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v, want an error that is both cache.ErrPanic and the value", err)
	}
}

func TestNoPanicLeavesTheResult(t *testing.T) {
	for _, call := range []func(func() error) error{caught, panics.Apart} {
		if err := call(func() error { return nil }); err != nil {
			t.Errorf("got %v, want nil", err)
		}
		if err := call(func() error { return io.EOF }); err != io.EOF {
			t.Errorf("got %v, want io.EOF", err)
		}
	}
}

func TestApartOutlivesGoexit(t *testing.T) {
	err := panics.Apart(func() error {
		runtime.Goexit()
		return nil
	})
	if !errors.Is(err, panics.ErrExit) {
		t.Errorf("got %v, want panics.ErrExit", err)
	}
}
