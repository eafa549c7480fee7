package killing

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/uncache/uncache/internal/netproxy"
)

const defaultDatabase = "postgres://postgres@127.0.0.1:5432/test?sslmode=disable"

// A database is a schema of its own on the PostgreSQL server.
type database struct {
	*sql.DB
	url  *url.URL // with the schema as its search_path
	name string
}

// openDatabase makes the schema and its records, at a URL or if that is empty on the
// server that is there.
func openDatabase(ctx context.Context, given string, records int) (*database, error) {
	if given == "" {
		given = os.Getenv("DATABASE_URL")
	}
	if given == "" {
		given = defaultDatabase
	}
	u, err := url.Parse(given)
	if err != nil {
		return nil, fmt.Errorf("killing: DATABASE_URL: %w", err)
	}
	d := &database{url: u, name: "killing_" + strings.ToLower(rand.Text()[:10])}
	q := u.Query()
	q.Set("search_path", d.name)
	u.RawQuery = q.Encode()
	if d.DB, err = sql.Open("pgx", u.String()); err != nil {
		return nil, err
	}
	_, err = d.ExecContext(ctx, fmt.Sprintf(`
		CREATE SCHEMA %[1]q;
		CREATE TABLE %[1]q.records (id int PRIMARY KEY, version bigint NOT NULL);
		CREATE TABLE %[1]q.saves (request text PRIMARY KEY, record int NOT NULL, version bigint NOT NULL);
		INSERT INTO %[1]q.records SELECT id, 1 FROM generate_series(0, %[2]d) id`, d.name, records-1))
	if err != nil {
		_ = d.DB.Close()
		return nil, fmt.Errorf("killing: %s: %w", u.Redacted(), err)
	}
	return d, nil
}

// through is the URL of the same schema, by way of a link.
func (d *database) through(l *netproxy.Proxy) string {
	u := *d.url
	u.Host = l.Addr
	return u.String()
}

// addr is where the server listens.
func (d *database) addr() string {
	if d.url.Port() == "" {
		return d.url.Hostname() + ":5432"
	}
	return d.url.Host
}

// drop removes the schema, and closes.
func (d *database) drop(ctx context.Context) error {
	err := dropLog(ctx, d.DB, d.log())
	if _, e := d.ExecContext(ctx, fmt.Sprintf(`DROP SCHEMA %q CASCADE`, d.name)); err == nil {
		err = e
	}
	if e := d.DB.Close(); err == nil {
		err = e
	}
	return err
}

// versions is what every record is.
func (d *database) versions(ctx context.Context) (map[int]int64, error) {
	return readVersions(ctx, d.DB, "SELECT id, version FROM records")
}

func readVersions(ctx context.Context, db *sql.DB, query string, args ...any) (map[int]int64, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := make(map[int]int64)
	for rows.Next() {
		var id int
		var version int64
		if err := rows.Scan(&id, &version); err != nil {
			return nil, err
		}
		all[id] = version
	}
	return all, rows.Err()
}

// committed says whether a save was, and what it made of its record. Nobody may
// still be able to commit it.
func (d *database) committed(ctx context.Context, request string) (version int64, ok bool, err error) {
	err = d.QueryRowContext(ctx, "SELECT version FROM saves WHERE request = $1", request).Scan(&version)
	if err == sql.ErrNoRows {
		return 0, false, nil
	}
	return version, err == nil, err
}
