package gormplugin

import (
	"reflect"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"
)

// isJoin reports whether s is a join table: its primary key consists of foreign keys of
// several other models. GORM makes the types of most join tables, so nobody can
// register a rule for them. Some have a model of their own ([gorm.DB.SetupJoinTable]).
func isJoin(s *schema.Schema) bool {
	if s == nil || len(s.PrimaryFields) < 2 {
		return false
	}
	for _, f := range s.PrimaryFields {
		foreign := false
		for _, rel := range s.Relationships.Relations {
			// By name: where the table has a model of its own (SetupJoinTable) the
			// relations still have the fields of the model that GORM had made.
			foreign = foreign || rel.Type == schema.BelongsTo && slices.ContainsFunc(rel.References, func(ref *schema.Reference) bool {
				return ref.ForeignKey.DBName == f.DBName
			})
		}
		if !foreign {
			return false
		}
	}
	return true
}

// parents returns the relations from a join table to models that have a rule: a row of
// the table changes both of its ends.
func (p *Plugin) parents(s *schema.Schema) []*schema.Relationship {
	if !isJoin(s) {
		return nil
	}
	var all []*schema.Relationship
	for _, rel := range s.Relationships.Relations {
		if rel.Type == schema.BelongsTo && p.ruled(rel.FieldSchema) {
			all = append(all, rel)
		}
	}
	return all
}

// collectParents loads the models that rows of a join table join. It locks them against
// changes, not against other joins:
//
//	transaction T                           transaction U
//	adds a tag to a post with the URL /a
//	                                        moves the post to /b, commits
//	                                        purges /a and /b
//	a visitor's page is rendered from /b, without the tag
//	commits, and purges /a
//
// The lock makes U wait for T.
func (p *Plugin) collectParents(db *gorm.DB, w *write, rows []reflect.Value) error {
	for _, rel := range w.parents {
		var foreign, primary []*schema.Field
		for _, ref := range rel.References {
			if ref.PrimaryKey != nil && ref.PrimaryValue == "" {
				foreign = append(foreign, db.Statement.Schema.LookUpField(ref.ForeignKey.DBName))
				primary = append(primary, ref.PrimaryKey)
			}
		}
		values := tuples(db.Statement.Context, foreign, rows, false)
		found, err := p.lookup(db, rel.FieldSchema, primary, values, clause.LockingStrengthShare)
		if err != nil {
			return err
		}
		// This write does not save them, so a model that no page can have is no error.
		p.add(db, w, rel.FieldSchema, found, old)
	}
	return nil
}
