package pgxtx_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/internal/invtest"
	"github.com/uncache/uncache/invalidate/pgxtx"
)

// woken counts the calls of wake, and lets a test wait for them.
type woken struct {
	mu   sync.Mutex
	n    int
	more chan struct{}
}

func newWoken() *woken { return &woken{more: make(chan struct{}, 1000)} }

func (w *woken) wake() {
	w.mu.Lock()
	w.n++
	w.mu.Unlock()
	w.more <- struct{}{}
}

func (w *woken) wait(t *testing.T, why string) {
	t.Helper()
	select {
	case <-w.more:
	case <-time.After(time.Minute):
		t.Fatalf("not woken within a minute: %s", why)
	}
}

func TestListen(t *testing.T) {
	s := newServer(t)
	w := newWoken()
	channel := "Pgxtx " + rand.Text() // needs its quotes
	lost := make(chan error, 100)
	// A name by which it is found and killed.
	config := s.config.Copy()
	config.RuntimeParams["application_name"] = channel
	l, err := pgxtx.Listen(config, w.wake, &pgxtx.ListenOptions{Channel: channel, Ping: 50 * time.Millisecond, Observe: func(err error) { lost <- err }})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	w.wait(t, "it listens")

	tr := new(invtest.Trace)
	_, o := s.withOutbox(t, tr)
	inv := newBlog(tr, &invalidate.Options{Outbox: pgxtx.Notify(o, channel)})
	oops := errors.New("oops")
	for _, end := range []error{nil, oops} {
		// By pgx, and by database/sql.
		err := pgxtx.InTx(t.Context(), s, pgx.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
			return errors.Join(insert(ctx, tx, inv, "a"), end)
		})
		if !errors.Is(err, end) {
			t.Errorf("pgx: got %v, want %v", err, end)
		}
		if end == nil {
			w.wait(t, "pgx has committed")
		}
		err = inv.InTx(t.Context(), s.db, nil, func(ctx context.Context, tx *sql.Tx) error {
			return errors.Join(inv.Invalidate(ctx, Post{"b"}), end)
		})
		if !errors.Is(err, end) {
			t.Errorf("database/sql: got %v, want %v", err, end)
		}
		if end == nil {
			w.wait(t, "database/sql has committed")
		}
	}
	for range 2 {
		s.exec(t, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = $1", channel)
		w.wait(t, "it listens again")
		select {
		case err := <-lost:
			if err == nil {
				t.Error("Observe: got nil, want why the connection was lost")
			}
		case <-time.After(time.Minute):
			t.Fatal("Observe was not told")
		}
		s.exec(t, "SELECT pg_notify($1, '')", channel)
		w.wait(t, "notified after a reconnect")
	}
	l.Close()
	l.Close()
	before := w.n
	s.exec(t, "SELECT pg_notify($1, '')", channel)
	var left int
	if err := s.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1", channel).Scan(&left); err != nil {
		t.Fatal(err)
	}
	// 1 + 2 + 2*2: a rollback notifies nobody.
	if w.n != before || w.n != 7 {
		t.Errorf("woken %d times, and %d after Close, want 7 and 0 (%d connections are left)", before, w.n-before, left)
	}
}

// A database that is down is no error of Listen, and Close does not wait for it.
func TestListenToNobody(t *testing.T) {
	config, err := pgx.ParseConfig("postgres://nobody@127.0.0.1:1/test?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	lost := make(chan error, 100)
	l, err := pgxtx.Listen(config, func() { t.Error("woken without a connection") }, &pgxtx.ListenOptions{
		MaxPause: time.Millisecond, Observe: func(err error) { lost <- err },
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := <-lost; err == nil {
			t.Error("Observe: got nil, want an error")
		}
	}
	l.Close()
}

func TestListenOptions(t *testing.T) {
	config, err := pgx.ParseConfig("postgres://nobody@127.0.0.1:1/test")
	if err != nil {
		t.Fatal(err)
	}
	for want, listen := range map[string]func() (*pgxtx.Listener, error){
		"pgxtx: Listen: the config is nil": func() (*pgxtx.Listener, error) { return pgxtx.Listen(nil, func() {}, nil) },
		"pgxtx: Listen: wake is nil":       func() (*pgxtx.Listener, error) { return pgxtx.Listen(config, nil, nil) },
		"pgxtx: ListenOptions.Ping: -1s is negative": func() (*pgxtx.Listener, error) {
			return pgxtx.Listen(config, func() {}, &pgxtx.ListenOptions{Ping: -time.Second})
		},
		"pgxtx: ListenOptions.Timeout: -1s is negative": func() (*pgxtx.Listener, error) {
			return pgxtx.Listen(config, func() {}, &pgxtx.ListenOptions{Timeout: -time.Second})
		},
		"pgxtx: ListenOptions.MaxPause: -1s is negative": func() (*pgxtx.Listener, error) {
			return pgxtx.Listen(config, func() {}, &pgxtx.ListenOptions{MaxPause: -time.Second})
		},
	} {
		if l, err := listen(); !errors.Is(err, pgxtx.ErrOptions) || err.Error() != want {
			t.Errorf("got %v, want ErrOptions that says %q", err, want)
			if l != nil {
				l.Close()
			}
		}
	}
}

// Observe is told of a wake that panics or ends its goroutine. The Listener goes on:
// the next notification wakes again.
func TestListenWhenWakePanics(t *testing.T) {
	s := newServer(t)
	channel := "Pgxtx " + rand.Text()
	told := make(chan error, 100)
	calls := 0
	wake := func() {
		calls++
		if calls%2 == 0 {
			runtime.Goexit()
		}
		panic("oops")
	}
	l, err := pgxtx.Listen(s.config, wake, &pgxtx.ListenOptions{Channel: channel, Observe: func(err error) {
		told <- err
		panic("Observe, too")
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for i := range 4 {
		select {
		case err := <-told:
			if !strings.Contains(err.Error(), "pgxtx: wake: ") || i%2 == 0 && !errors.Is(err, cache.ErrPanic) {
				t.Errorf("wake %d: Observe was told %v", i, err)
			}
		case <-time.After(time.Minute):
			t.Fatalf("wake %d: Observe was not told", i)
		}
		s.exec(t, "SELECT pg_notify($1, '')", channel)
	}
}
