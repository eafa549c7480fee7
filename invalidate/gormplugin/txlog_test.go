package gormplugin_test

import (
	"testing"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/gormplugin"
	"github.com/uncache/uncache/invalidate/internal/invtest"
)

// The event of a save is appended in its transaction, whether GORM begins it or the
// caller.
func TestTxLog(t *testing.T) {
	for name, save := range map[string]func(db *gorm.DB, p *Post) error{
		"implicit": func(db *gorm.DB, p *Post) error { return db.Create(p).Error },
		"explicit": func(db *gorm.DB, p *Post) error {
			return db.Transaction(func(tx *gorm.DB) error { return tx.Create(p).Error })
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, d dialect) {
				db, err := gorm.Open(d.open(d.dsn(t)), &gorm.Config{Logger: logger.Discard})
				if err != nil {
					t.Fatal(err)
				}
				conns, err := db.DB()
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = conns.Close() })
				if err := db.AutoMigrate(&Post{}); err != nil {
					t.Fatal(err)
				}
				invtest.RunTxLog(t, conns, func(inv *invalidate.Invalidator) func(slug string) error {
					invalidate.Register(inv, func(p *Post, to *invalidate.Targets) { to.Group(p.Slug) })
					if err := db.Use(gormplugin.New(inv, nil)); err != nil {
						t.Fatal(err)
					}
					return func(slug string) error { return save(db.WithContext(t.Context()), &Post{Slug: slug}) }
				})
			})
		})
	}
}
