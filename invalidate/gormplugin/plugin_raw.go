package gormplugin

import (
	"gorm.io/gorm"
)

func (p *Plugin) beforeRaw(db *gorm.DB) {
	if db.Error == nil && !db.DryRun && len(changes(db)) > 0 {
		_ = db.AddError(p.refuse(db))
	}
}

func (p *Plugin) afterRaw(db *gorm.DB) {
	if db.Error != nil || db.DryRun {
		return
	}
	// A prepared statement does not come through ExecContext.
	if _, ok := db.Statement.ConnPool.(*gorm.PreparedStmtTX); ok {
		if t := txOf(db.Statement.ConnPool); t != nil {
			t.follow(db.Statement.SQL.String())
		}
	}
	if models := changes(db); len(models) > 0 {
		_ = db.AddError(p.invalidate(db, models))
	}
}
