// Package bunhook purges what bun saves, once it has committed, so that no code
// which saves a model has to think of it.
//
//	hook := bunhook.New(inv, &bunhook.Options{
//		Failed: func(ctx context.Context, err error) {
//			if !errors.Is(err, invalidate.ErrKept) { // or the outbox will purge it
//				slog.ErrorContext(ctx, "saved, but not purged", "err", err)
//			}
//		},
//	})
//	db = db.WithQueryHook(hook)
//
//	err := hook.InTx(ctx, db, nil, func(ctx context.Context, tx bun.Tx) error {
//		_, err := tx.NewUpdate().Model(post).WherePK().Exec(ctx)
//		return err
//	})
//
// The rules are those of package invalidate, for the models:
//
//	invalidate.Register(inv, func(p *Post, to *invalidate.Targets) {
//		to.Route(postPage, p.Slug)
//	})
//
// # What is seen
//
//   - INSERT: the models as they were passed, with what the statement returned. The
//     rows that an upsert changes are loaded first, by the keys of its conflict.
//     MySQL's auto-increment is set after the hook has run: name such rows by
//     something else than their ID.
//   - UPDATE and DELETE by primary key (WherePK, Bulk), also with conditions beside
//     it: the rows are loaded before, and after an UPDATE again, in the same
//     transaction. So a model need not hold the whole row, and both URLs are purged
//     when one has changed.
//   - DELETE by condition: the rows, if the statement returns them into its model with
//     all their columns (Model(&rows).Returning("*")).
//   - Models of join tables are models; bun writes no others for a relation.
//
// Not seen are raw SQL, statements inside WITH, and what the database does by
// itself, such as ON DELETE CASCADE. Call Invalidate for those, in the context of
// the transaction.
//
// # Columns that are on no page
//
// An UPDATE that sets only columns of [Options].Ignore purges nothing and loads nothing. It
// goes by the text of the statement: a model without Column sets all, and a text that is
// not understood (a backslash, a comment, a list of columns) counts. What the database sets
// by itself (a trigger, a generated column) is not seen. Name no column that a rule reads.
//
// # Unknown rows
//
// Where it is not certain which rows a write has changed, the rule for [Table] is
// asked. If there is none, or it names nothing, everything is purged: the save works, and
// no page stays old. That is so for an UPDATE by condition, also one that returns its
// rows, which shows them as they are; a DELETE by condition that does not return them;
// more rows than were read; a primary key that has changed; an upsert by a
// constraint or by a default; MERGE and TRUNCATE; rows that could not be loaded, as in a transaction of
// RunInTx or BeginTx; and a statement that returned an error which is not the database's
// refusal.
//
// # Errors of rules
//
// A row as it was, one that is deleted softly, and a row that is as broken as it was stop
// no save: see [invalidate.Was]. A row that a save leaves without a URL does, and a model
// that was not loaded. A relation that the rule reads and that was not loaded is
// [invalidate.ErrNotLoaded], with its name: add it by [Options].Select. That is noticed
// where the rule fails for it, and not where the rule looks for nil first.
//
// # Transactions
//
// [Hook.InTx] is what to use. There every statement of tx is known to be of the
// transaction, rows are loaded in it, and with an Outbox in [invalidate.Options]
// the events are enqueued in it. Savepoints are tx.RunInTx and tx.BeginTx: what is
// rolled back to one is not purged.
//
// A query hook sees less of what db.RunInTx and db.BeginTx begin. It is purged
// after COMMIT, and not after ROLLBACK, but
//
//   - the outbox is not written to before COMMIT, since a hook has no connection to
//     do so with: a purge that fails is kept, one that a crash prevented is lost;
//   - rows are not loaded, for the same reason: rules are asked of the models as
//     they were passed, and rows as they were are unknown, unless Options.NoLoad;
//   - a statement is told from one outside by its context, which has to be the one
//     that RunInTx passes to its function. Any other, and all those of db.BeginTx,
//     may be of any transaction that is open: it is purged at once, and again when
//     each of these commits. That is too much, never too little.
//
// A statement outside of a transaction commits by itself and is purged when it
// returns, whatever batch its context carries; with an outbox, a purge that fails is
// kept, one that a crash prevented is lost. Its rows are loaded before on another
// connection of the pool. If that is not what you want, use InTx. A query of a DB that
// was given a transaction's connection (Conn) is taken for one of these: the rows that
// are loaded are those which others see, and are not as it has left them. Make it with
// the transaction (tx.NewUpdate).
//
// # Cost
//
// One query more for a DELETE by primary key, two for an UPDATE or an upsert (on MySQL
// two before, and one for each unique key more), none for models without a rule:
// [Options].NoLoad leaves them out. In [Hook.InTx] the rows before are read with a lock,
// on PostgreSQL and MySQL, so that nobody changes them in between. Without InTx there is
// no lock: if two transactions change the same URL at once, the one that came in between
// is in nobody's event. Nor is there one for a row that another transaction inserts
// before an upsert that finds it.
//
// # Why this way
//
// Bun's model hooks (AfterUpdate, ...) run before COMMIT and are methods of every
// model. A query hook sees all statements, but of a transaction only that it
// begins and ends, not its connection. What is exact is a copy of the [bun.DB]
// with a hook of its own for one transaction, as InTx makes: bun gives it to every
// query of tx.
package bunhook
