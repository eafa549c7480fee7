// Package dbtest gives each test a database of its own.
//
// It knows drivers by their names only, "pgx", "mysql" and "sqlite": it is of the core
// module, which requires none. A test that uses it imports the driver.
//
// Where there is no server the test is skipped. With CI=true it fails.
package dbtest

import (
	"cmp"
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// PostgresURL is where the PostgreSQL server is: DATABASE_URL, or one on this machine.
func PostgresURL() string {
	return cmp.Or(os.Getenv("DATABASE_URL"), "postgres://postgres@127.0.0.1:5432/test?sslmode=disable")
}

// MySQLDSN is where the MySQL or MariaDB server is: MYSQL_DSN, or one on this machine.
func MySQLDSN() string {
	return cmp.Or(os.Getenv("MYSQL_DSN"), "root@tcp(127.0.0.1:3306)/test")
}

// Postgres creates a schema on the server of [PostgresURL], and drops it when the test
// is over. It returns the URL of that schema.
func Postgres(tb testing.TB) string {
	tb.Helper()
	u, err := url.Parse(PostgresURL())
	if err != nil {
		tb.Fatalf("DATABASE_URL: %v", err)
	}
	name := unique()
	own(tb, "pgx", PostgresURL(), "SCHEMA "+name, " CASCADE")
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String()
}

// MySQL creates a database on the server of [MySQLDSN], and drops it when the test is
// over. It returns the DSN of that database, with parseTime=true.
func MySQL(tb testing.TB) string {
	tb.Helper()
	name, base := unique(), MySQLDSN()
	own(tb, "mysql", base, "DATABASE "+name, "")
	slash := strings.LastIndexByte(base, '/')
	_, params, _ := strings.Cut(base[slash+1:], "?")
	dsn := base[:slash+1] + name + "?parseTime=true"
	if params != "" {
		dsn += "&" + params
	}
	return dsn
}

// OpenSQLite opens a new file with these parameters, over one connection: a test that
// needs a second one while a transaction holds the first waits, and fails.
func OpenSQLite(tb testing.TB, params string) *sql.DB {
	tb.Helper()
	db := Open(tb, "sqlite", "file:"+filepath.Join(tb.TempDir(), "test.db")+"?"+params)
	db.SetMaxOpenConns(1)
	return db
}

// Open opens a database, and closes it when the test is over.
func Open(tb testing.TB, driver, dsn string) *sql.DB {
	tb.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	return db
}

// Missing skips a test because of err: there is no server. With CI=true it fails.
func Missing(tb testing.TB, err error) {
	tb.Helper()
	if os.Getenv("CI") == "true" {
		tb.Fatalf("no server: %v", err)
	}
	tb.Skipf("no server: %v", err)
}

func unique() string { return "test_" + strings.ToLower(rand.Text()) }

// own creates something now, and drops it when the test is over.
func own(tb testing.TB, driver, dsn, what, how string) {
	tb.Helper()
	admin, err := sql.Open(driver, dsn)
	if err != nil {
		tb.Fatal(err)
	}
	if err := admin.Ping(); err != nil {
		_ = admin.Close()
		Missing(tb, err)
	}
	if _, err := admin.Exec("CREATE " + what); err != nil {
		_ = admin.Close()
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if _, err := admin.Exec("DROP " + what + how); err != nil {
			tb.Error(err)
		}
		if err := admin.Close(); err != nil {
			tb.Error(err)
		}
	})
}
