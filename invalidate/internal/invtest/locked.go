package invtest

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"
)

// WaitingOnMySQL counts the sessions of this database that wait for a lock.
const WaitingOnMySQL = `SELECT count(*) FROM information_schema.innodb_trx JOIN information_schema.processlist ON id = trx_mysql_thread_id
	WHERE trx_state = 'LOCK WAIT' AND db = DATABASE()`

// WaitingOnPostgres returns the query that counts the sessions which wait for a lock
// and have these tables.
func WaitingOnPostgres(tables ...string) string {
	return fmt.Sprintf(`SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND pid IN
		(SELECT pid FROM pg_locks WHERE relation IN ('%s'::regclass))`, strings.Join(tables, "'::regclass, '"))
}

// SaveMeanwhile calls save while another transaction of db has run the statement
// meanwhile, and commits that when save waits for its lock. waiting is the query for
// how many sessions wait.
func SaveMeanwhile(tb testing.TB, db *sql.DB, waiting, meanwhile string, save func() error) {
	tb.Helper()
	other, err := db.BeginTx(tb.Context(), nil)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := other.Exec(meanwhile); err != nil {
		tb.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- save() }()
	for n := 0; n == 0; time.Sleep(150 * time.Millisecond) { // MySQL looks again only after nobody has for 100 ms
		select {
		case err := <-done:
			tb.Fatalf("%s: the save did not wait for it: %v", meanwhile, err)
		default:
		}
		if err := db.QueryRow(waiting).Scan(&n); err != nil {
			tb.Fatal(err)
		}
	}
	if err := other.Commit(); err != nil {
		tb.Fatal(err)
	}
	if err := <-done; err != nil {
		tb.Errorf("%s: the save: %v", meanwhile, err)
	}
}
