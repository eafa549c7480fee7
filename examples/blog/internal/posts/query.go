package posts

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Querier is what reads need: a *sql.DB, or a *sql.Tx to read what the
// transaction itself wrote.
type Querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

const columns = `id, slug, title, summary, body, authors, tags, published, updated`

// Get returns the post with that slug, or [ErrNotFound].
func Get(ctx context.Context, q Querier, slug string) (*Post, error) {
	list, err := query(ctx, q, `SELECT `+columns+` FROM posts WHERE slug = $1`, slug)
	if err != nil {
		return nil, fmt.Errorf("posts: read %q: %w", slug, err)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("posts: read %q: %w", slug, ErrNotFound)
	}
	return list[0], nil
}

// Lock returns the post with that slug, as Get does, and keeps others from
// saving it before tx ends. What a save is to purge depends on what the post was:
// of two that both read the old slug, one would leave a page behind that the other
// has made.
func Lock(ctx context.Context, tx *sql.Tx, slug string) (*Post, error) {
	// An UPDATE takes the lock in every database; SELECT FOR UPDATE does not.
	if _, err := tx.ExecContext(ctx, `UPDATE posts SET slug = slug WHERE slug = $1`, slug); err != nil {
		return nil, fmt.Errorf("posts: lock %q: %w", slug, err)
	}
	return Get(ctx, tx, slug)
}

// Newest returns up to limit posts, newest first, without the first skip.
func Newest(ctx context.Context, q Querier, skip, limit int) ([]*Post, error) {
	list, err := query(ctx, q, `SELECT `+columns+` FROM posts
		ORDER BY published DESC, id DESC LIMIT $1 OFFSET $2`, limit, skip)
	if err != nil {
		return nil, fmt.Errorf("posts: read the newest: %w", err)
	}
	return list, nil
}

// By returns all posts of one author, newest first.
func By(ctx context.Context, q Querier, author string) ([]*Post, error) {
	list, err := query(ctx, q, `SELECT `+columns+` FROM posts
		WHERE EXISTS (SELECT 1 FROM json_each(posts.authors) WHERE value = $1)
		ORDER BY published DESC, id DESC`, author)
	if err != nil {
		return nil, fmt.Errorf("posts: read those of %q: %w", author, err)
	}
	return list, nil
}

// Count returns how many posts there are.
func Count(ctx context.Context, q Querier) (int, error) {
	rows, err := q.QueryContext(ctx, `SELECT count(*) FROM posts`)
	if err != nil {
		return 0, fmt.Errorf("posts: count: %w", err)
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			return 0, fmt.Errorf("posts: count: %w", err)
		}
	}
	if err := rows.Err(); err != nil {
		return 0, fmt.Errorf("posts: count: %w", err)
	}
	return n, nil
}

func query(ctx context.Context, q Querier, text string, args ...any) ([]*Post, error) {
	rows, err := q.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []*Post
	for rows.Next() {
		p := new(Post)
		var authors, tags string
		var published, updated int64
		if err := rows.Scan(&p.ID, &p.Slug, &p.Title, &p.Summary, &p.Body,
			&authors, &tags, &published, &updated); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(authors), &p.Authors); err != nil {
			return nil, fmt.Errorf("authors of %d: %w", p.ID, err)
		}
		if err := json.Unmarshal([]byte(tags), &p.Tags); err != nil {
			return nil, fmt.Errorf("tags of %d: %w", p.ID, err)
		}
		p.Published, p.Updated = time.Unix(published, 0).UTC(), time.Unix(updated, 0).UTC()
		list = append(list, p)
	}
	return list, rows.Err()
}

// list2json writes a list of strings as json_each reads it. Marshalling strings
// cannot fail.
func list2json(list []string) string {
	if list == nil {
		return "[]"
	}
	text, _ := json.Marshal(list)
	return string(text)
}

// writeError names the one constraint that a person can break by typing.
func writeError(err error) error {
	var lite *sqlite.Error
	var pg *pgconn.PgError
	const uniqueViolation = "23505"
	switch {
	case errors.As(err, &lite) && lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE,
		errors.As(err, &pg) && pg.Code == uniqueViolation:
		return ErrSlugTaken
	}
	return err
}
