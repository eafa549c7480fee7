package pgxtx_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/dbtest"
	"github.com/uncache/uncache/internal/netproxy"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/internal/invtest"
	"github.com/uncache/uncache/invalidate/outbox"
	"github.com/uncache/uncache/invalidate/pgxtx"
)

// server is a schema of the test's own in a real PostgreSQL.
type server struct {
	*pgxpool.Pool
	db     *sql.DB // the same, by database/sql
	config *pgx.ConnConfig
}

func newServer(t *testing.T) *server {
	t.Helper()
	config, err := pgxpool.ParseConfig(dbtest.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{pool, stdlib.OpenDBFromPool(pool), config.ConnConfig}
	t.Cleanup(func() {
		if err := s.db.Close(); err != nil {
			t.Error(err)
		}
		pool.Close()
	})
	s.exec(t, "CREATE TABLE posts (slug text UNIQUE DEFERRABLE INITIALLY DEFERRED)")
	return s
}

func (s *server) exec(t *testing.T, query string, args ...any) {
	t.Helper()
	if _, err := s.Exec(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}

// wantRows fails unless table has n rows.
func (s *server) wantRows(t *testing.T, table string, n int) {
	t.Helper()
	var got int
	if err := s.QueryRow(t.Context(), "SELECT count(*) FROM "+table).Scan(&got); err != nil {
		t.Fatal(err)
	}
	if got != n {
		t.Errorf("%s has %d rows, want %d", table, got, n)
	}
}

// through is a pool like that of s, through a proxy.
func (s *server) through(t *testing.T) (*pgxpool.Pool, *netproxy.Proxy) {
	t.Helper()
	p, err := netproxy.New(fmt.Sprintf("%s:%d", s.config.Host, s.config.Port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	config := s.Config()
	var host string
	if _, err := fmt.Sscanf(strings.Replace(p.Addr, ":", " ", 1), "%s %d", &host, &config.ConnConfig.Port); err != nil {
		t.Fatal(err)
	}
	config.ConnConfig.Host, config.ConnConfig.Fallbacks = host, nil
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool, p
}

// withOutbox returns an Invalidator with a real outbox.
func (s *server) withOutbox(t *testing.T, p invalidate.Purger) (*invalidate.Invalidator, *outbox.Outbox) {
	t.Helper()
	o, err := outbox.New(s.db, outbox.PostgreSQL, p, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := o.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return newBlog(p, &invalidate.Options{Outbox: o}), o
}

func insert(ctx context.Context, tx pgx.Tx, inv *invalidate.Invalidator, slug string) error {
	if _, err := tx.Exec(ctx, "INSERT INTO posts VALUES ($1)", slug); err != nil {
		return err
	}
	return inv.Invalidate(ctx, Post{slug})
}

func TestPostgres(t *testing.T) {
	s := newServer(t)
	tr := new(invtest.Trace)
	inv, o := s.withOutbox(t, tr)
	save := func(slug string) func(context.Context, pgx.Tx) error {
		return func(ctx context.Context, tx pgx.Tx) error { return insert(ctx, tx, inv, slug) }
	}
	if err := pgxtx.InTx(t.Context(), s, pgx.TxOptions{}, save("a")); err != nil {
		t.Fatal(err)
	}
	tr.WantNext(t, "PURGE path:/a")
	if err := o.Close(); err != nil { // deletes the rows of purged events
		t.Fatal(err)
	}
	s.wantRows(t, "posts", 1)
	s.wantRows(t, outbox.DefaultTable, 0)

	// A constraint that is checked in COMMIT.
	err := pgxtx.InTx(t.Context(), s, pgx.TxOptions{}, save("a"))
	if outcome(err) != "rolled back" {
		t.Errorf("a violated constraint: got %v, want ErrRolledBack", err)
	}
	// fn does not return an error. With something to enqueue, the outbox is refused.
	// Without, COMMIT is answered with ROLLBACK.
	for _, slug := range []string{"b", ""} {
		err = pgxtx.InTx(t.Context(), s, pgx.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
			if slug != "" {
				if err := save(slug)(ctx, tx); err != nil {
					t.Error(err)
				}
			}
			if _, err := tx.Exec(ctx, "SELECT 1/0"); err == nil {
				t.Error("SELECT 1/0: got nil, want an error")
			}
			return nil
		})
		if outcome(err) != "rolled back" {
			t.Errorf("an aborted transaction: got %v, want ErrRolledBack", err)
		}
	}
	tr.WantNext(t)
	s.wantRows(t, "posts", 1)
	s.wantRows(t, outbox.DefaultTable, 0)
}

func TestPostgresSavepoint(t *testing.T) {
	s := newServer(t)
	tr := new(invtest.Trace)
	inv, _ := s.withOutbox(t, tr)
	err := pgxtx.InTx(t.Context(), s, pgx.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		if err := insert(ctx, tx, inv, "a"); err != nil {
			return err
		}
		err := pgxtx.Savepoint(ctx, tx, func(ctx context.Context, tx pgx.Tx) error {
			if err := insert(ctx, tx, inv, "b"); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, "SELECT 1/0")
			return err
		})
		if !errors.Is(err, invalidate.ErrRolledBack) {
			t.Errorf("Savepoint: got %v, want ErrRolledBack", err)
		}
		// fn does not return the error: RELEASE is refused.
		err = pgxtx.Savepoint(ctx, tx, func(ctx context.Context, tx pgx.Tx) error {
			err := insert(ctx, tx, inv, "c")
			_, _ = tx.Exec(ctx, "SELECT 1/0")
			return err
		})
		if !errors.Is(err, invalidate.ErrRolledBack) {
			t.Errorf("Savepoint: got %v, want ErrRolledBack", err)
		}
		return pgxtx.Savepoint(ctx, tx, func(ctx context.Context, tx pgx.Tx) error {
			return insert(ctx, tx, inv, "d")
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	tr.WantNext(t, "PURGE path:/a path:/d")
	s.wantRows(t, "posts", 2)
}

// The connection is lost before COMMIT is sent: nothing is saved.
func TestPostgresTerminatedBeforeCommit(t *testing.T) {
	s := newServer(t)
	tr := new(invtest.Trace)
	inv, _ := s.withOutbox(t, tr)
	err := pgxtx.InTx(t.Context(), s, pgx.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		if err := insert(ctx, tx, inv, "a"); err != nil {
			return err
		}
		s.exec(t, "SELECT pg_terminate_backend($1, 5000)", int(tx.Conn().PgConn().PID()))
		return nil
	})
	if outcome(err) != "rolled back" { // the outbox could not be written
		t.Errorf("got %v, want ErrRolledBack", err)
	}
	tr.WantNext(t)
	s.wantRows(t, "posts", 0)

	// Without an outbox nothing notices before COMMIT. Then it is purged in vain.
	inv = newBlog(tr, nil)
	err = pgxtx.InTx(t.Context(), s, pgx.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		if err := insert(ctx, tx, inv, "a"); err != nil {
			return err
		}
		s.exec(t, "SELECT pg_terminate_backend($1, 5000)", int(tx.Conn().PgConn().PID()))
		return nil
	})
	if outcome(err) != "unknown" {
		t.Errorf("got %v, want ErrCommitUnknown", err)
	}
	tr.WantNext(t, "PURGE path:/a")
	s.wantRows(t, "posts", 0)
}

// The answer to COMMIT is lost. The row is saved, and the saver cannot know. It purges,
// and leaves the event to the relay, which purges again.
func TestPostgresLosesTheAnswer(t *testing.T) {
	s := newServer(t)
	tr := new(invtest.Trace)
	inv, o := s.withOutbox(t, tr)
	pool, proxy := s.through(t)
	cut := proxy.CutAfter("commit")
	err := pgxtx.InTx(t.Context(), pool, pgx.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		return insert(ctx, tx, inv, "a")
	})
	if outcome(err) != "unknown" {
		t.Errorf("got %v, want ErrCommitUnknown", err)
	}
	select {
	case <-cut:
	default:
		t.Error("no answer was lost")
	}
	tr.WantNext(t, "PURGE path:/a")
	s.wantRows(t, "posts", 1)
	s.wantRows(t, outbox.DefaultTable, 1)
	if err := o.Start(); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(time.Minute)
	for {
		if len(tr.Steps()) > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the relay has not purged within a minute")
		}
		time.Sleep(10 * time.Millisecond)
	}
	tr.WantNext(t, "PURGE path:/a")
}

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

// An error of the outbox and one of the notification reach the caller. A relay's Keep
// and Purged go to the outbox.
func TestNotify(t *testing.T) {
	tr := new(invtest.Trace)
	o := pgxtx.Notify(recorder{tr}, "c")
	for query, want := range map[string][]string{
		"":                           {"ENQUEUE", "SELECT pg_notify($1, '') c"},
		"ENQUEUE":                    {"ENQUEUE"},
		"SELECT pg_notify($1, '') c": {"ENQUEUE", "SELECT pg_notify($1, '') c"},
	} {
		failed := errors.New("failed")
		tx := &fakeTx{database: database{invtest.Script{Trace: tr, Fail: map[string]error{query: failed}}}}
		ids, err := o.Enqueue(t.Context(), pgxtx.Execer(tx), nil)
		if (query == "") != (err == nil) || (query == "") != (len(ids) == 1) || query != "" && !errors.Is(err, failed) {
			t.Errorf("%q fails: got %q, %v", query, ids, err)
		}
		tr.WantNext(t, want...)
	}
	if err := o.Keep(t.Context(), nil); err != nil {
		t.Error(err)
	}
	o.Purged(t.Context(), nil)
	tr.WantNext(t, "KEEP", "PURGED")
}

// Notify of a RepeatOutbox is one, too. Notify of another Outbox is none.
func TestNotifyRepeats(t *testing.T) {
	tr := new(invtest.Trace)
	if _, ok := pgxtx.Notify(recorder{tr}, "c").(invalidate.RepeatOutbox); ok {
		t.Error("an Outbox that does not repeat says that it does")
	}
	s := newServer(t)
	_, box := s.withOutbox(t, tr)
	inv := newBlog(tr, &invalidate.Options{Outbox: pgxtx.Notify(box, ""), Repeat: []time.Duration{time.Hour}})
	defer inv.Close()
	before, err := box.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = pgxtx.InTx(t.Context(), s, pgx.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		return insert(ctx, tx, inv, "a")
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := inv.Invalidate(t.Context(), Post{"b"}); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		after, err := box.Stats(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if after.Repeats == before.Repeats+2 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d rows wait to be purged again, want 2", after.Repeats-before.Repeats)
		}
	}
}

// recorder is an Outbox that records.
type recorder struct{ *invtest.Trace }

func (r recorder) Enqueue(ctx context.Context, x invalidate.Execer, _ []cache.Event) ([]string, error) {
	_, err := x.ExecContext(ctx, "ENQUEUE")
	return []string{"#1"}, err
}
func (r recorder) Keep(context.Context, []cache.Event) error { r.Add("KEEP"); return nil }
func (r recorder) Purged(context.Context, []string)          { r.Add("PURGED") }

// Without a name Notify and Listen use the same channel. PostgreSQL has no empty
// channel, and would refuse every save.
func TestDefaultChannel(t *testing.T) {
	s := newServer(t)
	w := newWoken()
	l, err := pgxtx.Listen(s.config, w.wake, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	w.wait(t, "it listens")
	tr := new(invtest.Trace)
	_, o := s.withOutbox(t, tr)
	inv := newBlog(tr, &invalidate.Options{Outbox: pgxtx.Notify(o, "")})
	if err := pgxtx.InTx(t.Context(), s, pgx.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		return insert(ctx, tx, inv, "a")
	}); err != nil {
		t.Fatal(err)
	}
	w.wait(t, "a save notified")
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
