package posts

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// each runs a test on both databases. Without a PostgreSQL that one is skipped,
// but in CI.
func each(t *testing.T, test func(t *testing.T, s *Store)) {
	t.Helper()
	open := map[string]func() (*Store, error){
		// A name with what means something in a URI, which is what SQLite is given.
		"sqlite": func() (*Store, error) { return Open(t.Context(), filepath.Join(t.TempDir(), "a b?c%20#d.db")) },
		"postgres": func() (*Store, error) {
			return OpenPostgres(t.Context(), cmp.Or(os.Getenv("DATABASE_URL"), "postgres://postgres@127.0.0.1:5432/test?sslmode=disable"))
		},
	}
	for name, open := range open {
		t.Run(name, func(t *testing.T) {
			s, err := open()
			if err != nil {
				if name == "postgres" && os.Getenv("CI") != "true" {
					t.Skip("no PostgreSQL: ", err)
				}
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
			test(t, s)
		})
	}
}

func sample(n int, authors ...string) *Post {
	at := time.Date(2024, 1, n, 12, 0, 0, 0, time.UTC)
	return &Post{
		Slug: fmt.Sprintf("post-%d", n), Title: fmt.Sprintf("Post %d <&>", n), Body: "Text.",
		Authors: authors, Tags: []string{"a", "b"}, Published: at, Updated: at.Add(time.Hour),
	}
}

func slugs(list []*Post) string {
	var all []string
	for _, p := range list {
		all = append(all, p.Slug)
	}
	return strings.Join(all, " ")
}

func TestReadWhatWasImported(t *testing.T) { each(t, readWhatWasImported) }

func readWhatWasImported(t *testing.T, s *Store) {
	ctx := t.Context()
	want := []*Post{sample(1, "Ada"), sample(2, "Björn", "Ada"), sample(3, `O"Neill, [x]`)}
	if err := s.Import(ctx, want); err != nil {
		t.Fatal(err)
	}
	for _, p := range want {
		got, err := Get(ctx, s.DB(), p.Slug)
		if err != nil || !reflect.DeepEqual(got, p) {
			t.Errorf("Get(%s) = %+v, %v; want %+v", p.Slug, got, err, p)
		}
	}
	for author, want := range map[string]string{"Ada": "post-2 post-1", "Björn": "post-2", `O"Neill, [x]`: "post-3", "ada": "", "%": ""} {
		if got, err := By(ctx, s.DB(), author); err != nil || slugs(got) != want {
			t.Errorf("By(%s) = %s, %v; want %s", author, slugs(got), err, want)
		}
	}
	if got, err := Newest(ctx, s.DB(), 1, 5); err != nil || slugs(got) != "post-2 post-1" {
		t.Errorf("Newest(1, 5) = %s, %v; want post-2 post-1", slugs(got), err)
	}
	if n, err := Count(ctx, s.DB()); err != nil || n != 3 {
		t.Errorf("Count = %d, %v; want 3", n, err)
	}
	if _, err := Get(ctx, s.DB(), "nothing"); !errors.Is(err, ErrNotFound) {
		t.Errorf("Get of no post: %v, want ErrNotFound", err)
	}
}

func TestUpdate(t *testing.T) { each(t, update) }

func update(t *testing.T, s *Store) {
	ctx := t.Context()
	one, two := sample(1, "Ada"), sample(2, "Ada")
	if err := s.Import(ctx, []*Post{one, two}); err != nil {
		t.Fatal(err)
	}
	in := func(p *Post) error {
		tx, err := s.DB().BeginTx(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		if err := Update(ctx, tx, p); err != nil {
			return err
		}
		return tx.Commit()
	}
	renamed := *one
	renamed.Slug, renamed.Authors = "another", []string{"Mei"}
	if err := in(&renamed); err != nil {
		t.Fatal(err)
	}
	if got, err := Get(ctx, s.DB(), "another"); err != nil || !reflect.DeepEqual(got, &renamed) {
		t.Errorf("after Update: %+v, %v; want %+v", got, err, renamed)
	}
	taken := renamed
	taken.Slug = two.Slug
	if err := in(&taken); !errors.Is(err, ErrSlugTaken) {
		t.Errorf("Update to a slug that is taken: %v, want ErrSlugTaken", err)
	}
	gone := renamed
	gone.ID = 99
	gone.Slug = "gone"
	if err := in(&gone); !errors.Is(err, ErrNotFound) {
		t.Errorf("Update of no post: %v, want ErrNotFound", err)
	}
	for what, spoil := range map[string]func(*Post){
		"no title":     func(p *Post) { p.Title = " " },
		"long title":   func(p *Post) { p.Title = strings.Repeat("x", MaxTitle+1) },
		"long text":    func(p *Post) { p.Body = strings.Repeat("x", MaxBody+1) },
		"no slug":      func(p *Post) { p.Slug = "" },
		"slug a/b":     func(p *Post) { p.Slug = "a/b" },
		"slug .":       func(p *Post) { p.Slug = "." },
		"no author":    func(p *Post) { p.Authors = nil },
		"author ..":    func(p *Post) { p.Authors = []string{".."} },
		"empty author": func(p *Post) { p.Authors = []string{""} },
	} {
		p := renamed
		spoil(&p)
		if err := in(&p); !errors.Is(err, ErrInvalid) {
			t.Errorf("Update of a post with %s: %v, want ErrInvalid", what, err)
		}
	}
}

// Two saves at the same moment wait for one another; neither fails because the
// other holds the database.
func TestWritersWait(t *testing.T) { each(t, writersWait) }

func writersWait(t *testing.T, s *Store) {
	if err := s.Import(t.Context(), []*Post{sample(1, "Ada")}); err != nil {
		t.Fatal(err)
	}
	const writers, times = 4, 10
	failed := make(chan error, writers)
	for range writers {
		go func() {
			failed <- func() error {
				for range times {
					if err := addText(t.Context(), s.DB()); err != nil {
						return err
					}
				}
				return nil
			}()
		}()
	}
	for range writers {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	p, err := Get(t.Context(), s.DB(), "post-1")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(p.Body), len("Text.")+writers*times; got != want {
		t.Errorf("the text has %d letters, want %d: a save was lost", got, want)
	}
}

func addText(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	p, err := Lock(ctx, tx, "post-1")
	if err != nil {
		return err
	}
	p.Body += "x"
	if err := Update(ctx, tx, p); err != nil {
		return err
	}
	return tx.Commit()
}

func FuzzSlugify(f *testing.F) {
	for s, want := range map[string]string{
		"Hello, World!": "hello-world", "don't": "dont", "  --a--b--  ": "a-b", "Über uns": "über-uns",
		"日本 語": "日本-語", "../..": "", "C++ & Go 1.25": "c-go-1-25", "İ": "i",
	} {
		if got := Slugify(s); got != want {
			f.Errorf("Slugify(%q) = %q, want %q", s, got, want)
		}
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		slug := Slugify(s)
		if again := Slugify(slug); again != slug {
			t.Errorf("Slugify(%q) = %q, and of that %q", s, slug, again)
		}
		if len(slug) > maxSlug || strings.ContainsAny(slug, "/.?#% ") {
			t.Errorf("Slugify(%q) = %q", s, slug)
		}
	})
}
