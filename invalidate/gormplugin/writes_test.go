package gormplugin_test

import (
	"github.com/uncache/uncache/invalidate/gormplugin"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// gormTest is a write, and what it purges: one string for each event.
type gormTest struct {
	name  string
	write func(db *gorm.DB) error
	want  []string
}

var writes = []gormTest{
	{"create", func(db *gorm.DB) error {
		return db.Create(&Post{ID: 9, Slug: "n"}).Error
	}, []string{"path:/n"}},
	{"create a slice", func(db *gorm.DB) error {
		return db.Create([]Post{{ID: 8, Slug: "m"}, {ID: 9, Slug: "n"}}).Error
	}, []string{"path:/m path:/n"}},
	{"create a slice of pointers in batches", func(db *gorm.DB) error {
		return db.CreateInBatches([]*Post{{ID: 7, Slug: "l"}, {ID: 8, Slug: "m"}, {ID: 9, Slug: "n"}}, 2).Error
	}, []string{"path:/l path:/m path:/n"}},
	{"create without a column that the rule reads", func(db *gorm.DB) error {
		return db.Omit("Title").Create(&Post{ID: 9, Slug: "n"}).Error
	}, []string{"path:/n"}},
	{"create with associations", func(db *gorm.DB) error {
		return db.Create(&Post{ID: 9, Slug: "n", Author: &Author{ID: 9, Name: "cay"}, Tags: []Tag{{ID: 9, Name: "new"}}}).Error
	}, []string{"path:/by/cay path:/n path:/tag/new path:/with/new"}},
	{"create beside an author that is there", func(db *gorm.DB) error {
		return db.Create(&Post{ID: 9, Slug: "n", Author: &Author{ID: 1, Name: "of old"}}).Error
	}, []string{"path:/n"}},
	{"create from a map", func(db *gorm.DB) error {
		return db.Model(&Post{}).Create(map[string]any{"id": 9, "slug": "n"}).Error
	}, []string{"path:/n"}},
	{"create from maps", func(db *gorm.DB) error {
		return db.Model(&Post{}).Create(&[]map[string]any{{"ID": 8, "Slug": "m"}, {"ID": 9, "Slug": "n"}}).Error
	}, []string{"path:/m path:/n"}},
	{"first or create", func(db *gorm.DB) error {
		return db.Where(Post{Slug: "n"}).FirstOrCreate(&Post{}).Error
	}, []string{"path:/n"}},
	{"upsert that inserts", func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&Post{ID: 9, Slug: "n"}).Error
	}, []string{"path:/n"}},
	{"upsert that changes a URL", func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&Post{ID: 1, Slug: "n"}).Error
	}, []string{"path:/a path:/n"}},
	{"upsert that changes a title, by the slug", func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{
			Columns: []clause.Column{{Name: "slug"}}, DoUpdates: clause.AssignmentColumns([]string{"title"}),
		}).Create(&Post{Slug: "b", Title: "new"}).Error
	}, []string{"path:/b"}},
	{"upsert that changes the key it goes by", func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{
			Columns: []clause.Column{{Name: "slug"}}, DoUpdates: clause.Assignments(map[string]any{"slug": "n"}),
		}).Create(&Post{Slug: "b"}).Error
	}, []string{"path:/b path:/n"}},
	{"upsert that does nothing", func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{DoNothing: true}).Create(&Post{ID: 1, Slug: "a", Title: "no"}).Error
	}, nil},
	{"save", func(db *gorm.DB) error {
		var p Post
		if err := db.First(&p, 1).Error; err != nil {
			return err
		}
		p.Slug = "n"
		return db.Save(&p).Error
	}, []string{"path:/a path:/n"}},
	{"save what is not there", func(db *gorm.DB) error {
		return db.Save(&Post{ID: 9, Slug: "n"}).Error
	}, []string{"path:/n"}},
	{"save a slice", func(db *gorm.DB) error {
		return db.Save([]Post{{ID: 1, Slug: "m"}, {ID: 9, Slug: "n"}}).Error
	}, []string{"path:/a path:/m path:/n"}},
	{"find in batches and save", func(db *gorm.DB) error {
		var posts []Post
		return db.FindInBatches(&posts, 1, func(tx *gorm.DB, _ int) error {
			posts[0].Slug += "x"
			return tx.Save(&posts).Error
		}).Error
	}, []string{"path:/a path:/ax", "path:/b path:/bx"}},
	{"update a column", func(db *gorm.DB) error {
		return db.Model(&Post{ID: 1}).Update("slug", "n").Error
	}, []string{"path:/a path:/n"}},
	{"update with an expression", func(db *gorm.DB) error {
		return db.Model(&Post{ID: 1}).Update("slug", gorm.Expr("lower('N')")).Error
	}, []string{"path:/a path:/n"}},
	{"update what the rule does not read", func(db *gorm.DB) error {
		return db.Model(&Post{ID: 1}).Update("title", "new").Error
	}, []string{"path:/a"}},
	{"updates by a struct", func(db *gorm.DB) error {
		return db.Model(&Post{ID: 1}).Updates(Post{Title: "new"}).Error
	}, []string{"path:/a"}},
	{"updates by a map", func(db *gorm.DB) error {
		return db.Model(&Post{ID: 1}).Updates(map[string]any{"title": "", "slug": "n"}).Error
	}, []string{"path:/a path:/n"}},
	{"updates without a model", func(db *gorm.DB) error {
		return db.Updates(&Post{ID: 1, Title: "new"}).Error
	}, []string{"path:/a"}},
	{"update of columns without hooks", func(db *gorm.DB) error {
		return db.Model(&Post{ID: 1}).UpdateColumn("slug", "n").Error
	}, []string{"path:/a path:/n"}},
	{"update of a key", func(db *gorm.DB) error {
		return db.Model(&Post{}).Where("id = ?", 2).Updates(map[string]any{"id": 9, "slug": "n"}).Error
	}, []string{"path:/b path:/n"}},
	{"updates with conditions", func(db *gorm.DB) error {
		return db.Model(&Post{}).Where("author_id = ?", 1).Update("title", "new").Error
	}, []string{"path:/a path:/b"}},
	{"updates with conditions that then no longer hold", func(db *gorm.DB) error {
		return db.Model(&Post{}).Where("slug = ?", "a").Or("slug = ?", "z").Update("slug", "n").Error
	}, []string{"path:/a path:/n"}},
	{"updates that match nothing", func(db *gorm.DB) error {
		return db.Model(&Post{}).Where("slug = ?", "z").Update("title", "new").Error
	}, nil},
	{"updates of a slice of models", func(db *gorm.DB) error {
		return db.Model([]Post{{ID: 1}, {ID: 2}}).Update("title", "new").Error
	}, []string{"path:/a path:/b"}},
	{"delete", func(db *gorm.DB) error {
		return db.Delete(&Comment{ID: 1}).Error
	}, []string{"group:comments:1"}},
	{"delete by key", func(db *gorm.DB) error {
		return db.Delete(&Post{}, 1).Error
	}, []string{"path:/a"}},
	{"delete softly", func(db *gorm.DB) error {
		return db.Delete(&Post{ID: 1}).Error
	}, []string{"path:/a"}},
	{"delete for good", func(db *gorm.DB) error {
		return db.Unscoped().Delete(&Post{ID: 2}).Error
	}, []string{"path:/b"}},
	{"delete softly and then for good", func(db *gorm.DB) error {
		if err := db.Delete(&Post{ID: 2}).Error; err != nil {
			return err
		}
		return db.Unscoped().Delete(&Post{ID: 2}).Error
	}, []string{"path:/b", "path:/b"}},
	{"delete and restore", func(db *gorm.DB) error {
		if err := db.Delete(&Post{ID: 1}).Error; err != nil {
			return err
		}
		return db.Unscoped().Model(&Post{ID: 1}).Update("deleted_at", nil).Error
	}, []string{"path:/a", "path:/a"}},
	{"delete what is gone", func(db *gorm.DB) error {
		return db.Delete(&Post{ID: 99}).Error
	}, nil},
	{"delete a slice", func(db *gorm.DB) error {
		return db.Delete(&[]Post{{ID: 1}, {ID: 2}}).Error
	}, []string{"path:/a path:/b"}},
	{"delete with conditions", func(db *gorm.DB) error {
		return db.Where("title < ?", "B").Delete(&Post{}).Error
	}, []string{"path:/a"}},
	{"delete with associations", func(db *gorm.DB) error {
		return db.Select("Comments", "Tags").Delete(&Post{ID: 1}).Error
	}, []string{"group:comments:1 path:/a path:/tag/go"}},
	{"delete all of a table", func(db *gorm.DB) error {
		return db.Session(&gorm.Session{AllowGlobalUpdate: true}).Delete(&Comment{}).Error
	}, []string{"group:comments:1"}},
	{"update all of a table", func(db *gorm.DB) error {
		return db.Session(&gorm.Session{AllowGlobalUpdate: true}).Model(&Author{}).Update("name", "cay").Error
	}, []string{"path:/by/ada path:/by/bob path:/by/cay"}},
	{"append to many", func(db *gorm.DB) error {
		return db.Model(&Post{ID: 1, Slug: "a"}).Association("Comments").Append(&Comment{ID: 9, Text: "new"})
	}, []string{"group:comments:1 path:/a"}},
	{"append a tag that is there", func(db *gorm.DB) error {
		return db.Model(&Post{ID: 1}).Association("Tags").Append(&Tag{ID: 2, Name: "of old"})
	}, []string{"path:/a path:/tag/sql"}},
	{"append a tag that is new", func(db *gorm.DB) error {
		return db.Model(&Post{ID: 1}).Association("Tags").Append(&Tag{ID: 9, Name: "new"})
	}, []string{"path:/a path:/tag/new"}},
	{"replace tags", func(db *gorm.DB) error {
		return db.Model(&Post{ID: 1}).Association("Tags").Replace(&Tag{ID: 2})
	}, []string{"path:/a path:/tag/sql", "path:/a path:/tag/go"}},
	{"delete a tag", func(db *gorm.DB) error {
		return db.Model(&Post{ID: 1}).Association("Tags").Delete(&Tag{ID: 1})
	}, []string{"path:/a path:/tag/go"}},
	{"clear tags", func(db *gorm.DB) error {
		return db.Model(&Post{ID: 1}).Association("Tags").Clear()
	}, []string{"path:/a path:/tag/go"}},
	{"clear many", func(db *gorm.DB) error {
		return db.Model(&Post{ID: 1}).Association("Comments").Clear()
	}, []string{"group:comments:1"}},
	{"replace the author", func(db *gorm.DB) error {
		return db.Model(&Post{ID: 1}).Association("Author").Replace(&Author{ID: 2})
	}, []string{"path:/a"}},
	{"generics", func(db *gorm.DB) error {
		ctx := db.Statement.Context
		if err := gorm.G[Post](db).Create(ctx, &Post{ID: 9, Slug: "n"}); err != nil {
			return err
		}
		if _, err := gorm.G[Post](db).Where("id = ?", 9).Update(ctx, "slug", "o"); err != nil {
			return err
		}
		_, err := gorm.G[Post](db).Where("id = ?", 9).Delete(ctx)
		return err
	}, []string{"path:/n", "path:/n path:/o", "path:/o"}},
	{"models without a rule", func(db *gorm.DB) error {
		return db.Save(&Note{ID: 1, Text: "new"}).Error
	}, nil},
	{"a table without a model", func(db *gorm.DB) error {
		return db.Table("posts").Where("id = ?", 1).Update("title", "new").Error
	}, nil},
	{"SQL", func(db *gorm.DB) error {
		return db.Exec("UPDATE posts SET title = 'new'").Error
	}, nil},
	{"SQL that says what it changes", func(db *gorm.DB) error {
		return gormplugin.Changes(db, &Post{Slug: "said"}).Exec("UPDATE posts SET title = 'new'").Error
	}, []string{"path:/said"}},
	{"an update that also says what it changes", func(db *gorm.DB) error {
		return gormplugin.Changes(db, &Author{Name: "eve"}).Model(&Post{ID: 1}).Update("title", "new").Error
	}, []string{"path:/a path:/by/eve"}},
	{"dry run", func(db *gorm.DB) error {
		dry := db.Session(&gorm.Session{DryRun: true})
		if err := dry.Model(&Post{ID: 1}).Update("slug", "n").Error; err != nil {
			return err
		}
		if err := gormplugin.Changes(dry, &Post{Slug: "said"}).Exec("UPDATE posts SET title = 'new'").Error; err != nil {
			return err
		}
		return dry.Create(&Post{ID: 9, Slug: "n"}).Error
	}, nil},
}
