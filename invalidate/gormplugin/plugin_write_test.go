package gormplugin_test

import (
	"testing"

	"gorm.io/gorm"
)

// onMySQL is what is purged there instead: it counts an existing row as changed that
// was left alone.
var onMySQL = map[string][]string{
	"create beside an author that is there": {"path:/by/ada path:/n"},
	"upsert that does nothing":              {"path:/a"},
	"replace the author":                    {"path:/a path:/by/bob"},
}

func TestWrites(t *testing.T) {
	each(t, func(t *testing.T, d dialect) {
		for name, config := range map[string]gorm.Config{
			"default":  {},
			"prepared": {PrepareStmt: true},
		} {
			t.Run(name, func(t *testing.T) {
				b := newBlog(t, d, setup{gorm: config})
				for _, test := range writes {
					t.Run(test.name, func(t *testing.T) {
						want := test.want
						if other, ok := onMySQL[test.name]; ok && d.name == "mysql" {
							want = other
						}
						b.reset(t)
						if err := test.write(b.db.Session(&gorm.Session{})); err != nil {
							t.Fatal(err)
						}
						b.Want(t, want...)
					})
				}
			})
		}
	})
}
