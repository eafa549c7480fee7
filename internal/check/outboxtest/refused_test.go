package outboxtest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate/outbox"
)

// refusing is a trigger for the row 'poison', by what it does before a DELETE or an
// UPDATE.
func refusing(d outbox.Dialect, event, does string) (statements, after []string) {
	switch d {
	case outbox.PostgreSQL:
		return []string{
			"CREATE OR REPLACE FUNCTION {table}_" + event + "() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF old.id LIKE 'poison%' THEN " +
				does + "; END IF; IF TG_OP = 'DELETE' THEN RETURN old; END IF; RETURN new; END $$",
			"CREATE TRIGGER {table}_" + event + " BEFORE " + event + " ON {table} FOR EACH ROW EXECUTE PROCEDURE {table}_" + event + "()",
		}, []string{"DROP FUNCTION {table}_" + event + " CASCADE"}
	case outbox.MySQL:
		return []string{"CREATE TRIGGER {table}_" + event + " BEFORE " + event + " ON {table} FOR EACH ROW BEGIN IF old.id LIKE 'poison%' THEN " +
			does + "; END IF; END"}, nil
	default:
		return []string{"CREATE TRIGGER {table}_" + event + " BEFORE " + event + " ON {table} WHEN old.id LIKE 'poison%' BEGIN " +
			"SELECT " + does + "; END"}, nil
	}
}

var raise = map[outbox.Dialect]string{
	outbox.PostgreSQL: "RAISE EXCEPTION 'no'",
	outbox.MySQL:      "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'",
	outbox.SQLite:     "RAISE(ABORT, 'no')",
}

// refusesAll is a table that neither deletes nor changes rows whose id begins so.
func refusesAll(d outbox.Dialect) (p poison) {
	for _, event := range []string{"DELETE", "UPDATE"} {
		statements, after := refusing(d, event, raise[d])
		p.statements, p.after = append(p.statements, statements...), append(p.after, after...)
	}
	return p
}

// A row that the database does not delete is put off, and one that it does not change
// either is left alone. Each is purged once.
func TestRowsThatAreNotDeleted(t *testing.T) {
	ignore := map[outbox.Dialect]string{
		outbox.PostgreSQL: "RETURN NULL",
		outbox.SQLite:     "RAISE(IGNORE)",
	}
	hang := map[outbox.Dialect]string{
		outbox.PostgreSQL: "PERFORM pg_sleep(20)",
		outbox.MySQL:      "DO SLEEP(20)",
	}
	for _, c := range []struct {
		name           string
		delete, update map[outbox.Dialect]string
		purged         int
		refused, stuck bool
	}{
		{name: "a DELETE is an error", delete: raise, purged: 1},
		{name: "a DELETE does nothing", delete: ignore, purged: 1},
		{name: "a DELETE and an UPDATE are errors", delete: raise, update: raise, purged: 1, stuck: true},
		{name: "a DELETE and an UPDATE do nothing", delete: ignore, update: ignore, purged: 1, stuck: true},
		{name: "refused, and an UPDATE is an error", update: raise, refused: true, stuck: true},
		{name: "refused, and an UPDATE does nothing", update: ignore, refused: true, stuck: true},
		{name: "a DELETE hangs", delete: hang, purged: 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, dialect := range all {
				p := poison{dialects: []outbox.Dialect{dialect}, name: c.name, refused: c.refused, purged: c.purged, stuck: c.stuck, left: 1}
				for event, does := range map[string]map[outbox.Dialect]string{"DELETE": c.delete, "UPDATE": c.update} {
					if does != nil && does[dialect] != "" {
						statements, after := refusing(dialect, event, does[dialect])
						p.statements, p.after = append(p.statements, statements...), append(p.after, after...)
					}
				}
				if len(p.statements) > 0 {
					each(t, p.dialects, p.check)
				}
			}
		})
	}
}

// A relay that polls seldom sees when a row is due that stands behind a stuck one.
func TestWhatIsDueBehindAStuckRow(t *testing.T) {
	each(t, all, func(t *testing.T, d *database) {
		var seen observer
		p := newPurger()
		box := d.outbox(t, p, func(o *outbox.Options) {
			o.Poll, o.Grace, o.Observe = 10*time.Hour, 300*time.Millisecond, seen.observe
			o.Backoff, o.MaxBackoff = 1e6*time.Hour, 1e6*time.Hour
		})
		refusesAll(d.dialect).plant(t, d, box)
		if err := box.Start(); err != nil {
			t.Fatal(err)
		}
		until(t, "one row is stuck, and all others are purged", func() bool {
			return len(seen.of(outbox.OpStuck)) == 1 && stats(t, box).Pending == 1
		})
		for _, dep := range []cache.Dependency{"path:/late/1/", "path:/late/2/"} {
			d.enqueue(t, box, dep)
			box.Wake() // looks, before it is due
			until(t, "purged when it is due", func() bool { return p.has(dep) })
		}
	})
}

