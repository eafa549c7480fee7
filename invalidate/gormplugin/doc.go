// Package gormplugin invalidates what GORM saves. Register the rules of your models once,
// and every write purges what it has changed.
//
//	inv := invalidate.New(pages, nil)
//	invalidate.Register(inv, func(p *Post, to *invalidate.Targets) {
//		to.Route(postPage, p.Slug)
//	})
//
//	db, err := gorm.Open(...)
//	err = db.Use(gormplugin.New(inv, nil))
//
//	db.Model(&post).Update("slug", "new") // purges the old page and the new one
//
// It sees Create, Save, Update, Updates, UpdateColumn and Delete, of slices and in batches;
// upserts; what associations and hooks save; and package gorm's generics. It does not see
// Exec, Raw or triggers: [Changes] says what they do. A model without a rule is ignored,
// unless Options.Strict.
//
// It purges after COMMIT, once for each transaction, and nothing after ROLLBACK. With an
// [invalidate.Outbox] the event is written in the transaction.
//
// A rule needs the whole row, as it was and as it is. So the plugin reads, in the same
// transaction, the rows that a statement is going to change, and what they have become. For
// rows that it cannot know it asks the rule for the [Table]. If there is none, everything is
// purged.
//
// An error of a rule is in db.Error, and rolls back the transaction of a single write. An
// error of a purge does not undo the save: [invalidate.SavedNotPurged] tells it apart.
//
// In a transaction, read through the cache and call Invalidate with [Context].
//
// docs/gorm.md has what each write costs, when rows are unknown, errors and contexts.
//
// Do not use it if half of the writes bypass GORM: wrap the driver (package connector), and
// call Invalidate.
package gormplugin
