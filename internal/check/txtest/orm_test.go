package txtest

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	gormpostgres "gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/uncache/uncache/invalidate"
)

// Row is what the libraries save.
type Row struct {
	bun.BaseModel `bun:"table:posts" gorm:"-"`
	Slug          string `bun:"slug,pk" gorm:"primaryKey"`
}

func (Row) TableName() string { return "posts" }

var errOops = errors.New("oops")

// Libraries that have a savepoint for a transaction in another: "a" is saved in
// the outer one, "b" in one that is rolled back, "c" in one that is not.
func TestLibraries(t *testing.T) {
	s := postgres(t)
	gdb, err := gorm.Open(gormpostgres.New(gormpostgres.Config{Conn: s.db}), &gorm.Config{Logger: logger.Discard})
	if err != nil {
		t.Fatal(err)
	}
	bdb := bun.NewDB(s.db, pgdialect.New())
	xdb := sqlx.NewDb(s.db, "pgx")
	libraries := map[string]func(ctx context.Context, x *site, end error) error{
		"gorm": func(ctx context.Context, x *site, end error) error {
			save := func(tx *gorm.DB, slug string) error {
				return errors.Join(tx.Create(&Row{Slug: slug}).Error, x.inv.Invalidate(ctx, Post{slug}))
			}
			return gdb.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
				return errors.Join(save(tx, "a"), nest(end,
					tx.Transaction(func(tx *gorm.DB) error { return errors.Join(save(tx, "b"), errOops) }),
					tx.Transaction(func(tx *gorm.DB) error { return save(tx, "c") })))
			})
		},
		"bun": func(ctx context.Context, x *site, end error) error {
			save := func(tx bun.Tx, slug string) error {
				_, err := tx.NewInsert().Model(&Row{Slug: slug}).Exec(ctx)
				return errors.Join(err, x.inv.Invalidate(ctx, Post{slug}))
			}
			return bdb.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
				return errors.Join(save(tx, "a"), nest(end,
					tx.RunInTx(ctx, nil, func(_ context.Context, tx bun.Tx) error { return errors.Join(save(tx, "b"), errOops) }),
					tx.RunInTx(ctx, nil, func(_ context.Context, tx bun.Tx) error { return save(tx, "c") })))
			})
		},
		"sqlx": func(ctx context.Context, x *site, end error) error {
			tx, err := xdb.BeginTxx(ctx, nil)
			if err != nil {
				return err
			}
			defer tx.Rollback()
			save := func(slug string) error {
				_, err := tx.NamedExecContext(ctx, "INSERT INTO posts (slug) VALUES (:slug)", Row{Slug: slug})
				return errors.Join(err, x.inv.Invalidate(ctx, Post{slug}))
			}
			exec := func(q string) error {
				_, err := tx.ExecContext(ctx, q)
				return err
			}
			if err := errors.Join(save("a"), exec("SAVEPOINT s"), save("b"), exec("ROLLBACK TO s"), save("c"), end); err != nil {
				return err
			}
			return tx.Commit()
		},
		// The other road: nothing is wrapped, and sqlx's own type is kept.
		"sqlx by Transact": func(ctx context.Context, x *site, end error) error {
			plain := sqlx.NewDb(s.plain, "pgx")
			begin := func(ctx context.Context) (*sqlx.Tx, error) { return plain.BeginTxx(ctx, nil) }
			return invalidate.Transact(ctx, begin, func(ctx context.Context, tx *sqlx.Tx) error {
				save := func(ctx context.Context, slug string) error {
					_, err := tx.NamedExecContext(ctx, "INSERT INTO posts (slug) VALUES (:slug)", Row{Slug: slug})
					return errors.Join(err, x.inv.Invalidate(ctx, Post{slug}))
				}
				return errors.Join(save(ctx, "a"), nest(end,
					invalidate.Savepoint(ctx, tx, func(ctx context.Context) error { return errors.Join(save(ctx, "b"), errOops) }),
					invalidate.Savepoint(ctx, tx, func(ctx context.Context) error { return save(ctx, "c") })))
			})
		},
	}
	for name, save := range libraries {
		t.Run(name, func(t *testing.T) {
			for _, end := range []error{nil, errors.New("end")} {
				s.exec(t, "DELETE FROM posts")
				x := s.site(t, s.db)
				if err := save(x.ctx, x, end); !errors.Is(err, end) {
					t.Errorf("got %v, want %v", err, end)
				}
				if end == nil {
					x.want(t, "a", "c")
				} else {
					x.want(t)
				}
			}
		})
	}
}

// nest returns end, unless the inner transactions did not end as they should.
func nest(end, rolledBack, committed error) error {
	if !errors.Is(rolledBack, errOops) {
		return errors.New("the inner transaction was not rolled back")
	}
	return errors.Join(committed, end)
}

// Savepoint over every database, in InTx.
func TestSavepoint(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		for _, db := range []*sql.DB{s.db, s.plain} {
			s.exec(t, "DELETE FROM posts")
			x := s.site(t, db)
			err := x.inv.InTx(x.ctx, db, nil, func(ctx context.Context, tx *sql.Tx) error {
				save := func(ctx context.Context, slug string) error {
					_, err := tx.ExecContext(ctx, s.insert(), slug)
					return errors.Join(err, x.inv.Invalidate(ctx, Post{slug}))
				}
				fails := func(slug string, err error) func(context.Context) error {
					return func(ctx context.Context) error { return errors.Join(save(ctx, slug), err) }
				}
				return errors.Join(save(ctx, "a"), nest(nil,
					invalidate.Savepoint(ctx, tx, fails("b", errOops)),
					invalidate.Savepoint(ctx, tx, func(ctx context.Context) error {
						return errors.Join(save(ctx, "c"), nest(nil,
							invalidate.Savepoint(ctx, tx, fails("d", errOops)), invalidate.Savepoint(ctx, tx, fails("e", nil))))
					})))
			})
			if err != nil {
				t.Error(err)
			}
			x.want(t, "a", "c", "e")
		}
	})
}
