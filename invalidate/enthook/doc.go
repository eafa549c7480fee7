// Package enthook purges what ent saves, once it has committed, so that no code
// which saves an entity has to think of it.
//
//	drv := enthook.New(entsql.OpenDB(dialect.Postgres, db), inv, &enthook.Options{
//		Failed: func(ctx context.Context, err error) {
//			if !errors.Is(err, invalidate.ErrKept) { // or the outbox will purge it
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
// # What is seen
//
// Creates, updates and deletes of one entity and of many, by entity, ID or
// condition, and the edges they change. Rules are asked of the rows as they were
// and as they are, so that both URLs are purged when one has changed. A change of
// an edge also names the entities at its other end: those that it had, and those
// that it has.
//
// Not seen is what passes no hook: raw SQL (ent's feature sql/execquery) and what
// the database does by itself, such as ON DELETE CASCADE. Call Invalidate in the
// context of [InTx] for those.
//
// An upsert is a create to ent. The Driver sees its statement, looks up the rows that it
// is going to change by the keys of its conflict, and loads them. A row that another
// transaction inserts there in the meantime is not loaded. On MySQL, where ent may take
// the ID of another row for that of one that an upsert of many has found, a created row is
// asked as it was given, too. Deleting an entity names no edges; its rule may
// ([Targets.Model] of a foreign key, [Load] with edges).
//
// # Which rows
//
// A condition is evaluated twice, by the query for the IDs and by the statement. The
// second time it may match others: an interceptor hid them from the query, they came in
// between, the condition reads another table, or random(). So the hook reads the keys once
// more, by the statement's own condition, and locks them. They take the place of the
// condition. On MySQL a condition with a sub-select stays beside them.
//
// # Fields that are on no page
//
// An update that sets only fields of [Options].Ignore, and no edge, purges nothing and
// loads nothing. It goes by the mutation and by its statement: a field that a hook or a
// modifier adds counts, and so does a default such as updated_at, if it is not named. What
// the database sets by itself (a trigger, a generated column) is not seen. Name no field
// that a rule reads.
//
// # Unknown rows
//
// Where it is not certain which rows a write has changed, the rule for [Rows] is
// asked. If there is none, or it names nothing, everything is purged: the save works, and
// no page stays old. That is so for rows that were not loaded before (an interceptor hid
// them, [Load] did not find any, they came in between); for a key of several columns,
// except by creates; for an upsert that names a constraint, or conflicts in an
// expression; for a volatile condition in a sub-select on MySQL; and for more than 30,000
// rows.
//
// # Errors of rules
//
// A row as it was, a row at the other end of an edge, and a row that is as broken as it
// was stop no save: see [invalidate.Was]. A row that a save leaves without a URL does. An
// edge that the rule reads and that was not loaded is [invalidate.ErrNotLoaded], with its
// name: query it in [Load]. That is noticed where the rule fails for it, and not where the
// rule looks for nil first.
//
// # Transactions
//
// A transaction of client.Tx or client.BeginTx purges when its Commit has
// committed, and nothing after Rollback, whoever calls them. With an Outbox in
// [invalidate.Options], the events are enqueued in it before. [InTx] does the same
// around a function, returns the errors of the purge, and gives it a context in
// which the cache is bypassed; after a plain client.Tx use [cache.WithBypass] for
// what is read through the cache. Ent has no savepoints.
//
// A save outside of a transaction gets one of its own, for the rows and the outbox:
// two round trips more for a create, none for what ent runs in a transaction
// anyway. CreateBulk outside of one is in as many as it has entities, for ent gives
// their hooks nothing in common: after a crash the event of some of them may be
// missing. Use InTx.
//
// # Cost
//
// Two queries for the keys of an update or delete by condition, one or two for those of an
// upsert, and one for each row before and another after, in the same transaction. [Load]
// makes it one before and one after, and [Options].MaxRows bounds it where there is a
// rule for [Rows]. Where neither a type nor one at a changed edge has a rule, there is no
// query more.
//
// On PostgreSQL and MySQL the rows before are locked (FOR UPDATE is added to the query
// of Get, unless it joins or groups by an interceptor), so that nobody gives one
// another URL in between. What [Load] reads is not: lock there, too (ent's feature
// sql/lock: ForUpdate), for otherwise, if two transactions change the same URL at once,
// the one that came in between is in nobody's event.
//
// # Why a driver
//
// A hook of ent knows the entity but not the transaction: OnCommit is a method of
// generated types, different in every application, and there is no place before
// COMMIT from which to write to an outbox. Below all generated code, however, is a
// [dialect.Driver]. One that is wrapped sees each transaction and, by the context,
// of which save a statement is.
//
// [Targets.Model]: https://pkg.go.dev/github.com/uncache/uncache/invalidate#Targets.Model
package enthook
