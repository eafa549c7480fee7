package killing

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/outbox"
)

// openOutbox opens the run's outbox. A relay's is quicker than the default:
// a run lasts seconds. But Grace is the default: were it shorter, a relay would
// have made up for a saver before that knew that its purge had failed, and what
// the saver does then would be proved by nothing.
func openOutbox(db *sql.DB, p invalidate.Purger, observe func(outbox.Observation)) (*outbox.Outbox, error) {
	return outbox.New(db, outbox.PostgreSQL, p, &outbox.Options{
		Grace:        time.Second,
		Poll:         100 * time.Millisecond,
		PurgeTimeout: time.Second,
		MaxPause:     500 * time.Millisecond,
		Observe:      observe,
	})
}

func migrateOutbox(ctx context.Context, db *sql.DB) error {
	box, err := openOutbox(db, invalidate.PurgerFunc(func(context.Context, cache.Event) error { return nil }), nil)
	if err != nil {
		return err
	}
	defer box.Close()
	return box.Migrate(ctx)
}

// pendingRows is how many rows are in the outbox.
func pendingRows(ctx context.Context, db *sql.DB) (n int, err error) {
	err = db.QueryRowContext(ctx, "SELECT count(*) FROM "+outbox.DefaultTable).Scan(&n)
	return n, err
}

// runRelay empties the outbox. Told to stall, it stands with its next claim
// until it is killed.
func runRelay(ctx context.Context, c config) error {
	db, err := sql.Open("pgx", c.Database)
	if err != nil {
		return err
	}
	pages, err := c.pages(ctx)
	if err != nil {
		return err
	}
	var stall atomic.Bool
	purger := invalidate.PurgerFunc(func(ctx context.Context, e cache.Event) error {
		if stall.Load() {
			fmt.Println(stalled)
			select {}
		}
		return pages.Purge(ctx, e)
	})
	box, err := openOutbox(db, purger, nil)
	if err != nil {
		return err
	}
	if err := box.Start(); err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /stall", func(http.ResponseWriter, *http.Request) { stall.Store(true) })
	return serve(ctx, mux)
}

// tell asks a relay for something.
func (a *arena) tell(ctx context.Context, p *process, path string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+p.addr+path, nil)
	if err != nil {
		return err
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}
