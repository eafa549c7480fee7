package invalidate_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/internal/invtest"
)

func TestNewPanics(t *testing.T) {
	p := newPurger()
	mustPanic(t, "the Purger is nil", func() { invalidate.New(nil, nil) })
	mustPanic(t, "index 1 is nil", func() { invalidate.New(invalidate.Purgers{p, nil}, nil) })
	// nilCache is what a constructor returned beside an error that nobody checked.
	mustPanic(t, "the Purger is nil", func() { invalidate.New((*purger)(nil), nil) })
	mustPanic(t, "the Purger is nil", func() { invalidate.New(invalidate.PurgerFunc(nil), nil) })
	mustPanic(t, "index 0 is nil", func() { invalidate.New(invalidate.Purgers{(*purger)(nil)}, nil) })
	mustPanic(t, "invalidate: Options.Outbox: it is a nil *invalidate_test.outbox", func() { invalidate.New(p, &invalidate.Options{Outbox: (*outbox)(nil)}) })
	mustPanic(t, "invalidate: Options.PurgeTimeout: -1s is negative", func() { invalidate.New(p, &invalidate.Options{PurgeTimeout: -time.Second}) })
	mustPanic(t, "invalidate: Options.MaxCascade: -1 is negative", func() { invalidate.New(p, &invalidate.Options{MaxCascade: -1}) })
	mustPanic(t, "invalidate: Options.Repeat: 1ns at index 0 is less than a millisecond", func() { invalidate.New(p, &invalidate.Options{Repeat: []time.Duration{1}}) })
}

// One call is one event, and one append, whatever it names.
func TestOneEvent(t *testing.T) {
	p := newPurger()
	inv := newBlog(p, nil)
	if err := inv.Invalidate(t.Context(), &Post{Slug: "a"}, &Post{Slug: "b"}, &Post{Slug: "a"}); err != nil {
		t.Fatal(err)
	}
	if got, want := join(p.one(t).Dependencies), "path:/blog/ path:/blog/a/ path:/blog/b/"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNothingToPurge(t *testing.T) {
	p := newPurger()
	inv := invalidate.New(p, nil)
	invalidate.Register(inv, func(Post, *invalidate.Targets) {})
	if err := inv.Invalidate(t.Context(), Post{}); err != nil {
		t.Error(err)
	}
	if err := inv.Invalidate(t.Context()); err != nil {
		t.Error(err)
	}
	p.Trace.Want(t)
}

func TestPurgeError(t *testing.T) {
	p := newPurger()
	p.err = &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	tests := []struct {
		name string
		rule func(to *invalidate.Targets)
		want string
	}{
		{"path", func(to *invalidate.Targets) { to.Path("/blog/hello/") }, "/blog/hello/"},
		{"url", func(to *invalidate.Targets) { to.URL("http://h/a?b=1") }, "h/a?b=1"},
		{"prefix", func(to *invalidate.Targets) { to.Prefix("/blog") }, "prefix /blog"},
		{"prefix of all paths", func(to *invalidate.Targets) { to.Prefix("/") }, "prefix /"},
		{"group", func(to *invalidate.Targets) { to.Group("a") }, "group a"},
		{"route", func(to *invalidate.Targets) { to.Route(postPage) }, "unknown routes, route /blog/{}/{$}"},
		{"all", func(to *invalidate.Targets) { to.All() }, "everything"},
		{"many", func(to *invalidate.Targets) { to.Path("/a", "/b", "/c", "/d", "/e") }, "/a, /b, /c and 2 more"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inv := invalidate.New(p, nil)
			invalidate.Register(inv, func(_ *Post, to *invalidate.Targets) { tt.rule(to) })
			err := inv.Invalidate(t.Context(), &Post{}, 7)
			wantError(t, err, "no rule for int", "invalidate: invalidate_test.Post, int: purge "+tt.want+": dial tcp: connection refused")
			var failed *invalidate.PurgeError
			if !errors.As(err, &failed) || !errors.Is(err, p.err) {
				t.Fatalf("got %v, want a PurgeError that wraps %v", err, p.err)
			}
			if last := p.events[len(p.events)-1]; join(failed.Event.Dependencies) != join(last.Dependencies) {
				t.Errorf("PurgeError.Event: got %+v, want %+v", failed.Event, last)
			}
		})
	}
}

