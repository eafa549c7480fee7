// Package bunhook purges what bun saves, once it has committed. Code that saves a model does
// not mention it.
//
//	hook := bunhook.New(inv, &bunhook.Options{
//		Failed: func(ctx context.Context, err error) {
//			if !errors.Is(err, invalidate.ErrKept) { // the outbox will purge an ErrKept
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
// Use [Hook.InTx] for transactions. Every statement of its tx is known to be of it, rows are
// loaded and locked in it, and with an Outbox the events are enqueued in it. db.RunInTx and
// db.BeginTx are purged after COMMIT too, but a query hook sees less of them. A statement
// outside a transaction is purged when it returns.
//
// A rule needs the whole row, as it was and as it is. So the hook loads the rows of an UPDATE
// or DELETE by primary key, and of an upsert. For rows that it cannot know, as of an UPDATE by
// condition, it asks the rule for the [Table]. If there is none, everything is purged.
//
// It does not see raw SQL, statements inside WITH, or what the database does by itself, such
// as ON DELETE CASCADE: call Invalidate in the context of the transaction.
//
// docs/bun.md has what is seen, what a write costs, when rows are unknown, and what RunInTx and
// BeginTx lack.
package bunhook
