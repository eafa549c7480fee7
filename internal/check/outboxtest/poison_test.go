package outboxtest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate/outbox"
)

const poisoned = cache.Dependency("path:/poison/")

// A poison is a row that somebody has written into, or a table that refuses to change
// it. The row has the id 'poison' unless the statements change that.
type poison struct {
	name       string
	dialects   []outbox.Dialect
	statements []string // how it comes to be
	after      []string // what is dropped in the end
	refused    bool     // the Purger refuses it
	purged     int      // how often it is purged, if not refused
	left       int      // whether it stays in the table
	dead       int      // whether it is a dead letter then
	stuck      bool     // Observe hears that it is stuck
}

// plant commits one poisonous row before, and others after.
func (p poison) plant(t *testing.T, d *database, box *outbox.Outbox) (innocent []cache.Dependency) {
	t.Helper()
	innocent = numbered(10)
	ids := d.enqueue(t, box, append([]cache.Dependency{poisoned}, innocent...)...)
	d.exec(t, "UPDATE {table} SET id = 'poison' WHERE id = '"+ids[0]+"'")
	conn, err := d.db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, s := range p.statements {
		if _, err := conn.ExecContext(t.Context(), strings.ReplaceAll(s, "{table}", d.table)); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	t.Cleanup(func() {
		for _, s := range p.after {
			if _, err := d.db.Exec(strings.ReplaceAll(s, "{table}", d.table)); err != nil {
				t.Error(err)
			}
		}
	})
	return innocent
}

// check starts a relay, and more rows come while it has to do with the poison. None of
// them waits, or is purged for more than one round too many.
func (p poison) check(t *testing.T, d *database) {
	var seen observer
	told := newPurger()
	if p.refused {
		told.refuses[poisoned] = errDown
	}
	box := d.outbox(t, told, func(o *outbox.Options) {
		o.Observe = seen.observe
		o.Backoff, o.MaxBackoff = 1e6*time.Hour, 1e6*time.Hour
		if strings.Contains(p.name, "hangs") {
			o.Timeout, o.MaxPause = 300*time.Millisecond, time.Millisecond
		}
	})
	innocent := p.plant(t, d, box)
	if err := box.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "the innocent rows are purged and deleted", func() bool {
		return told.has(innocent...) && d.text(t, "SELECT COUNT(*) FROM {table}") <= fmt.Sprint(p.left)
	})
	for i := range 5 {
		more := cache.Path(fmt.Sprintf("/more/%d/", i))
		d.enqueue(t, box, more)
		until(t, "what comes later is purged and deleted", func() bool {
			return told.has(more) && d.text(t, "SELECT COUNT(*) FROM {table}") <= fmt.Sprint(p.left)
		})
		innocent = append(innocent, more)
	}
	count := told.purged()
	for _, dep := range innocent {
		if count[dep] > 2 {
			t.Errorf("%s was purged %d times, want twice at most", dep, count[dep])
		}
	}
	if n := count[poisoned]; n != p.purged {
		t.Errorf("the poison was purged %d times, want %d", n, p.purged)
	}
	s := stats(t, box)
	if s.Dead != int64(p.dead) || s.Pending != int64(p.left-p.dead) {
		t.Errorf("%d dead, %d pending, want %d and %d", s.Dead, s.Pending, p.dead, p.left-p.dead)
	}
	if n := len(seen.of(outbox.OpStuck)); (n == 1) != p.stuck {
		t.Errorf("Observe heard %d times of stuck rows, want once: %v", n, p.stuck)
	}
	if p.left > 0 && !strings.HasPrefix(p.name, "dead") && len(seen.of(outbox.OpStuck))+len(seen.of(outbox.OpRetry))+len(seen.of(outbox.OpDead))+len(seen.of(outbox.OpClaim)) == 0 {
		t.Error("Observe heard nothing of the poison")
	}
}

func checkPoisons(t *testing.T, list []poison) {
	for _, p := range list {
		t.Run(p.name, func(t *testing.T) { each(t, p.dialects, p.check) })
	}
}

var (
	onPostgreSQL = []outbox.Dialect{outbox.PostgreSQL}
	onMySQL      = []outbox.Dialect{outbox.MySQL}
	onSQLite     = []outbox.Dialect{outbox.SQLite}
	onServers    = rowLocks
	onTextIDs    = []outbox.Dialect{outbox.PostgreSQL, outbox.SQLite}
)

