package killing

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/keys/route"
)

var (
	recordPage = route.MustParse("GET /record/{id}/")
	allPage    = route.MustParse("GET /all/{$}")
)

// dawdle is the longest that a handler takes after it has read the database,
// for a save to overtake it.
const dawdle = 40 * time.Millisecond

// A record is what is saved.
type record struct{ id int }

// runNode serves pages out of the cache, and saves.
func runNode(ctx context.Context, c config) error {
	db, err := sql.Open("pgx", c.Database)
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(10)
	pages, err := c.pages(ctx)
	if err != nil {
		return err
	}
	var purger invalidate.Purger = stalling{pages}
	if c.After {
		purger = invalidate.PurgerFunc(purger.Purge) // which cannot purge in a transaction
	}
	opts := &invalidate.Options{PurgeTimeout: time.Second}
	if c.Outbox {
		if opts.Outbox, err = openOutbox(db, purger, nil); err != nil {
			return err
		}
	}
	inv := invalidate.New(purger, opts)
	invalidate.Register(inv, func(r record, to *invalidate.Targets) {
		to.Route(recordPage, r.id)
		to.Group(groupOf(r.id))
	})

	site := http.NewServeMux()
	site.HandleFunc(recordPage.Pattern(), func(w http.ResponseWriter, r *http.Request) {
		id, err := strconv.Atoi(r.PathValue("id"))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		show(w, r, db, "SELECT id, version FROM records WHERE id = $1", id)
	})
	site.HandleFunc(allPage.Pattern(), func(w http.ResponseWriter, r *http.Request) {
		show(w, r, db, "SELECT id, version FROM records")
	})
	mux := http.NewServeMux()
	mux.Handle("/", pages.Handler(site))
	// Outside of the page cache, which would purge for an unsafe method.
	mux.HandleFunc("POST /save", func(w http.ResponseWriter, r *http.Request) {
		id, _ := strconv.Atoi(r.FormValue("record"))
		ctx := r.Context()
		if r.FormValue("stall") != "" {
			ctx = context.WithValue(ctx, stallKey{}, true)
		}
		_ = json.NewEncoder(w).Encode(save(ctx, inv, db, id, r.FormValue("request")))
	})
	return serve(ctx, mux)
}

func groupOf(id int) string { return "record:" + strconv.Itoa(id) }

// show answers with what a query finds, and names the groups only then, when
// the data has long been read.
func show(w http.ResponseWriter, r *http.Request, db *sql.DB, query string, args ...any) {
	versions, err := readVersions(r.Context(), db, query, args...)
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	time.Sleep(rand.N(dawdle))
	for id := range versions {
		pagecache.AddGroups(r.Context(), groupOf(id))
	}
	_ = json.NewEncoder(w).Encode(versions)
}

// A saved is a node's answer to a save.
type saved struct {
	Version int64
	State   state
	Err     string
}

type state string

const (
	acknowledged state = "acknowledged" // saved and purged
	kept         state = "kept"         // saved, and the purge is in the outbox
	unpurged     state = "unpurged"     // saved, and that is all
	rolledBack   state = "rolled back"
	unknown      state = "unknown"
)

func save(ctx context.Context, inv *invalidate.Invalidator, db *sql.DB, id int, request string) saved {
	var s saved
	err := inv.InTx(ctx, db, nil, func(ctx context.Context, tx *sql.Tx) error {
		row := tx.QueryRowContext(ctx, "UPDATE records SET version = version + 1 WHERE id = $1 RETURNING version", id)
		if err := row.Scan(&s.Version); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO saves VALUES ($1, $2, $3)", request, id, s.Version); err != nil {
			return err
		}
		return inv.Invalidate(ctx, record{id})
	})
	switch {
	case err == nil:
		s.State = acknowledged
	case errors.Is(err, invalidate.ErrCommitUnknown):
		s.State = unknown
	case errors.Is(err, invalidate.ErrKept):
		s.State = kept
	case invalidate.SavedNotPurged(err):
		s.State = unpurged
	default:
		s.State = rolledBack
	}
	if err != nil {
		s.Err = err.Error()
	}
	return s
}

type stallKey struct{}

// stalled is what a child says when it stands where it is to be killed.
const stalled = "stalled"

// stalling does not purge in a context that says so, but waits to be killed.
type stalling struct{ *pagecache.Cache }

func (s stalling) Purge(ctx context.Context, e cache.Event) error {
	stall(ctx)
	return s.Cache.Purge(ctx, e)
}

// PurgeTx leaves to do what comes after COMMIT: there the process stands.
func (s stalling) PurgeTx(ctx context.Context, exec cache.Exec, e cache.Event) (func(context.Context) error, error) {
	then, err := s.Cache.PurgeTx(ctx, exec, e)
	if then == nil || err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		stall(ctx)
		return then(ctx)
	}, nil
}

func stall(ctx context.Context) {
	if ctx.Value(stallKey{}) != nil {
		fmt.Println(stalled)
		select {}
	}
}
