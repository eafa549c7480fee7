package outbox_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/outbox"
)

// A bug is a driver that answers a few queries, and then panics at each, or ends the
// goroutine.
type bug struct {
	answers atomic.Int32
	exits   bool
}

func (b *bug) Connect(context.Context) (driver.Conn, error) { return bugConn{b}, nil }
func (b *bug) Driver() driver.Driver                        { return nil }

func (b *bug) step() {
	switch {
	case b.answers.Add(-1) >= 0:
	case b.exits:
		runtime.Goexit()
	default:
		panic("a bug of the driver")
	}
}

type bugConn struct{ *bug }

func (c bugConn) Prepare(string) (driver.Stmt, error) { c.step(); return nil, errors.ErrUnsupported }
func (bugConn) Close() error                          { return nil }

func (c bugConn) Begin() (driver.Tx, error) { c.step(); return nil, errors.ErrUnsupported }

func (c bugConn) BeginTx(context.Context, driver.TxOptions) (driver.Tx, error) { return c.Begin() }

func (c bugConn) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	c.step()
	return new(one), nil
}

// watcher counts observations, and panics at each.
type watcher struct {
	mu   sync.Mutex
	seen map[outbox.Op]int
}

func (w *watcher) observe(o outbox.Observation) {
	w.mu.Lock()
	w.seen[o.Op]++
	w.mu.Unlock()
	panic("a bug of Observe")
}

func (w *watcher) wait(t *testing.T, op outbox.Op, n int) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		w.mu.Lock()
		got := w.seen[op]
		w.mu.Unlock()
		if got >= n {
			return
		}
		if time.Now().After(end) {
			t.Errorf("Observe was told %d times of %q, want %d", got, op, n)
			return
		}
	}
}

// A driver that panics in a goroutine of the outbox, or ends it, is a database that is
// down: the outbox asks again, Observe is told, and Close returns. A panic of Observe
// changes nothing.
func TestPanicOfADriver(t *testing.T) {
	for _, exits := range []bool{false, true} {
		for answers := range int32(3) {
			b := &bug{exits: exits}
			b.answers.Store(1 + answers) // Start asks once
			db := sql.OpenDB(b)
			defer db.Close()
			w := &watcher{seen: make(map[outbox.Op]int)}
			purger := invalidate.PurgerFunc(func(context.Context, cache.Event) error { return nil })
			o, err := outbox.New(db, outbox.PostgreSQL, purger, &outbox.Options{
				CloseTimeout: time.Minute, MaxPause: time.Millisecond, Poll: time.Millisecond, Observe: w.observe,
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := o.Start(); err != nil {
				t.Fatal(err)
			}
			w.wait(t, outbox.OpClaim, 5)
			w.wait(t, outbox.OpObserve, 5)
			for n := range 3 {
				o.Purged(t.Context(), []string{"id"})
				w.wait(t, outbox.OpDelete, n+1)
			}
			if err := o.Close(); err == nil || !exits && !errors.Is(err, cache.ErrPanic) {
				t.Errorf("after %d answers, exits: %v: Close returned %v", answers, exits, err)
			}
		}
	}
}
