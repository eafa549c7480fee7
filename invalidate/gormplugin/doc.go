// Package gormplugin invalidates what GORM saves: register the rules of your
// models once, and every write purges what it has changed.
//
//	inv := invalidate.New(pages, nil)
//	invalidate.Register(inv, func(p *Post, to *invalidate.Targets) {
//		to.Route(postPage, p.Slug)
//	})
//	db, err := gorm.Open(...)
//	err = db.Use(gormplugin.New(inv, nil))
//
//	db.Model(&post).Update("slug", "new") // purges the old page and the new one
//
// It sees Create, Save, Update, Updates, UpdateColumn and Delete, soft or not; of
// slices and in batches; upserts; what associations save and delete, with the
// rows of join tables, which change both of their ends; the writes of hooks; and
// package gorm's generics. A model without a rule is left alone, unless
// Options.Strict.
//
// # When
//
// After COMMIT, as one event for each transaction: that which GORM makes for a
// single write, that of [gorm.DB.Transaction], or one by Begin. Nothing is purged
// after ROLLBACK, and nothing for what was rolled back to a savepoint; but what a
// statement may have committed before it is (COMMIT by Exec; in MySQL CREATE TABLE and
// the like). With an
// [invalidate.Outbox] the event is written in the transaction. Under
// SkipDefaultTransaction a write outside of a transaction is purged when it has
// returned: then a process that dies in between has lost the purge, outbox or
// not. A write that returns an error is purged as well if it may have changed rows: its
// answer was lost, or a hook failed after it.
//
// # Which rows
//
// A rule needs the whole row, as it was and as it is, and a statement has neither:
// Updates may know three columns, a condition, and no key. So the plugin reads, in
// the same transaction, the rows that a statement is going to change and what has
// become of them. That costs, for models that have a rule:
//
//	Create                    nothing
//	an upsert                 1 SELECT before (2 on MySQL), 1 after
//	Save                      1 before
//	Update, Updates           1 before, 1 after
//	Delete                    1 before
//	a row of a join table     1 for each end, and 1 after an update
//
// and one more where Options.Preload asks for associations, or columns were left
// out. On PostgreSQL and MySQL those before lock the rows (FOR UPDATE); the ends of a
// join are locked FOR SHARE. On SQLite a transaction that reads first and then writes may
// find that another has written meanwhile, and fails with SQLITE_BUSY however long
// the busy timeout is; where several write at once, open the database with
// _txlock=immediate.
//
// A condition is evaluated twice, by that query and by the statement. If it may match
// other rows the second time (a sub-select, random(), a function that the plugin does not
// know), the statement is given the keys of the rows that were read:
//
//	in a transaction      the keys take the place of that condition
//	MySQL, sub-selects    both hold, as do any condition and keys there
//	in no transaction     both hold
//
// The rows are unknown where the keys cannot say so: a volatile condition in no
// transaction, or in a sub-select on MySQL; no primary key; too many keys for one
// statement.
//
// An upsert finds its rows by the keys that it names or the model declares. A row
// that another transaction inserts there in the meantime is not read, so that a
// URL which only that one had may not be purged.
//
// An insert with ON CONFLICT DO NOTHING, as GORM makes for associations, purges
// nothing where it inserted nothing, and all of its models where it inserted some
// of them; on MySQL, which does not tell, all of them always.
//
// # Columns that are on no page
//
// An update whose statement sets only columns of Options.Ignore purges nothing and loads
// nothing. It goes by the statement: what hooks and callbacks add counts, updated_at too,
// if it is not named; Save sets all columns. What the database sets by itself (a trigger, a
// generated column) is not seen. Name no column that a rule reads.
//
// # Unknown rows
//
// Where it is not certain which rows a write has changed, the rule for the [Table] is
// asked. If there is none, or it names nothing, everything is purged: the save works, and
// no page stays old. That is so for more rows than Options.MaxRows, or than were read
// (a scope or a callback hid some from the query, or they came in between); for FROM and
// WITH clauses; for an upsert of maps, or one that finds its rows by an expression, a default
// of the database or a constraint that the model does not declare; and for a primary key
// that a condition or an expression has changed.
//
// A join table that has a model of its own is one of these for
// [gorm.DB.SetupJoinTable] only; without, its model needs a rule like any other.
//
// The plugin does not see: Exec and Raw, unless [Changes] says what they do;
// [gorm.DB.Table] without a model, unless there is a rule for the Table; rows that
// the database changes by itself, by a trigger or ON DELETE CASCADE, which belong
// in the rule of the row that causes it.
//
// # Errors
//
// A row as it was, one that is deleted softly, the ends of a join, and a row that is as
// broken as it was stop no write: see [invalidate.Was]. A row that a write leaves without
// a URL does. An association that the rule reads and that was not loaded is
// [invalidate.ErrNotLoaded], with its name: add it to Options.Preload. That is noticed where
// the rule fails for it, and not where the rule looks for a zero value first.
//
// An error before COMMIT, of a rule for instance, is added to db.Error, and a
// transaction of a single write is rolled back for it; nothing is purged. One after
// COMMIT does not undo the save. It is added to db.Error all the same, for else a
// stale page would stay and nobody know:
//
//	switch err := db.Save(&post).Error; {
//	case err == nil:
//		// saved, and purged or kept
//	case errors.Is(err, invalidate.ErrCommitUnknown):
//		// saved or not; purged, unless invalidate.Unpurged(err) lists any
//	case invalidate.SavedNotPurged(err):
//		// saved, but not all was purged: purge invalidate.Unpurged(err) again
//	default:
//		// not saved
//	}
//
// With an outbox the third case is left for when the database is away, too: what is
// [invalidate.ErrKept] is not an error here, and heard of by Observe of
// [invalidate.Options]. With Options.Failed there is no third case.
//
// # Contexts
//
// Reads through a cache belong outside of it in a transaction. In hooks
// tx.Statement.Context says so; elsewhere ask for [Context]. A batch in the context
// of a write ([invalidate.WithBatch]) does not gather what GORM commits: whether
// that batch is discarded or not, the rows are saved. To gather many writes, use a
// transaction.
//
// The plugin wraps the connection pool, so that tx.Statement.ConnPool is not a
// *sql.Tx any more; it has the same methods for statements. Plugins that choose
// among pools, such as dbresolver, are not supported: what is written in a
// transaction that the plugin did not see begin is refused ([ErrForeignTx]).
//
// Do not use it where half of the writes go past GORM: let the driver tell of
// COMMIT there (package connector), and call Invalidate.
package gormplugin
