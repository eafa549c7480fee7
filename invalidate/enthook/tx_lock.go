package enthook

import (
	"context"
	"regexp"

	"entgo.io/ent/dialect"
)

type lockKey struct{}

// withLock returns a context in which a query for a row locks it, so that the row which
// was read is the row that is changed:
//
//	transaction T                           transaction U
//	loads the row, whose page is /a,
//	to rename it to /c
//	                                        renames it to /b, commits
//	                                        purges /a and /b
//	a visitor's page is rendered from /b, and stored
//	renames it, commits, purges /a and /c
//
// Locks are an optional feature of ent, so that generated code may not have them.
func withLock(ctx context.Context) context.Context { return context.WithValue(ctx, lockKey{}, true) }

func withoutLock(ctx context.Context) context.Context {
	return context.WithValue(ctx, lockKey{}, false)
}

// unlockable matches queries that cannot be locked, or have a lock. The query of a
// privacy rule, which counts, runs in the context of the query for the row.
var unlockable = regexp.MustCompile(`(?i)\b(JOIN|DISTINCT|GROUP|HAVING|UNION|INTERSECT|EXCEPT|WITH|FOR|LOCK|OVER|(COUNT|SUM|AVG|MIN|MAX)\s*\()`)

// quoted are the names in a query, as ent writes them: a column may be called "group".
var quoted = regexp.MustCompile("\"[^\"]*\"|`[^`]*`")

// locking returns query with a lock, if ctx asks for it and the database has any.
func (t *tx) locking(ctx context.Context, query string) string {
	lock, _ := ctx.Value(lockKey{}).(bool)
	if !lock || unlockable.MatchString(quoted.ReplaceAllString(query, "_")) {
		return query
	}
	switch t.d.Dialect() {
	case dialect.Postgres, dialect.MySQL:
		return query + " FOR UPDATE"
	}
	return query
}
