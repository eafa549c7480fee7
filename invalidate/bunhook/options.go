package bunhook

import (
	"context"

	"github.com/uptrace/bun"
)

// Options configures a [Hook].
type Options struct {
	// Failed is told what cannot be returned to whoever saved: that after a COMMIT
	// something was not purged, or is kept in the outbox to be purged later
	// ([invalidate.ErrKept]); and, for what is saved without [Hook.InTx], the
	// errors of rules. The rows are saved. err is, or holds,
	// [*invalidate.PurgeError]s, whose events [invalidate.Unpurged] lists. Failed
	// may be called from many goroutines at once. Required.
	Failed func(ctx context.Context, err error)

	// Strict makes saving a model without a rule an error, for which
	// errors.Is(err, [invalidate.ErrNoRule]) is true. By default it is ignored.
	Strict bool

	// NoLoad leaves out the queries that load what an UPDATE or DELETE by primary key,
	// or an upsert, changes, as it was and as it is. Rules are then asked of the model as
	// it was passed: enough where that is always the whole row and no URL changes.
	NoLoad bool

	// Ignore names, by table, columns that are on no page: {"posts": {"views",
	// "updated_at"}}. An UPDATE that sets nothing else purges nothing, and loads nothing.
	// INSERT, upserts and DELETE count. A name that is no column of its table is an error
	// of each write to that.
	Ignore map[string][]string

	// MaxRows is how many rows of one statement are worth loading. If there are
	// more, the rule for [Table] is asked instead. If there is none, or it names
	// nothing, all of them are loaded. Default 100.
	MaxRows int

	// Select, if not nil, may add to the queries that load rows: the relations that
	// the rules need, or another lock. It tells them apart by q.GetTableName:
	//
	//	if q.GetTableName() == "posts" {
	//		q = q.Relation("Tags").For("NO KEY UPDATE OF ?TableAlias")
	//	}
	Select func(q *bun.SelectQuery) *bun.SelectQuery
}

const defaultMaxRows = 100

// Table is a model that stands for some rows of a table: it is not certain which
// have changed, or they are more than [Options].MaxRows. Its rule names whatever
// any row of the table stands on. If there is no rule, or it names nothing, everything is
// purged:
//
//	invalidate.Register(inv, func(t bunhook.Table, to *invalidate.Targets) {
//		switch t.Name {
//		case "posts":
//			to.Prefix("/blog/")
//		}
//	})
type Table struct {
	Name string // as in the statement, without quotes
}

// String returns the name.
func (t Table) String() string { return t.Name }

// unknownRows are rows of a table that are not known, if there is no rule for Table.
type unknownRows struct{ Table string }

// String returns the name of the table.
func (r unknownRows) String() string { return r.Table }
