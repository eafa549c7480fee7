package gormplugin_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/gormplugin"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// A Wiki has a key that is a part of its URL.
type Wiki struct {
	Slug  string `gorm:"primaryKey;size:40"`
	Lang  string `gorm:"primaryKey;size:4"`
	Title string
}

// A Member is of clubs by a table that has a model, without a rule.
type Member struct {
	ID    uint
	Name  string  `gorm:"size:40"`
	Clubs []*Club `gorm:"many2many:memberships"`
}

type Club struct {
	ID   uint
	Name string `gorm:"size:40"`
}

type Membership struct {
	MemberID uint `gorm:"primaryKey"`
	ClubID   uint `gorm:"primaryKey"`
	Role     string
}

func newClub(t *testing.T, d dialect) (b *blog, reset func()) {
	t.Helper()
	b = newBlog(t, d, setup{})
	if err := b.db.SetupJoinTable(&Member{}, "Clubs", &Membership{}); err != nil {
		t.Fatal(err)
	}
	if err := b.db.AutoMigrate(&Wiki{}, &Member{}, &Club{}, &Membership{}); err != nil {
		t.Fatal(err)
	}
	invalidate.Register(b.inv, func(w Wiki, to *invalidate.Targets) { to.Path("/" + w.Lang + "/" + w.Slug) })
	invalidate.Register(b.inv, func(m *Member, to *invalidate.Targets) { to.Path("/member/" + m.Name) })
	invalidate.Register(b.inv, func(c *Club, to *invalidate.Targets) { to.Path("/club/" + c.Name) })
	return b, func() {
		for _, s := range []string{
			"DELETE FROM memberships", "DELETE FROM wikis", "DELETE FROM members", "DELETE FROM clubs",
			"INSERT INTO wikis (slug, lang, title) VALUES ('a', 'en', 'A'), ('a', 'de', 'A')",
			"INSERT INTO members (id, name) VALUES (1, 'ada'), (2, 'bob')",
			"INSERT INTO clubs (id, name) VALUES (1, 'go'), (2, 'chess')",
			"INSERT INTO memberships (member_id, club_id, role) VALUES (1, 1, 'x')",
		} {
			if _, err := b.bare.Exec(s); err != nil {
				t.Fatalf("%s: %v", s, err)
			}
		}
		b.Take()
	}
}

// A key that changes also changes a URL. If the model knows the new key the rows are
// known. If only the database knows it, the table's rule is asked, or everything is
// purged.
func TestKeysThatChange(t *testing.T) {
	tests := []gormTest{
		{"by the model", func(db *gorm.DB) error {
			return db.Model(&Wiki{Slug: "a", Lang: "en"}).Update("slug", "n").Error
		}, []string{"path:/en/a path:/en/n"}},
		{"by a condition", func(db *gorm.DB) error {
			return db.Model(&Wiki{}).Where("slug = ?", "a").Update("slug", "n").Error
		}, []string{"all: path:/de/a path:/en/a"}},
		{"by an expression", func(db *gorm.DB) error {
			return db.Model(&Wiki{Slug: "a", Lang: "en"}).Update("slug", gorm.Expr("lower('N')")).Error
		}, []string{"all: path:/en/a"}},
		{"not at all", func(db *gorm.DB) error {
			return db.Model(&Wiki{}).Where("slug = ?", "a").Update("title", "new").Error
		}, []string{"path:/de/a path:/en/a"}},
		{"of a join table, by an expression", func(db *gorm.DB) error {
			return db.Model(&Membership{}).Where("member_id = 1").Update("club_id", gorm.Expr("club_id + 1")).Error
		}, []string{"all: path:/club/go path:/member/ada"}},
	}
	each(t, func(t *testing.T, d dialect) {
		b, reset := newClub(t, d)
		run := func(test gormTest, want []string) {
			t.Run(test.name, func(t *testing.T) {
				reset()
				if err := test.write(b.db.Session(&gorm.Session{})); err != nil {
					t.Fatal(err)
				}
				b.Want(t, want...)
			})
		}
		for _, test := range tests {
			run(test, test.want)
		}
		invalidate.Register(b.inv, func(t gormplugin.Table, to *invalidate.Targets) { to.Group(string(t)) })
		for _, test := range tests {
			var want []string
			for _, event := range test.want {
				names := strings.Fields(event)
				if names[0] == "all:" {
					table := "group:wikis"
					if strings.Contains(test.name, "join") {
						table = "group:memberships"
					}
					names[0] = table
				}
				slices.Sort(names)
				want = append(want, strings.Join(names, " "))
			}
			run(test, want)
		}
	})
}

// A row of a join table changes both of its ends, also if a model of its own writes it.
func TestJoinTableWithModel(t *testing.T) {
	tests := []gormTest{
		{"append", func(db *gorm.DB) error {
			return db.Model(&Member{ID: 2, Name: "bob"}).Omit("Clubs.*").Association("Clubs").Append(&Club{ID: 1})
		}, []string{"path:/club/go path:/member/bob"}},
		{"create", func(db *gorm.DB) error {
			return db.Create(&Membership{MemberID: 2, ClubID: 2}).Error
		}, []string{"path:/club/chess path:/member/bob"}},
		{"update", func(db *gorm.DB) error {
			return db.Model(&Membership{MemberID: 1, ClubID: 1}).Update("role", "y").Error
		}, []string{"path:/club/go path:/member/ada"}},
		{"move", func(db *gorm.DB) error {
			return db.Model(&Membership{}).Where("member_id = 1 AND club_id = 1").Updates(map[string]any{"member_id": 1, "club_id": 2}).Error
		}, []string{"path:/club/chess path:/club/go path:/member/ada"}},
		{"upsert", func(db *gorm.DB) error {
			return db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&Membership{MemberID: 1, ClubID: 1, Role: "z"}).Error
		}, []string{"path:/club/go path:/member/ada"}},
		{"delete", func(db *gorm.DB) error {
			return db.Delete(&Membership{MemberID: 1, ClubID: 1}).Error
		}, []string{"path:/club/go path:/member/ada"}},
	}
	each(t, func(t *testing.T, d dialect) {
		b, reset := newClub(t, d)
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				reset()
				if err := test.write(b.db.Session(&gorm.Session{})); err != nil {
					t.Fatal(err)
				}
				b.Want(t, test.want...)
			})
		}
	})
}
