package connector_test

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"testing"
)

// A script of statements on one connection. Posts between them are invalidated in the
// request's context. A purge follows the statement that was answered before it.
var scripts = []struct {
	name, script, want string
}{

	{"commit", "BEGIN|a|COMMIT", "BEGIN|COMMIT|PURGE a"},
	{"commit, in other words", "start transaction|a|end", "start transaction|end|PURGE a"},
	{"rollback", "BEGIN|a|ROLLBACK|b", "BEGIN|ROLLBACK|PURGE b"},
	{"nothing open", "COMMIT|a|ROLLBACK|ROLLBACK TO x|RELEASE x", "COMMIT|PURGE a|ROLLBACK|ROLLBACK TO x|RELEASE x"},
	{"chain", "BEGIN|a|COMMIT AND CHAIN|b|ROLLBACK AND CHAIN|c|COMMIT|d", "BEGIN|COMMIT AND CHAIN|PURGE a|ROLLBACK AND CHAIN|COMMIT|PURGE c|PURGE d"},
	{"savepoint rolled back", "BEGIN|a|SAVEPOINT s|b|ROLLBACK TO s|c|COMMIT", "BEGIN|SAVEPOINT s|ROLLBACK TO s|COMMIT|PURGE a c"},
	{"savepoint released", "BEGIN|a|SAVEPOINT s|b|RELEASE s|COMMIT", "BEGIN|SAVEPOINT s|RELEASE s|COMMIT|PURGE a b"},
	{"released, then rolled back further", "BEGIN|a|SAVEPOINT r|b|SAVEPOINT s|c|RELEASE SAVEPOINT s|rollback to savepoint R|COMMIT",
		"BEGIN|SAVEPOINT r|SAVEPOINT s|RELEASE SAVEPOINT s|rollback to savepoint R|COMMIT|PURGE a"},
	{"rolled back twice", "BEGIN|a|SAVEPOINT s|b|ROLLBACK TO s|c|ROLLBACK TO s|COMMIT", "BEGIN|SAVEPOINT s|ROLLBACK TO s|ROLLBACK TO s|COMMIT|PURGE a"},
	{"one name twice", "BEGIN|SAVEPOINT s|a|SAVEPOINT s|b|ROLLBACK TO s|COMMIT", "BEGIN|SAVEPOINT s|SAVEPOINT s|ROLLBACK TO s|COMMIT|PURGE a"},
	{"one name, released once", "BEGIN|SAVEPOINT s|a|SAVEPOINT s|b|RELEASE s|ROLLBACK TO s|COMMIT", "BEGIN|SAVEPOINT s|SAVEPOINT s|RELEASE s|ROLLBACK TO s|COMMIT"},
	{"rolled back past another", "BEGIN|SAVEPOINT r|a|SAVEPOINT s|b|ROLLBACK TO r|c|COMMIT", "BEGIN|SAVEPOINT r|SAVEPOINT s|ROLLBACK TO r|COMMIT|PURGE c"},
	// Whether these are one name depends on the database.
	{"two spellings", `BEGIN|SAVEPOINT s|a|SAVEPOINT "S"|b|ROLLBACK TO s|COMMIT`, `BEGIN|SAVEPOINT s|SAVEPOINT "S"|ROLLBACK TO s|COMMIT|PURGE a b`},
	{"unknown savepoint", "BEGIN|a|ROLLBACK TO s|COMMIT", "BEGIN|ROLLBACK TO s|COMMIT|PURGE a"},
	// SQLite's.
	{"begun by a savepoint", "SAVEPOINT s|a|SAVEPOINT t|b|ROLLBACK TO t|RELEASE t|RELEASE s|c", "SAVEPOINT s|SAVEPOINT t|ROLLBACK TO t|RELEASE t|RELEASE s|PURGE a|PURGE c"},
	{"begun by a savepoint, rolled back", "SAVEPOINT s|a|ROLLBACK|c", "SAVEPOINT s|ROLLBACK|PURGE c"},
	{"begun by a savepoint, rolled back to it", "SAVEPOINT s|a|ROLLBACK TO s|b|RELEASE s", "SAVEPOINT s|ROLLBACK TO s|RELEASE s|PURGE b"},
	// MySQL commits before DDL.
	{"ddl", "BEGIN|a|CREATE TABLE x|ROLLBACK", "BEGIN|CREATE TABLE x|ROLLBACK|PURGE a"},
	{"plain", "BEGIN|a|UPDATE x|ROLLBACK", "BEGIN|UPDATE x|ROLLBACK"},
	{"begin twice", "BEGIN|a|BEGIN|ROLLBACK", "BEGIN|BEGIN|ROLLBACK|PURGE a"},
	{"several", "BEGIN|a|UPDATE x; UPDATE y|ROLLBACK", "BEGIN|UPDATE x; UPDATE y|ROLLBACK|PURGE a"},
	{"several, begun among them", "BEGIN; UPDATE x|a|ROLLBACK", "BEGIN; UPDATE x|ROLLBACK|PURGE a"},
	// What is open is purged when the connection goes back to the pool.
	{"left open", "BEGIN|a", "BEGIN|PURGE a"},
	{"hidden commit", "BEGIN|a|UPDATE x; COMMIT", "BEGIN|UPDATE x; COMMIT|PURGE a"},
	{"prepared", "BEGIN|a|PREPARE TRANSACTION 'x'", "BEGIN|PREPARE TRANSACTION 'x'|PURGE a"},
}

