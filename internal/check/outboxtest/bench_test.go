package outboxtest

import (
	"context"
	"testing"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate/outbox"
)

// BenchmarkSave is what a save costs: BEGIN, one INSERT of a post, COMMIT; the
// same with an Enqueue before the COMMIT; and with Purged after it, too.
func BenchmarkSave(b *testing.B) {
	event := []cache.Event{{
		Dependencies: []cache.Dependency{"path:/blog/hello/", "prefix:/blog/hello", "path:/", "path:/rss/blog/", "path:/atom/blog/", "group:author:ada"},
		Reason:       "blog.Post 42 saved", Origin: "web1",
	}}
	for _, dialect := range all {
		for _, how := range []string{"plain", "enqueue", "enqueue+purged"} {
			b.Run(string(dialect)+"/"+how, func(b *testing.B) {
				d := newDatabase(b, dialect)
				box := d.outbox(b, newPurger(), nil)
				if err := box.Migrate(b.Context()); err != nil {
					b.Fatal(err)
				}
				d.exec(b, "CREATE TABLE {table}_posts (slug VARCHAR(40), body VARCHAR(1000))")
				insert := "INSERT INTO " + d.table + "_posts VALUES ('hello', 'world')"
				for b.Loop() {
					tx, err := d.db.Begin()
					if err == nil {
						_, err = tx.Exec(insert)
					}
					var ids []string
					if err == nil && how != "plain" {
						ids, err = box.Enqueue(b.Context(), tx, event)
					}
					if err == nil {
						err = tx.Commit()
					}
					if err != nil {
						b.Fatal(err)
					}
					if how == "enqueue+purged" {
						box.Purged(b.Context(), ids)
					}
				}
			})
		}
	}
}

// BenchmarkRelay is what a relay takes for a row, with a Purger that takes
// nothing.
func BenchmarkRelay(b *testing.B) {
	for _, dialect := range all {
		b.Run(string(dialect), func(b *testing.B) {
			d := newDatabase(b, dialect)
			nothing := purgerFunc(func(context.Context, cache.Event) error { return nil })
			saver := d.outbox(b, nothing, nil)
			if err := saver.Migrate(b.Context()); err != nil {
				b.Fatal(err)
			}
			d.enqueue(b, saver, numbered(b.N)...)
			box := d.outbox(b, nothing, func(o *outbox.Options) { o.CloseTimeout = 1e12 })
			b.ResetTimer()
			if err := box.Start(); err != nil {
				b.Fatal(err)
			}
			if err := box.Close(); err != nil { // which drains
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
