package txtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/outbox"
)

// Requests in which two goroutines save at once: by statements that commit by
// themselves, in transactions with and without savepoints, in InTx, beside transactions
// that only read, and many of them rolled back. Each row was purged when it was what it
// is in the end; and no transaction is refused its COMMIT.
func TestRandomRequests(t *testing.T) {
	eachRemote(t, func(t *testing.T, s *server) {
		var mu sync.Mutex
		purgedAt := map[string]int64{} // by slug: what n was when it was purged, at most
		n := func(slug string) (n int64) {
			if err := s.plain.QueryRow("SELECT n FROM posts WHERE slug = '" + slug + "'").Scan(&n); err != nil {
				t.Error(err)
			}
			return n
		}
		purger := invalidate.PurgerFunc(func(_ context.Context, e cache.Event) error {
			for _, d := range e.Dependencies {
				slug := strings.TrimPrefix(string(d), "path:/")
				at := n(slug)
				mu.Lock()
				purgedAt[slug] = max(purgedAt[slug], at)
				mu.Unlock()
			}
			return nil
		})
		// No relay: what a saver has lost would be late.
		box, err := outbox.New(s.plain, s.dialect, purger, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := box.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		inv := invalidate.New(purger, &invalidate.Options{Outbox: box})
		invalidate.Register(inv, func(p Post, to *invalidate.Targets) { to.Path("/" + p.Slug) })
		const users = 4
		for i := range 2 * users {
			s.exec(t, fmt.Sprintf("INSERT INTO posts VALUES ('s%d', 0)", i))
		}
		var wg sync.WaitGroup
		for user := range users {
			wg.Go(func() {
				for range 30 {
					ctx, batch := invalidate.Follow(t.Context())
					var request sync.WaitGroup
					for half := range 2 {
						u := &randomUser{s: s, inv: inv, ctx: ctx, slug: fmt.Sprintf("s%d", 2*user+half)}
						request.Go(func() {
							for range 3 {
								if err := u.act(); err != nil {
									t.Error(err)
								}
							}
						})
					}
					request.Wait()
					if err := batch.Flush(ctx); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		saves := int64(0)
		for i := range 2 * users {
			slug := fmt.Sprintf("s%d", i)
			saves += n(slug)
			if purgedAt[slug] != n(slug) {
				t.Errorf("%s is at %d, and was at %d when it was last purged", slug, n(slug), purgedAt[slug])
			}
		}
		if saves < 100 {
			t.Errorf("%d saves were committed: the test does next to nothing", saves)
		}
		if err := box.Close(); err != nil { // deletes what was purged
			t.Error(err)
		}
		if rows := s.rows(t, outbox.DefaultTable); rows != 0 {
			t.Errorf("the outbox has %d rows, want 0", rows)
		}
	})
}

// A randomUser saves one post in one request.
type randomUser struct {
	s    *server
	inv  *invalidate.Invalidator
	ctx  context.Context
	slug string
}

func (u *randomUser) save(ctx context.Context, x execer) error {
	_, err := x.ExecContext(ctx, "UPDATE posts SET n = n + 1 WHERE slug = '"+u.slug+"'")
	return errors.Join(err, u.inv.Invalidate(ctx, Post{u.slug}))
}

func (u *randomUser) act() error {
	end := func(tx *sql.Tx) error {
		if rand.IntN(2) == 0 {
			return tx.Rollback()
		}
		return tx.Commit()
	}
	opts := &sql.TxOptions{}
	switch rand.IntN(5) {
	case 0:
		return u.save(u.ctx, u.s.db)
	case 1:
		err := u.inv.InTx(u.ctx, u.s.db, nil, func(ctx context.Context, tx *sql.Tx) error {
			err := u.save(ctx, tx)
			if rand.IntN(2) == 0 {
				return errors.Join(err, errOops)
			}
			return err
		})
		if errors.Is(err, errOops) {
			return nil
		}
		return err
	case 2:
		opts.ReadOnly = true
	}
	tx, err := u.s.db.BeginTx(u.ctx, opts)
	switch {
	case err != nil:
		return err
	case opts.ReadOnly:
		time.Sleep(time.Millisecond)
		return end(tx)
	}
	_, err = tx.ExecContext(u.ctx, "SAVEPOINT a")
	err = errors.Join(err, u.save(u.ctx, tx))
	if err == nil && rand.IntN(2) == 0 {
		_, err = tx.ExecContext(u.ctx, "ROLLBACK TO SAVEPOINT a")
	}
	return errors.Join(err, end(tx))
}