// A row of any id is purged once, and deleted.
func TestIDsOfAnyKind(t *testing.T) {
	rename := func(name string, dialects []outbox.Dialect, expression string, before ...string) poison {
		statements := append(before, "UPDATE {table} SET id = "+expression+" WHERE id = 'poison'")
		return poison{name: name, dialects: dialects, statements: statements, purged: 1}
	}
	checkPoisons(t, []poison{
		rename("a comma", all, "'a,b'"),
		rename("commas alone", all, "',,'"),
		rename("a quote", all, "'a''b'"),
		rename("double quotes", all, `'"a"b"'`),
		rename("braces", all, "'{a}'"),
		rename("NULL as a word", all, "'NULL'"),
		rename("empty", all, "''"),
		rename("spaces around", all, "' a '"),
		rename("a backslash", onTextIDs, `'a\b\'`),
		rename("a backslash", onMySQL, `'a\\b\\'`),
		rename("a newline", onServers, "CONCAT('a', CHR(10), '\t', 'b')"),
		rename("not of ASCII", onTextIDs, "'日本 ü'"),
		rename("2000 bytes", onTextIDs, "'"+strings.Repeat("x", 2000)+"'"),
		rename("NUL", onSQLite, "'a' || char(0) || 'b'"),
		rename("not of UTF-8", onSQLite, "CAST(x'61ff62' AS TEXT)"),
		rename("a BLOB", onSQLite, "x'00ff'"),
		rename("a number", onSQLite, "42"),
		rename("the case is of no account", onMySQL, "'PöisoN'",
			"ALTER TABLE {table} MODIFY id VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL"),
		rename("padded", onPostgreSQL, "'p'", "ALTER TABLE {table} ALTER id TYPE char(30)"),
		rename("padded", onMySQL, "'p '",
			"ALTER TABLE {table} MODIFY id VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci NOT NULL"),
	})
}

// What stands in the other columns, too, is in nobody's way.
func TestValuesOfAnyKind(t *testing.T) {
	set := func(p poison, columns string, before ...string) poison {
		p.statements = append(before, "UPDATE {table} SET "+columns+" WHERE id = 'poison'")
		return p
	}
	const most = "tries = 2147483647"
	checkPoisons(t, []poison{
		set(poison{name: "tries at the end of the column, not decoded", dialects: all, left: 1, dead: 1}, most+", event = 'nonsense'"),
		set(poison{name: "tries at the end of the column, refused", dialects: all, refused: true, left: 1, dead: 1}, most),
		set(poison{name: "tries at the end of the column, purged", dialects: all, purged: 1}, most),
		set(poison{name: "tries far below nothing", dialects: all, refused: true, left: 1}, "tries = -2147483648"),
		set(poison{name: "a smaller column for tries", dialects: onServers, refused: true, left: 1, dead: 1}, "tries = 32767",
			"ALTER TABLE {table} ADD CHECK (tries <= 32767)"),
		set(poison{name: "a short column for errors", dialects: onPostgreSQL, refused: true, left: 1}, "dead = 0",
			"ALTER TABLE {table} ALTER last_error TYPE varchar(3)"),
		set(poison{name: "a short column for errors", dialects: onMySQL, refused: true, left: 1}, "dead = 0",
			"ALTER TABLE {table} MODIFY last_error VARCHAR(3) NOT NULL"),
		set(poison{name: "no event", dialects: all, left: 1, dead: 1}, "event = ''"),
		set(poison{name: "dead is 2", dialects: all, left: 1, dead: 1, purged: 0, refused: true}, "dead = 2"),
		set(poison{name: "dead is -1", dialects: all, left: 1, dead: 1, refused: true}, "dead = -1"),
		set(poison{name: "a format below nothing", dialects: all, purged: 1}, "format = -1"),
		set(poison{name: "due since ever", dialects: onPostgreSQL, purged: 1}, "due = '-infinity', created = '-infinity'"),
		set(poison{name: "due since 4713 BC", dialects: onPostgreSQL, purged: 1}, "due = '4713-01-01 BC', created = '4713-01-01 BC'"),
		set(poison{name: "due as zero", dialects: onMySQL, purged: 1}, "due = '0000-00-00', created = '0000-00-00'", "SET SESSION sql_mode = ''"),
		set(poison{name: "created in the year 9999", dialects: onServers, purged: 1}, "created = '9999-12-31'"),
		set(poison{name: "due is no time", dialects: onSQLite, purged: 1}, "due = '', created = 'yesterday'"),
		set(poison{name: "tries is no number", dialects: onSQLite, purged: 1}, "tries = 'many'"),
		set(poison{name: "tries is a BLOB", dialects: onSQLite, refused: true, left: 1}, "tries = x'ff'"),
		set(poison{name: "an event that is a number", dialects: onSQLite, left: 1, dead: 1}, "event = 17"),
		set(poison{name: "repeats is no list", dialects: all, left: 1, dead: 1}, "repeats = '5000,x', format = 2"),
		set(poison{name: "repeats is not in order", dialects: all, left: 1, dead: 1}, "repeats = '5000,5000', format = 2"),
		set(poison{name: "repeats without end", dialects: onTextIDs, left: 1, dead: 1}, "repeats = '"+strings.Repeat("5,", 9999)+"9', format = 2"),
		set(poison{name: "purged more often than planned", dialects: all, purged: 1}, "repeats = '5000', format = 2, purged = 32767"),
		set(poison{name: "purged less than never", dialects: all, purged: 1}, "purged = -32768"),
		set(poison{name: "purged is no number", dialects: onSQLite, purged: 1}, "purged = 'often'"),
		set(poison{name: "notes of any length", dialects: onTextIDs, purged: 1}, "reason = '"+strings.Repeat("日", 9999)+"', origin = reason, last_error = reason"),
	})
}

