package posts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"

	"github.com/uncache/uncache/invalidate/outbox"
	_ "modernc.org/sqlite" // the driver "sqlite", in pure Go
)

const schema = `
CREATE TABLE IF NOT EXISTS posts (
	id        INTEGER PRIMARY KEY,
	slug      TEXT NOT NULL UNIQUE,
	title     TEXT NOT NULL,
	summary   TEXT NOT NULL,
	body      TEXT NOT NULL,
	authors   TEXT NOT NULL, -- a JSON array of names
	tags      TEXT NOT NULL, -- a JSON array
	published INTEGER NOT NULL, -- seconds since 1970, UTC
	updated   INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS posts_newest ON posts (published DESC, id DESC);
`

// A Store is the blog's database. Its methods are safe for concurrent use.
type Store struct {
	db      *sql.DB
	dialect outbox.Dialect
	drop    string // what removes it, if it is nobody else's
}

// Open opens the SQLite database in the file, and creates it if it is not there.
func Open(ctx context.Context, file string) (*Store, error) {
	// A write takes its lock when it begins: two saves wait for one another
	// instead of failing halfway. Readers see the last commit and wait for
	// nobody (WAL).
	dsn := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: file}).EscapedPath(), RawQuery: url.Values{
		"_txlock": {"immediate"},
		"_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(NORMAL)"},
	}.Encode()}).String()
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("posts: open %s: %w", file, err)
	}
	if _, err := db.ExecContext(ctx, schema); err != nil {
		db.Close()
		return nil, fmt.Errorf("posts: create the table in %s: %w", file, err)
	}
	return &Store{db: db, dialect: outbox.SQLite}, nil
}

// DB is the database itself, to begin a transaction in.
func (s *Store) DB() *sql.DB { return s.db }

// Dialect is what an outbox in the database speaks.
func (s *Store) Dialect() outbox.Dialect { return s.dialect }

// Close closes the database, and removes what OpenPostgres has made.
func (s *Store) Close() error {
	var err error
	if s.drop != "" {
		_, err = s.db.Exec(s.drop)
	}
	return errors.Join(err, s.db.Close())
}

// Import adds posts in one transaction: all of them, or none. It sets their
// IDs.
func (s *Store) Import(ctx context.Context, list []*Post) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("posts: import: %w", err)
	}
	defer tx.Rollback() // does nothing after Commit
	stmt, err := tx.PrepareContext(ctx, `INSERT INTO posts
		(slug, title, summary, body, authors, tags, published, updated) VALUES ($1,$2,$3,$4,$5,$6,$7,$8)
		RETURNING id`)
	if err != nil {
		return fmt.Errorf("posts: import: %w", err)
	}
	defer stmt.Close()
	for _, p := range list {
		if err := p.Validate(); err != nil {
			return fmt.Errorf("posts: import %s: %w", p.Slug, err)
		}
		err := stmt.QueryRowContext(ctx, p.Slug, p.Title, p.Summary, p.Body,
			list2json(p.Authors), list2json(p.Tags), p.Published.Unix(), p.Updated.Unix()).Scan(&p.ID)
		if err != nil {
			return fmt.Errorf("posts: import %s: %w", p.Slug, writeError(err))
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("posts: import: %w", err)
	}
	return nil
}

// Update writes p over the row that has its ID. The post is changed for others
// when tx commits.
func Update(ctx context.Context, tx *sql.Tx, p *Post) error {
	if err := p.Validate(); err != nil {
		return fmt.Errorf("posts: update %d: %w", p.ID, err)
	}
	res, err := tx.ExecContext(ctx, `UPDATE posts SET slug=$1, title=$2, summary=$3, body=$4,
		authors=$5, tags=$6, published=$7, updated=$8 WHERE id=$9`,
		p.Slug, p.Title, p.Summary, p.Body, list2json(p.Authors), list2json(p.Tags),
		p.Published.Unix(), p.Updated.Unix(), p.ID)
	if err != nil {
		return fmt.Errorf("posts: update %d: %w", p.ID, writeError(err))
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return fmt.Errorf("posts: update %d: %w", p.ID, ErrNotFound)
	}
	return nil
}
