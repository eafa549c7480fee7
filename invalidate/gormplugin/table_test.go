package gormplugin_test

import (
	"strings"
	"testing"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/gormplugin"
	"gorm.io/gorm"
)

// However a write names its table, the rule for the Table is asked.
func TestNamesOfTables(t *testing.T) {
	each(t, func(t *testing.T, d dialect) {
		b := newBlog(t, d, setup{})
		invalidate.Register(b.inv, func(table gormplugin.Table, to *invalidate.Targets) {
			if table == "notes" {
				to.Group("all notes")
			}
		})
		names := map[string][]string{
			"sqlite":   {"notes", "notes AS n", "`notes`", "`notes` AS n", "main.notes"},
			"postgres": {"notes", "notes AS n", "notes n", `"notes"`, `"notes" AS n`, "notes\nAS n"},
			"mysql":    {"notes", "notes AS n", "notes n", "`notes`", "`notes` n"},
		}
		if d.name == "postgres" {
			var schema string
			if err := b.bare.QueryRow("SELECT current_schema()").Scan(&schema); err != nil {
				t.Fatal(err)
			}
			names[d.name] = append(names[d.name], schema+".notes", schema+".notes AS n", `"`+schema+`"."notes" n`)
		}
		for _, name := range names[d.name] {
			for as, db := range map[string]*gorm.DB{"alone": b.db.Table(name), "with a model": b.db.Model(&Note{}).Table(name)} {
				b.Take()
				done := db.Where("text <> ''").Updates(map[string]any{"text": "y"})
				if done.Error != nil || done.RowsAffected == 0 && d.name != "mysql" {
					t.Fatalf("%s, %s: %d rows, %v", name, as, done.RowsAffected, done.Error)
				}
				if purged := strings.Join(b.Take(), " "); purged != "group:all notes" {
					t.Errorf("%s, %s: purged %q", name, as, purged)
				}
			}
		}
	})
}
