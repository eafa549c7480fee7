package connector_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
	"testing"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/connector"
	"github.com/uncache/uncache/invalidate/internal/invtest"
)

// A wrapped connection can do what the base can. database/sql notices no difference
// except for the steps.
func TestOptionalInterfaces(t *testing.T) {
	for _, plain := range []bool{false, true} {
		for _, skip := range []bool{false, true} {
			var got [2]string
			for i := range got {
				tr := new(invtest.Trace)
				fake := &database{Script: invtest.NewScript(tr), plain: plain, skip: skip}
				var c driver.Connector = fake
				if i == 1 {
					c = connector.New(fake)
				}
				db := sql.OpenDB(c)
				exercise(t, tr, db)
				got[i] = strings.Join(tr.Steps(), "\n")
			}
			if got[0] != got[1] {
				t.Errorf("plain: %v, skip: %v: the base does\n%s\n\nand wrapped it does\n%s", plain, skip, got[0], got[1])
			}
			if !strings.Contains(got[1], "COMMIT") {
				t.Errorf("plain: %v, skip: %v: too little happened:\n%s", plain, skip, got[1])
			}
		}
	}
}

// exercise does everything that database/sql can do, and records the errors.
func exercise(t *testing.T, tr *invtest.Trace, db *sql.DB) {
	ctx := t.Context()
	done, cancel := context.WithCancel(ctx)
	cancel()
	note := func(err error) {
		if err != nil {
			tr.Add("error: " + err.Error())
		}
	}
	rows := func(rows *sql.Rows, err error) {
		note(err)
		if err == nil {
			note(rows.Close())
		}
	}
	note(db.PingContext(ctx))
	for _, x := range []interface {
		ExecContext(context.Context, string, ...any) (sql.Result, error)
		QueryContext(context.Context, string, ...any) (*sql.Rows, error)
		PrepareContext(context.Context, string) (*sql.Stmt, error)
	}{db, must(db.Conn(ctx)), must(db.BeginTx(ctx, nil))} {
		for _, args := range [][]any{{}, {1}, {special("x")}, {special(""), 2}, {sql.Named("n", 3)}, {struct{}{}}} {
			query := "SELECT" + strings.Repeat(" ?", len(args))
			_, err := x.ExecContext(ctx, query, args...)
			note(err)
			rows(x.QueryContext(ctx, query, args...))
			s, err := x.PrepareContext(ctx, query)
			note(err)
			if err != nil {
				continue
			}
			_, err = s.ExecContext(ctx, args...)
			note(err)
			rows(s.QueryContext(ctx, args...))
			note(s.Close())
		}
		_, err := x.ExecContext(done, "SELECT")
		note(err)
		if c, ok := x.(interface{ Commit() error }); ok {
			note(c.Commit())
		}
		if c, ok := x.(*sql.Conn); ok {
			note(c.Close())
		}
	}
	for _, opts := range []*sql.TxOptions{{ReadOnly: true}, {Isolation: sql.LevelSerializable}} {
		tx, err := db.BeginTx(ctx, opts)
		note(err)
		if err == nil {
			note(tx.Rollback())
		}
	}
	_, err := db.BeginTx(done, nil)
	note(err)
	note(db.Close())
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// A statement with its own ColumnConverter is asked to convert.
type converting struct{ database }

func (c *converting) Connect(context.Context) (driver.Conn, error) {
	return convertingConn{plainConn{&c.database}}, nil
}

type convertingConn struct{ plainConn }

func (c convertingConn) Prepare(query string) (driver.Stmt, error) {
	return convertingStmt{plainStmt{c.database, query}}, nil
}

type convertingStmt struct{ plainStmt }

func (convertingStmt) ColumnConverter(int) driver.ValueConverter { return shout{} }

type shout struct{}

func (shout) ConvertValue(v any) (driver.Value, error) {
	s, ok := v.(string)
	if !ok {
		return nil, errors.New("only strings can be shouted")
	}
	return strings.ToUpper(s), nil
}

func TestColumnConverter(t *testing.T) {
	tr := new(invtest.Trace)
	fake := &converting{database{Script: invtest.NewScript(tr)}}
	db := sql.OpenDB(connector.New(fake))
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "SELECT ?", "hello"); err != nil {
		t.Error(err)
	}
	tr.WantNext(t, "STMT SELECT ? HELLO")

	// So it is when the outbox inserts.
	ctx, _ := invalidate.Follow(t.Context())
	inv := invalidate.New(&purger{Trace: tr}, &invalidate.Options{Outbox: &outbox{Trace: tr, args: []any{"id"}}})
	invalidate.Register(inv, func(p post, to *invalidate.Targets) { to.Path("/" + string(p)) })
	tx := must(db.BeginTx(ctx, nil))
	if err := inv.Invalidate(ctx, post("a")); err != nil {
		t.Error(err)
	}
	if err := tx.Commit(); err != nil {
		t.Error(err)
	}
	tr.WantNext(t, "BEGIN", "STMT INSERT ? a ID", "COMMIT", "PURGE a", "PURGED #a")
}

// The outbox's statement goes through everything that a statement of the application
// would.
func TestOutboxArguments(t *testing.T) {
	tests := []struct {
		name        string
		plain, skip bool
		args        []any
		step        string // "" if it has to fail
	}{
		{"direct", false, false, []any{1, "x", []byte("y"), nil}, "INSERT ? ? ? ? a 1 x [121] <nil>"},
		{"prepared", false, true, []any{1, "x"}, "STMT INSERT ? ? a 1 x"},
		{"old", true, false, []any{1, "x"}, "STMT INSERT ? ? a 1 x"},
		{"special", false, false, []any{special("x"), 1}, "INSERT ? ? a special x 1"},
		{"special, prepared", false, true, []any{special("x")}, "STMT INSERT ? a special x"},
		{"removed", false, false, []any{special(""), 1}, "INSERT ? ? a 1"},
		{"removed, prepared", false, true, []any{special(""), 1}, ""},
		{"named", false, false, []any{sql.Named("n", 1)}, "INSERT ? a n1"},
		{"named, old", true, false, []any{sql.Named("n", 1)}, ""},
		{"valuer", false, false, []any{sql.NullInt64{Int64: 7, Valid: true}}, "INSERT ? a 7"},
		{"unknown type", false, false, []any{struct{}{}}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, true)
			r.fake.plain, r.fake.skip, r.outbox.args = tt.plain, tt.skip, tt.args
			tx := r.begin(t)
			r.invalidate(t, "a")
			err := tx.Commit()
			if tt.step == "" {
				if !errors.Is(err, invalidate.ErrRolledBack) {
					t.Errorf("Commit: got %v, want ErrRolledBack", err)
				}
				r.WantNext(t, "BEGIN", "ROLLBACK")
				return
			}
			if err != nil {
				t.Error(err)
			}
			r.WantNext(t, "BEGIN", tt.step, "COMMIT", "PURGE a", "PURGED #a")
		})
	}
}
