package gormplugin

import (
	"errors"

	"github.com/uncache/uncache/invalidate"
	"gorm.io/gorm"
)

// unsure invalidates what is known of a write that commits by itself
// (SkipDefaultTransaction) and whose answer was lost: the rows as they were, the models
// as they were given, and the Table. The database is not asked again; what is wrong with
// a model is no news to who has an error already.
func (p *Plugin) unsure(db *gorm.DB, w *write) {
	rows := append(w.old, elements(db.Statement.ReflectValue)...)
	if s := db.Statement.Schema; w.ruled {
		for _, row := range rows {
			w.models = append(w.models, p.models(s, row)...)
		}
	}
	if table := Table(db.Statement.Table); p.hasTarget(table) {
		w.models = append(w.models, table)
	}
	var known []any
	for _, m := range w.models {
		if _, err := p.inv.Resolve(m); err == nil {
			known = append(known, m)
		}
	}
	if len(known) > 0 {
		_ = db.AddError(p.invalidate(db, known))
	}
}

// refused reports whether err is the word of the database, or of GORM, that a statement
// has changed nothing.
func refused(err error) bool {
	for _, by := range []error{gorm.ErrMissingWhereClause, gorm.ErrDuplicatedKey, gorm.ErrForeignKeyViolated, gorm.ErrCheckConstraintViolated} {
		if errors.Is(err, by) {
			return true
		}
	}
	return invalidate.Refused(err)
}