// The age that Stats gives is that of the oldest row whose time of creation is one.
func TestOldestAmongTimesThatAreNone(t *testing.T) {
	none := map[outbox.Dialect]string{outbox.PostgreSQL: "'-infinity'", outbox.MySQL: "'0000-00-00'", outbox.SQLite: "''"}
	older := map[outbox.Dialect]string{
		outbox.PostgreSQL: "created - interval '1 hour'",
		outbox.MySQL:      "created - INTERVAL 1 HOUR",
		outbox.SQLite:     "strftime('%Y-%m-%d %H:%M:%f', created, '-1 hour')",
	}
	each(t, all, func(t *testing.T, d *database) {
		if d.dialect == outbox.MySQL {
			d.db = connect(t, d.dialect, d.dsn+"?sql_mode=%27%27")
		}
		box := d.outbox(t, newPurger(), nil)
		ids := d.enqueue(t, box, "path:/a/", "path:/b/")
		d.exec(t, "UPDATE {table} SET created = "+older[d.dialect]+" WHERE id = '"+ids[0]+"'")
		d.exec(t, "UPDATE {table} SET created = "+none[d.dialect]+" WHERE id = '"+ids[1]+"'")
		if s := stats(t, box); s.Oldest < time.Hour-time.Second || s.Oldest > 2*time.Hour {
			t.Errorf("Oldest is %v, want an hour and something", s.Oldest)
		}
	})
}

// A row that is never due stops no relay: a row that is due at infinity is the next one when there is no
// other, and Stats reads it as well.
func TestDueAtInfinity(t *testing.T) {
	each(t, onPostgreSQL, func(t *testing.T, d *database) {
		var seen observer
		p := newPurger()
		box := d.outbox(t, p, func(o *outbox.Options) { o.Observe = seen.observe })
		d.enqueue(t, box, poisoned)
		d.exec(t, "UPDATE {table} SET due = 'infinity', created = 'infinity'")
		if err := box.Start(); err != nil {
			t.Fatal(err)
		}
		for _, dep := range numbered(3) {
			d.enqueue(t, box, dep)
			until(t, "purged", func() bool { return p.has(dep) && stats(t, box).Pending == 1 })
		}
		if s := stats(t, box); s.Oldest != 0 || p.has(poisoned) {
			t.Errorf("what is never due is of no age: %+v", s)
		}
		for _, obs := range seen.of(outbox.OpClaim) {
			t.Error(obs.Err)
		}
	})
}