// A user who may not delete loses nothing, and purges nothing without end.
func TestTheRightToDeleteIsMissing(t *testing.T) {
	each(t, onPostgreSQL, func(t *testing.T, d *database) {
		role := d.table + "_role"
		d.exec(t, "CREATE ROLE "+role)
		t.Cleanup(func() { d.exec(t, "DROP OWNED BY "+role); d.exec(t, "DROP ROLE "+role) })
		d.exec(t, "GRANT SELECT, INSERT, UPDATE ON {table} TO "+role)
		d.enqueue(t, d.outbox(t, newPurger(), nil), numbered(5)...)
		other := *d
		other.db = connect(t, d.dialect, d.dsn+"&options=-c%20role%3D"+role)
		var seen observer
		p := newPurger()
		box := other.relay(t, p, func(o *outbox.Options) { o.Observe, o.MaxTries = seen.observe, 2 })
		until(t, "dead letters", func() bool { return stats(t, box).Dead == 5 })
		for dep, n := range p.purged() {
			if n != 2 {
				t.Errorf("%s was purged %d times, want MaxTries", dep, n)
			}
		}
		if got := d.text(t, "SELECT MIN(last_error) FROM {table}"); !strings.Contains(got, "purged, but the database has not deleted the row") {
			t.Errorf("last_error is %q", got)
		}
	})
}

// More rows than a claim takes are stuck, and the others are purged nevertheless. When
// the database refuses all of a claim, its connection is not used again: it may lead to
// a server that reads only.
func TestMoreStuckRowsThanABatch(t *testing.T) {
	each(t, all, func(t *testing.T, d *database) {
		var seen observer
		p := newPurger()
		box := d.outbox(t, p, func(o *outbox.Options) {
			o.Batch, o.Observe = 5, seen.observe
			o.Backoff, o.MaxBackoff = 1e6*time.Hour, 1e6*time.Hour
		})
		stuck := numbered(32)[20:] // the others have the names before
		for i, id := range d.enqueue(t, box, stuck...) {
			d.exec(t, fmt.Sprintf("UPDATE {table} SET id = 'poison%d' WHERE id = '%s'", i, id))
		}
		time.Sleep(2 * time.Millisecond) // what comes now is due later
		refusesAll(d.dialect).plant(t, d, box)
		if err := box.Start(); err != nil {
			t.Fatal(err)
		}
		until(t, "the others are purged and deleted", func() bool { return stats(t, box).Pending == 13 })
		d.enqueue(t, box, "path:/more/")
		until(t, "and what comes later", func() bool { return p.has("path:/more/") && stats(t, box).Pending == 13 })
		for _, dep := range append(stuck, poisoned) {
			if n := p.purged()[dep]; n != 1 {
				t.Errorf("%s was purged %d times, want once", dep, n)
			}
		}
		if len(seen.of(outbox.OpClaim)) == 0 {
			t.Error("a claim of which nothing could be written down is no error")
		}
	})
}

// A stuck row that is alone in the table is heard of, and purged once.
func TestAStuckRowAlone(t *testing.T) {
	each(t, all, func(t *testing.T, d *database) {
		var seen observer
		p := newPurger()
		box := d.outbox(t, p, func(o *outbox.Options) {
			o.Observe = seen.observe
			o.Backoff, o.MaxBackoff = 1e6*time.Hour, 1e6*time.Hour
		})
		refusesAll(d.dialect).plant(t, d, box)
		d.exec(t, "DELETE FROM {table} WHERE id <> 'poison'")
		if err := box.Start(); err != nil {
			t.Fatal(err)
		}
		until(t, "heard of", func() bool { return len(seen.of(outbox.OpStuck)) == 1 && len(seen.of(outbox.OpClaim)) == 1 })
		time.Sleep(100 * time.Millisecond) // ten polls
		if n := p.purged()[poisoned]; n != 1 || len(seen.of(outbox.OpStuck)) != 1 {
			t.Errorf("purged %d times, heard of %d times, want once", n, len(seen.of(outbox.OpStuck)))
		}
	})
}
