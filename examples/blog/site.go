package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/uncache/uncache/examples/blog/internal/mdfiles"
	"github.com/uncache/uncache/examples/blog/internal/posts"
	"github.com/uncache/uncache/examples/blog/internal/seed"
)

// A site is what all nodes share: the database, and what the blog is called.
type site struct {
	store *posts.Store
	title string
	about string // one sentence, for the footer and the feeds
	base  string // "http://127.0.0.1:8080": where feeds say that the blog is
	host  string // the host of base

	// afterRead, if not nil, is called when a post's page has read its row and
	// goes on to render. The demonstration holds a fill there.
	afterRead func(ctx context.Context, slug string)

	// purgeFails, if not nil, says whether the cache cannot be told of a purge.
	// The demonstration has it be away.
	purgeFails func() error

	dir string // of the database in a file, deleted by close
}

// openSite makes a database, in a temporary directory or in the PostgreSQL of
// database, and fills it, with the Markdown files in dir or, if dir is empty, with
// the sample posts. report is told of files that could not be used.
func openSite(ctx context.Context, dir, database string, report func(error)) (_ *site, err error) {
	s := &site{title: "The uncache blog"}
	var list []*posts.Post
	if dir == "" {
		if list, err = seed.Posts(); err != nil {
			return nil, err
		}
		s.about = fmt.Sprintf("%d sample posts, put together from the passages of twelve subjects.", len(list))
	} else {
		found, err := mdfiles.Read(os.DirFS(dir), time.Now())
		if err != nil {
			if open := (*fs.PathError)(nil); errors.As(err, &open) && open.Path == "." {
				err = open.Err // dir itself, which is named already
			}
			return nil, fmt.Errorf("-posts %s: %w", dir, err)
		}
		for _, p := range found.Problems {
			report(p)
		}
		if list = found.Posts; len(list) == 0 {
			return nil, fmt.Errorf("-posts %s: no post to show: %d are drafts, of the future or expired, and %d files have problems",
				dir, found.Drafts, len(found.Problems))
		}
		s.title = filepath.Base(filepath.Clean(dir))
		if abs, err := filepath.Abs(dir); err == nil {
			s.title = filepath.Base(abs)
		}
		s.about = fmt.Sprintf("%s from %s; not shown: %d that are drafts, of the future or expired.", plural(len(list), "post"), s.title, found.Drafts)
	}
	if err = s.openStore(ctx, database); err != nil {
		return nil, err
	}
	if err = s.store.Import(ctx, list); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// plural counts things.
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

func (s *site) openStore(ctx context.Context, database string) (err error) {
	if database != "" {
		if s.store, err = posts.OpenPostgres(ctx, database); err != nil {
			return fmt.Errorf("-db: %w", err)
		}
		return nil
	}
	if s.dir, err = os.MkdirTemp("", "uncache-blog-"); err != nil {
		return err
	}
	if s.store, err = posts.Open(ctx, filepath.Join(s.dir, "blog.db")); err != nil {
		return errors.Join(err, os.RemoveAll(s.dir))
	}
	return nil
}

func (s *site) close() error {
	err := s.store.Close()
	if s.dir != "" {
		err = errors.Join(err, os.RemoveAll(s.dir))
	}
	return err
}

// oneHost lets every node answer for the whole site, as behind a load balancer:
// a page is the same whichever port it was asked on, so it is stored once. A
// POST keeps its Host, to which CrossOriginProtection compares the Origin.
func (s *site) oneHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			r.Host = s.host
		}
		next.ServeHTTP(w, r)
	})
}
