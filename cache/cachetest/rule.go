package cachetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/panics"
)

// rule is one sentence of a contract and how to check it on a subject. The
// check returns an error instead of calling a testing.T, so that the kit's own
// tests can watch it fail.
type rule[S any] struct {
	name  string
	text  string
	check func(ctx context.Context, s S) error
}

// An occasion says whether there is one to check a rule on a subject: it is not
// a rule for it, or it is one that the harness has no means to check, lacks.
type occasion[S any] func(name string, s S) (applies bool, lacks string)

// runRules runs those of the rules that apply to what open returns.
func runRules[S any](t *testing.T, rules []rule[S], around around, open func(*testing.T) S, when occasion[S]) {
	t.Helper()
	sample := open(t)
	if around == nil {
		around = func(t *testing.T, f func(*testing.T)) { f(t) }
	}
	for _, r := range rules {
		applies, lacks := when(r.name, sample)
		if !applies {
			continue
		}
		t.Run(r.name, func(t *testing.T) {
			if lacks != "" {
				t.Skipf("not checked, the harness has no %s: %q", lacks, r.text)
			}
			around(t, func(t *testing.T) {
				if err := r.check(t.Context(), open(t)); err != nil {
					t.Errorf("%q\n%v", r.text, err)
				}
			})
		})
	}
}

// isFor reports whether a rule is about an optional ability that x has, or about
// none. One that x has not is no duty of x's, and nothing is left unchecked.
func isFor(name string, x any) bool {
	ok := true
	switch ability, rest, _ := strings.Cut(name, "/"); {
	case strings.HasPrefix(rest, "closed"):
		_, ok = x.(io.Closer)
	case ability == "Local":
		_, ok = x.(cache.Local)
	case ability == "Tiered":
		_, ok = x.(cache.Tiered)
	case ability == "Leaser":
		_, ok = x.(cache.Leaser)
	case ability == "LocalLog":
		_, ok = x.(cache.LocalLog)
	case ability == "HeadGetter":
		_, ok = x.(cache.HeadGetter)
	case ability == "Waiter":
		_, ok = x.(cache.Waiter)
	}
	return ok
}

type around = func(t *testing.T, f func(t *testing.T))

// patience is how long something may take that should happen at once or soon.
const patience = 10 * time.Second

// promptly fails if f has not returned within patience.
func promptly(call string, f func()) error {
	done := make(chan error, 1)
	go func() { done <- panics.Apart(func() error { f(); return nil }) }()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	select {
	case err := <-done:
		if err != nil {
			return fmt.Errorf("%s: %w", call, err)
		}
		return nil
	case <-limit.C:
		return fmt.Errorf("%s: did not return within %v", call, patience)
	}
}

// cancelled returns a context that is done.
func cancelled(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	return ctx
}

// together runs n copies of f at once and joins what they return.
func together(n int, f func(i int) error) error {
	errs := make(chan error, n)
	for i := range n {
		go func() { errs <- panics.Apart(func() error { return f(i) }) }()
	}
	var err error
	for range n {
		err = errors.Join(err, <-errs)
	}
	return err
}

// show quotes the beginning of a long key or value.
func show[T string | []byte](b T) string {
	const enough = 40
	if len(b) <= enough {
		return fmt.Sprintf("%q", b)
	}
	return fmt.Sprintf("%q... (%d bytes)", b[:enough], len(b))
}
