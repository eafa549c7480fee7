package outboxtest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate/outbox"
)

// An operator sees what waits and what is dead, revives one row, and drops another.
func TestRows(t *testing.T) {
	each(t, all, func(t *testing.T, d *database) {
		p, cause := newPurger(), errors.New("the CDN says no: <b>403</b>")
		p.set(func() {
			p.refuses = map[cache.Dependency]error{"path:/1/": cause, "path:/2/": cause, "path:/3/": cause}
		})
		box := d.outbox(t, p, func(o *outbox.Options) { o.MaxTries = 1 })
		long := cache.Event{Reason: "long", Dependencies: []cache.Dependency{cache.Group(strings.Repeat("x", 70<<10))}}
		d.enqueue(t, box, "path:/1/", "path:/2/", "path:/3/")
		if err := box.Keep(t.Context(), []cache.Event{long}); err != nil {
			t.Fatal(err)
		}
		rows, err := box.Rows(t.Context(), false, 100)
		if err != nil || len(rows) != 4 {
			t.Fatalf("Rows: %d of them, %v, want 4", len(rows), err)
		}
		for _, r := range rows {
			if r.Unread != (r.Reason == "long") || !r.Unread && (len(r.Dependencies) != 1 || r.Reason != "test of "+string(r.Dependencies[0])) {
				t.Errorf("a row is %+v", r)
			}
			if r.Dead || r.Tries != 0 || r.Age < 0 || r.Age > time.Minute || r.Due > time.Minute {
				t.Errorf("a row is %+v", r)
			}
		}
		if few, err := box.Rows(t.Context(), false, 2); err != nil || len(few) != 2 {
			t.Errorf("2 rows were asked for: %d, %v", len(few), err)
		}

		if err := box.Start(); err != nil {
			t.Fatal(err)
		}
		until(t, "three are dead", func() bool { return stats(t, box).Dead == 3 })
		dead, err := box.Rows(t.Context(), true, 100)
		if err != nil || len(dead) != 3 {
			t.Fatalf("dead rows: %d of them, %v, want 3", len(dead), err)
		}
		for _, r := range dead {
			if !r.Dead || r.LastError != cause.Error() || r.ID == "" {
				t.Errorf("a dead row is %+v", r)
			}
		}
		if n, err := box.Drop(t.Context()); n != 0 || err != nil {
			t.Errorf("Drop of nothing: %d, %v", n, err)
		}
		if n, err := box.Drop(t.Context(), dead[0].ID, "nobody"); n != 1 || err != nil {
			t.Errorf("Drop: %d, %v, want 1", n, err)
		}
		p.set(func() { clear(p.refuses) })
		if n, err := box.Revive(t.Context(), dead[1].ID, dead[1].ID, "nobody"); n != 1 || err != nil {
			t.Errorf("Revive: %d, %v, want 1", n, err)
		}
		until(t, "one is revived", func() bool { return p.has(dead[1].Dependencies[0]) })
		until(t, "the table is as it should be", func() bool {
			s := stats(t, box)
			return s.Dead == 1 && s.Pending == 0
		})
		if p.has(dead[0].Dependencies[0]) || p.has(dead[2].Dependencies[0]) {
			t.Error("others were revived, too")
		}
	})
}

// Rows that are not dead are not dropped.
func TestDropTakesDeadRowsOnly(t *testing.T) {
	each(t, all, func(t *testing.T, d *database) {
		box := d.outbox(t, newPurger(), nil)
		d.enqueue(t, box, "path:/1/")
		rows, err := box.Rows(t.Context(), false, 1)
		if err != nil || len(rows) != 1 {
			t.Fatal(len(rows), err)
		}
		if n, err := box.Drop(t.Context(), rows[0].ID); n != 0 || err != nil {
			t.Errorf("Drop: %d, %v, want 0", n, err)
		}
	})
}
