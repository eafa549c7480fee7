package pglog_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/cachetest"
)

// The kit runs in each isolation level: a transaction that sees an old snapshot must
// neither fail nor be given a position twice.
func TestTxLogConforms(t *testing.T) {
	for _, level := range []pgx.TxIsoLevel{pgx.ReadCommitted, pgx.RepeatableRead, pgx.Serializable} {
		t.Run(string(level), func(t *testing.T) { conform(t, pgx.TxOptions{IsoLevel: level}) })
	}
}

func conform(t *testing.T, opts pgx.TxOptions) {
	other := newDatabase(t)
	other.schema = "public"
	must(t, other.exec(t.Context(), "CREATE TABLE rows (n int)"))
	begin := func(ctx context.Context, p process) (cachetest.Tx, error) {
		tx, err := p.pool.BeginTx(ctx, opts)
		if err != nil {
			return cachetest.Tx{}, err
		}
		_, err = tx.Exec(ctx, "SELECT set_config('search_path', $1, true)", p.schema)
		return cachetest.Tx{Exec: execOf(tx), Commit: tx.Commit, Rollback: tx.Rollback}, err
	}
	cachetest.RunTxLog(t, cachetest.TxLogHarness{
		Open: func(t *testing.T) cache.TxLog {
			p := newProcess(t)
			must(t, p.exec(t.Context(), "CREATE TABLE {schema}.rows (n int)"))
			return p
		},
		Begin:     func(ctx context.Context, l cache.TxLog) (cachetest.Tx, error) { return begin(ctx, l.(process)) },
		Elsewhere: func(ctx context.Context, _ cache.TxLog) (cachetest.Tx, error) { return begin(ctx, other) },
		Save: func(ctx context.Context, tx cachetest.Tx, n int) error {
			_, err := tx.Exec(ctx, "INSERT INTO rows VALUES ($1)", n)
			return err
		},
		Saved: func(ctx context.Context, l cache.TxLog, elsewhere bool) (map[int]bool, error) {
			p := l.(process)
			if elsewhere {
				p = other
			}
			rows, err := p.pool.Query(ctx, p.in("SELECT n FROM {schema}.rows"))
			if err != nil {
				return nil, err
			}
			all, err := pgx.CollectRows(rows, pgx.RowTo[int])
			saved := map[int]bool{}
			for _, n := range all {
				saved[n] = true
			}
			return saved, err
		},
	})
}

// What is not the log's database: one of PostgreSQL without a log, one with another log
// in a schema of that name, a copy, and one that does not know PostgreSQL's functions.
// In none of them AppendTx fails or breaks the transaction.
func TestTransactionElsewhere(t *testing.T) {
	p := newProcess(t)
	tests := map[string]func(t *testing.T) (cache.Exec, func() error){
		"without a log": func(t *testing.T) (cache.Exec, func() error) {
			db := newDatabase(t)
			tx := db.begin(t, pgx.TxOptions{})
			return execOf(tx), func() error { return commit(t, tx) }
		},
		"with another log": func(t *testing.T) (cache.Exec, func() error) {
			db := newDatabase(t)
			other := join(t, db.pool, p.schema, nil)
			must(t, other.Migrate(t.Context()))
			tx := other.begin(t, pgx.TxOptions{})
			return execOf(tx), func() error {
				if ev := other.since(t, 0); len(ev.List) != 0 {
					t.Errorf("the other log has %+v", ev.List)
				}
				return commit(t, tx)
			}
		},
		"a copy": func(t *testing.T) (cache.Exec, func() error) {
			db := newDatabase(t)
			must(t, join(t, db.pool, p.schema, nil).Migrate(t.Context()))
			var id string
			must(t, p.pool.QueryRow(t.Context(), "SELECT obj_description(to_regnamespace($1)::oid, 'pg_namespace')", p.schema).Scan(&id))
			must(t, db.exec(t.Context(), "COMMENT ON SCHEMA "+p.schema+" IS '"+id+"'"))
			tx := db.begin(t, pgx.TxOptions{})
			return execOf(tx), func() error { return commit(t, tx) }
		},
		"not PostgreSQL": func(*testing.T) (cache.Exec, func() error) {
			return func(context.Context, string, ...any) (int64, error) {
				return 0, errors.New("no such function: pg_catalog.obj_description")
			}, func() error { return nil }
		},
	}
	for name, begin := range tests {
		t.Run(name, func(t *testing.T) {
			head := p.since(t, 0).Head
			exec, commit := begin(t)
			ok, err := p.AppendTx(t.Context(), exec, event("elsewhere"))
			if ok || err != nil {
				t.Errorf("AppendTx: got %v, %v; want false, nil", ok, err)
			}
			must(t, commit())
			wantReasons(t, p, head)
		})
	}
}

// A transaction of database/sql is as good as one of pgx.
func TestTransactionOfDatabaseSQL(t *testing.T) {
	p := newProcess(t)
	head := p.since(t, 0).Head
	db := stdlib.OpenDBFromPool(p.pool)
	t.Cleanup(func() { _ = db.Close() })
	for _, commits := range []bool{true, false} {
		tx, err := db.BeginTx(t.Context(), &sql.TxOptions{Isolation: sql.LevelSerializable})
		must(t, err)
		exec := func(ctx context.Context, query string, args ...any) (int64, error) {
			r, err := tx.ExecContext(ctx, query, args...)
			if err != nil {
				return 0, err
			}
			return r.RowsAffected()
		}
		if ok, err := p.AppendTx(t.Context(), exec, event("sql")); !ok || err != nil {
			t.Fatalf("AppendTx: got %v, %v; want true, nil", ok, err)
		}
		if commits {
			must(t, tx.Commit())
		} else {
			must(t, tx.Rollback())
		}
	}
	wantReasons(t, p, head, "sql")
}

func commit(t *testing.T, tx pgx.Tx) error { return tx.Commit(t.Context()) }
