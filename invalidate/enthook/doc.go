// Package enthook purges what ent saves, once it has committed. Code that saves an entity does
// not mention it.
//
//	drv := enthook.New(entsql.OpenDB(dialect.Postgres, db), inv, &enthook.Options{
//		Failed: func(ctx context.Context, err error) {
//			if !errors.Is(err, invalidate.ErrKept) { // the outbox will purge an ErrKept
//				slog.ErrorContext(ctx, "saved, but not purged", "err", err)
//			}
//		},
//	})
//	client := gen.NewClient(gen.Driver(drv))
//	client.Use(drv.Hook)
//
// The rules are those of package invalidate, for the generated types:
//
//	invalidate.Register(inv, func(p *gen.Post, to *invalidate.Targets) {
//		to.Route(postPage, p.Slug)
//	})
//
// It sees creates, updates and deletes of one entity and of many, by entity, ID or condition,
// and the edges that they change. It asks rules about the rows as they were and as they are,
// which it loads in the same transaction; [Load] says how. For rows that it cannot know it
// asks the rule for [Rows]. If there is none, everything is purged.
//
// It does not see raw SQL (ent's feature sql/execquery) or what the database does by itself,
// such as ON DELETE CASCADE: call Invalidate in the context of [InTx].
//
// A transaction purges when its Commit has committed, and nothing after Rollback. With an
// Outbox the events are enqueued in it. [InTx] also returns the errors of the purge. A save
// outside of a transaction gets one of its own.
//
// docs/ent.md has what a save costs, when rows are unknown, locks and errors, and why a driver
// is wrapped.
package enthook