func TestRaw(t *testing.T) {
	send := map[string]func(context.Context, *sql.Conn, string) error{
		"exec": func(ctx context.Context, c *sql.Conn, q string) error {
			_, err := c.ExecContext(ctx, q)
			return err
		},
		"query": func(ctx context.Context, c *sql.Conn, q string) error {
			rows, err := c.QueryContext(ctx, q)
			if err != nil {
				return err
			}
			return rows.Close()
		},
		"prepare": func(ctx context.Context, c *sql.Conn, q string) error {
			s, err := c.PrepareContext(ctx, q)
			if err != nil {
				return err
			}
			defer s.Close()
			_, err = s.ExecContext(ctx)
			return err
		},
		"prepare, query": func(ctx context.Context, c *sql.Conn, q string) error {
			s, err := c.PrepareContext(ctx, q)
			if err != nil {
				return err
			}
			defer s.Close()
			rows, err := s.QueryContext(ctx)
			if err != nil {
				return err
			}
			return rows.Close()
		},
	}
	for _, tt := range scripts {
		for way, send := range send {
			for _, skip := range []bool{false, true} {
				t.Run(tt.name+", "+way, func(t *testing.T) {
					r := newRig(t, false)
					r.fake.skip = skip
					c := r.conn(t)
					for step := range strings.SplitSeq(tt.script, "|") {
						if len(step) == 1 {
							r.invalidate(t, step)
						} else if err := send(r.ctx, c, step); err != nil {
							t.Errorf("%s: %v", step, err)
						}
					}
					if err := c.Close(); err != nil {
						t.Error(err)
					}
					got := r.Steps()
					for i, step := range got {
						got[i] = strings.TrimPrefix(step, "STMT ")
					}
					if want := strings.Split(tt.want, "|"); !slices.Equal(got, want) {
						t.Errorf("what happened:\n got %q\nwant %q", got, want)
					}
				})
			}
		}
	}
}

