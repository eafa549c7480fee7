package option_test

import (
	"errors"
	"io"
	"testing"

	"github.com/uncache/uncache/internal/option"
)

func TestErrorf(t *testing.T) {
	kind := errors.New("invalid options")
	err := option.Errorf(kind, "keys: Options.Query: %q: %w", "a=", io.EOF)
	if got, want := err.Error(), `keys: Options.Query: "a=": EOF`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if !errors.Is(err, kind) || !errors.Is(err, io.EOF) {
		t.Errorf("%v: errors.Is does not find both what it is and what it wraps", err)
	}
}
