package outboxtest

import (
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate/outbox"
)

// Several processes start, and each migrates.
func TestMigrateConcurrently(t *testing.T) {
	for _, dialect := range all {
		t.Run(string(dialect), func(t *testing.T) {
			d := newDatabase(t, dialect)
			var wg sync.WaitGroup
			for range 8 {
				other := *d
				other.db = connect(t, d.dialect, d.dsn)
				box := other.outbox(t, newPurger(), nil)
				wg.Go(func() {
					if err := box.Migrate(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if got := d.text(t, "SELECT COUNT(*) FROM {table}_schema"); got != "2" {
				t.Errorf("%s rows in the table of versions, want 2", got)
			}
			d.enqueue(t, d.outbox(t, newPurger(), nil), "path:/a/")
		})
	}
}

// What Schema says, run by somebody's own tool, is what Migrate makes.
func TestSchemaByHand(t *testing.T) {
	for _, dialect := range all {
		t.Run(string(dialect), func(t *testing.T) {
			d := newDatabase(t, dialect)
			schema, err := outbox.Schema(dialect, d.table)
			if err != nil {
				t.Fatal(err)
			}
			for s := range strings.SplitSeq(strings.TrimSuffix(schema, ";\n"), ";\n") {
				if _, err := d.db.Exec(s); err != nil {
					t.Fatalf("%s: %v", s, err)
				}
			}
			p := newPurger()
			box := d.relay(t, p, nil)
			if err := box.Migrate(t.Context()); err != nil {
				t.Error(err)
			}
			d.enqueue(t, box, "path:/a/")
			until(t, "purged", func() bool { return p.has("path:/a/") })

			// A later version is none of this one's business.
			d.exec(t, "INSERT INTO {table}_schema (version) VALUES (1000)")
			if err := box.Migrate(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// A missing Migrate is an error of Start, and not of the first save that could not
// be repaired. A database that is away may come back.
func TestStartLooksAtTheTable(t *testing.T) {
	for _, dialect := range all {
		t.Run(string(dialect), func(t *testing.T) {
			d := newDatabase(t, dialect)
			box := d.outbox(t, newPurger(), nil)
			if err := box.Start(); err == nil || !strings.Contains(err.Error(), "has Migrate been called?") {
				t.Errorf("without a table: error %v, want one that speaks of Migrate", err)
			}
			if err := box.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := box.Start(); err != nil {
				t.Errorf("with its table: %v", err)
			}
			away := *d
			db, err := open(d.dialect, d.dsn)
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			away.db = db
			if err := away.outbox(t, newPurger(), nil).Start(); err != nil {
				t.Errorf("with a database that does not answer: %v", err)
			}
		})
	}
}

// The index is searched for what is due, and not the table.
func TestPollsUseTheIndex(t *testing.T) {
	each(t, []outbox.Dialect{outbox.SQLite}, func(t *testing.T, d *database) {
		var id, parent, notused int
		var detail string
		err := d.db.QueryRow(strings.ReplaceAll("EXPLAIN QUERY PLAN SELECT id FROM {table} WHERE dead = 0 AND format <= 1 AND due <= strftime('%Y-%m-%d %H:%M:%f', 'now') ORDER BY due LIMIT 500", "{table}", d.table)).
			Scan(&id, &parent, &notused, &detail)
		if err != nil || !strings.Contains(detail, "INDEX") {
			t.Errorf("plan is %q, %v", detail, err)
		}
	})
}

func TestStats(t *testing.T) {
	older := map[outbox.Dialect]string{
		outbox.PostgreSQL: "created - interval '1 hour'",
		outbox.MySQL:      "created - INTERVAL 1 HOUR",
		outbox.SQLite:     "strftime('%Y-%m-%d %H:%M:%f', created, '-1 hour')",
	}
	each(t, all, func(t *testing.T, d *database) {
		box := d.outbox(t, newPurger(), nil)
		count := func() outbox.Stats {
			s := stats(t, box)
			s.SaveToPurge = cache.Histogram{}
			return s
		}
		if s := count(); !reflect.DeepEqual(s, outbox.Stats{}) {
			t.Errorf("of an empty table: %+v", s)
		}
		ids := d.enqueue(t, box, "path:/a/", "path:/b/", "path:/c/")
		d.exec(t, "UPDATE {table} SET dead = 1 WHERE id = '"+ids[0]+"'")
		if s := stats(t, box); s.Oldest < 0 || s.Oldest > 10*time.Minute {
			t.Errorf("Oldest is %v", s.Oldest)
		}
		d.exec(t, "UPDATE {table} SET created = "+older[d.dialect]+" WHERE id = '"+ids[1]+"'")
		s := count()
		if s.Oldest < time.Hour-time.Millisecond || s.Oldest > 2*time.Hour { // SQLite counts days, as a float
			t.Errorf("Oldest is %v, want an hour and something", s.Oldest)
		}
		s.Oldest = 0
		if want := (outbox.Stats{Pending: 2, Dead: 1, Enqueued: 3}); !reflect.DeepEqual(s, want) {
			t.Errorf("got  %+v\nwant %+v", s, want)
		}
		if got := stats(t, box).SaveToPurge; got.Count != 0 {
			t.Errorf("%d rows were purged before a relay began", got.Count)
		}
		if err := box.Start(); err != nil {
			t.Fatal(err)
		}
		until(t, "purged", func() bool { return stats(t, box).Relayed == 2 })
		got := stats(t, box).SaveToPurge
		if got.Count != 2 || got.Sum < time.Hour || got.Sum > 2*time.Hour || got.Buckets[len(got.Buckets)-1].Count != 1 {
			t.Errorf("from save to purge: %+v, want 2 rows, one of an hour", got)
		}
	})
}

// A relay lends a connection, and gives it back as it was.
func TestConnectionsAreGivenBackAsTheyWere(t *testing.T) {
	each(t, []outbox.Dialect{outbox.MySQL}, func(t *testing.T, d *database) {
		other := *d
		other.db = connect(t, d.dialect, d.dsn+"?wait_timeout=4321")
		other.db.SetMaxOpenConns(1)
		p := newPurger()
		box := other.outbox(t, p, nil)
		other.enqueue(t, box, "path:/a/")
		if err := box.Start(); err != nil {
			t.Fatal(err)
		}
		until(t, "purged", func() bool { return stats(t, box).Relayed == 1 })
		if got := other.text(t, "SELECT @@SESSION.wait_timeout"); got != "4321" {
			t.Errorf("wait_timeout is %s, want 4321", got)
		}
	})
}