func TestObserve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := errors.New("refused")
		var seen []invalidate.Observation
		inv := newBlog(invalidate.PurgerFunc(func(context.Context, cache.Event) error {
			time.Sleep(time.Second)
			return refused
		}), &invalidate.Options{Observe: func(o invalidate.Observation) { seen = append(seen, o) }})
		err := inv.Invalidate(t.Context(), &Post{ID: 1, Slug: "a"})
		if len(seen) != 1 {
			t.Fatalf("observed %d purges, want 1: %+v", len(seen), seen)
		}
		o := seen[0]
		if !errors.Is(err, o.Err) || !errors.Is(o.Err, refused) {
			t.Errorf("Err: got %v, want what the caller got: %v", o.Err, err)
		}
		if o.Duration != time.Second || join(o.Event.Dependencies) != "path:/blog/ path:/blog/a/" || len(o.Models) != 1 || o.Models[0] != "invalidate_test.Post" {
			t.Errorf("got %+v", o)
		}
	})
}

type userKey struct{}

// A client that hangs up after its save must not leave a stale page behind.
func TestPurgeOutlivesItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), userKey{}, "ada"))
		purged := false
		inv := newBlog(invalidate.PurgerFunc(func(ctx context.Context, _ cache.Event) error {
			cancel()
			synctest.Wait()
			purged = true
			if ctx.Err() != nil {
				t.Errorf("the purge was cancelled with its request: %v", ctx.Err())
			}
			if got := ctx.Value(userKey{}); got != "ada" {
				t.Errorf("the value of the request: got %v, want ada", got)
			}
			if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) != 5*time.Second {
				t.Errorf("the purge's deadline: got %v, %v, want in 5s", time.Until(deadline), ok)
			}
			return nil
		}), nil)
		if err := inv.Invalidate(ctx, &Post{}); err != nil || !purged {
			t.Errorf("cancelled during the purge: got error %v, purged %v", err, purged)
		}
		purged = false
		if err := inv.Invalidate(ctx, &Post{}); err != nil || !purged {
			t.Errorf("cancelled before the purge: got error %v, purged %v", err, purged)
		}
	})
}

func TestPurgeTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inv := newBlog(invalidate.PurgerFunc(func(ctx context.Context, _ cache.Event) error {
			<-ctx.Done()
			return ctx.Err()
		}), &invalidate.Options{PurgeTimeout: 300 * time.Millisecond})
		start := time.Now()
		err := inv.Invalidate(t.Context(), &Post{})
		if took := time.Since(start); took != 300*time.Millisecond || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v after %v, want context.DeadlineExceeded after 300ms", err, took)
		}
	})
}

func TestPurgersTellsAllInOrder(t *testing.T) {
	calls := new(invtest.Trace)
	one, three := errors.New("one"), errors.New("three")
	named := func(name string, err error) invalidate.Purger {
		return invalidate.PurgerFunc(func(context.Context, cache.Event) error {
			calls.Add(name)
			return err
		})
	}
	err := newBlog(invalidate.Purgers{named("1", one), named("2", nil), named("3", three)}, nil).Invalidate(t.Context(), &Post{})
	if !errors.Is(err, one) || !errors.Is(err, three) {
		t.Errorf("got %v, want %v and %v", err, one, three)
	}
	calls.Want(t, "1", "2", "3")
	if err := (invalidate.Purgers{}).Purge(t.Context(), cache.Event{}); err != nil {
		t.Errorf("nobody to tell: got %v, want nil", err)
	}
}