// With an outbox each COMMIT, also one that may be hidden, comes after the INSERT of
// its events, on the same connection.
func TestRawWithOutbox(t *testing.T) {
	tests := []struct{ script, want string }{
		{"BEGIN|a|COMMIT", "BEGIN|INSERT a|COMMIT|PURGE a|PURGED #a"},
		{"BEGIN|a|ROLLBACK", "BEGIN|ROLLBACK"},
		{"BEGIN|a|UPDATE x; COMMIT", "BEGIN|INSERT a|UPDATE x; COMMIT|PURGE a"},
		{"BEGIN|a|SAVEPOINT s|b|RELEASE s|COMMIT", "BEGIN|SAVEPOINT s|RELEASE s|INSERT a b|COMMIT|PURGE a b|PURGED #a b"},
		{"SAVEPOINT s|a|RELEASE s", "SAVEPOINT s|INSERT a|RELEASE s|PURGE a|PURGED #a"},
		{"BEGIN|a", "BEGIN|PURGE a"},
		// What may have been a COMMIT was none. The events enqueued before it were
		// rolled back with the savepoint, though "a" was saved before that.
		{"BEGIN|a|SAVEPOINT s|UPDATE x; UPDATE senders|ROLLBACK TO s|COMMIT",
			"BEGIN|SAVEPOINT s|INSERT a|UPDATE x; UPDATE senders|ROLLBACK TO s|INSERT a|COMMIT|PURGE a|PURGED #a"},
		{"BEGIN|a|SAVEPOINT s|RELEASE t; ROLLBACK TO s|COMMIT",
			"BEGIN|SAVEPOINT s|INSERT a|RELEASE t; ROLLBACK TO s|INSERT a|COMMIT|PURGE a|PURGED #a"},
	}
	for _, tt := range tests {
		t.Run(tt.script, func(t *testing.T) {
			r := newRig(t, true)
			c := r.conn(t)
			for step := range strings.SplitSeq(tt.script, "|") {
				if len(step) == 1 {
					r.invalidate(t, step)
				} else if _, err := c.ExecContext(r.ctx, step); err != nil {
					t.Errorf("%s: %v", step, err)
				}
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
			r.WantNext(t, strings.Split(tt.want, "|")...)
		})
	}
}

// A statement that failed leaves the transaction as it was, except for a COMMIT, which
// may have succeeded.
func TestRawErrors(t *testing.T) {
	failed := errors.New("failed")
	tests := []struct {
		name   string
		fails  string
		err    error
		script string
		want   string
	}{
		{"begin", "BEGIN", failed, "BEGIN|a", "BEGIN|PURGE a"},
		{"savepoint", "SAVEPOINT s", failed, "BEGIN|a|SAVEPOINT s|b|ROLLBACK TO s|COMMIT", "BEGIN|SAVEPOINT s|ROLLBACK TO s|COMMIT|PURGE a b"},
		{"rollback to", "ROLLBACK TO s", failed, "BEGIN|SAVEPOINT s|b|ROLLBACK TO s|COMMIT", "BEGIN|SAVEPOINT s|ROLLBACK TO s|COMMIT|PURGE b"},
		{"release", "RELEASE s", failed, "BEGIN|SAVEPOINT s|b|RELEASE s|ROLLBACK TO s|COMMIT", "BEGIN|SAVEPOINT s|RELEASE s|ROLLBACK TO s|COMMIT"},
		// SQLite keeps the transaction of a COMMIT that was too busy.
		{"commit, rollback", "COMMIT", failed, "BEGIN|a|COMMIT|b|ROLLBACK", "BEGIN|COMMIT|ROLLBACK|PURGE a b"},
		{"commit, end", "COMMIT", failed, "BEGIN|a|COMMIT|b|END|c", "BEGIN|COMMIT|END|PURGE a b|PURGE c"},
		{"commit, given back", "COMMIT", failed, "BEGIN|a|COMMIT", "BEGIN|COMMIT|PURGE a"},
		{"commit, conflict", "COMMIT", state("40001"), "BEGIN|a|COMMIT|c", "BEGIN|COMMIT|PURGE c"},
		{"rollback, given back", "ROLLBACK", failed, "BEGIN|a|ROLLBACK", "BEGIN|ROLLBACK|PURGE a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, false)
			r.fake.Fail[tt.fails] = tt.err
			c := r.conn(t)
			for step := range strings.SplitSeq(tt.script, "|") {
				if len(step) == 1 {
					r.invalidate(t, step)
					continue
				}
				var want error
				if step == tt.fails {
					want = tt.err
				}
				if _, err := c.ExecContext(r.ctx, step); !errors.Is(err, want) {
					t.Errorf("%s: got %v, want %v", step, err, want)
				}
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
			r.WantNext(t, strings.Split(tt.want, "|")...)
		})
	}
}

// SQLite keeps the transaction of a COMMIT that was too busy. Events that were enqueued
// for it can be rolled back.
func TestRawCommitAgainAfterSavepoint(t *testing.T) {
	for _, name := range []string{"s", `"S"`} { // in two spellings, which may or may not be one name
		r := newRig(t, true)
		c := r.conn(t)
		busy := errors.New("busy")
		for _, step := range []struct {
			query string
			fails error
		}{{"BEGIN", nil}, {"SAVEPOINT s", nil}, {"COMMIT", busy}, {"ROLLBACK TO " + name, nil}, {"COMMIT", nil}} {
			r.fake.Fail["COMMIT"] = step.fails
			if _, err := c.ExecContext(r.ctx, step.query); !errors.Is(err, step.fails) {
				t.Errorf("%s: got %v, want %v", step.query, err, step.fails)
			}
			if step.query == "BEGIN" {
				r.invalidate(t, "a")
			}
		}
		r.WantNext(t, "BEGIN", "SAVEPOINT s", "INSERT a", "COMMIT", "ROLLBACK TO "+name, "INSERT a", "COMMIT", "PURGE a", "PURGED #a")
	}
}

// If the outbox fails, COMMIT is not sent.
func TestRawOutboxFails(t *testing.T) {
	r := newRig(t, true)
	r.fake.Fail["INSERT a"] = errors.New("full")
	c := r.conn(t)
	for _, q := range []string{"BEGIN", "COMMIT", "ROLLBACK"} {
		_, err := c.ExecContext(r.ctx, q)
		if want := q == "COMMIT"; (err != nil) != want {
			t.Errorf("%s: got %v, want an error: %v", q, err, want)
		}
		if q == "BEGIN" {
			r.invalidate(t, "a")
		}
	}
	r.WantNext(t, "BEGIN", "INSERT a", "ROLLBACK")
}
