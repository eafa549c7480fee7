package bunhook

import (
	"context"

	"github.com/uptrace/bun"
)

// Options configures a [Hook].
type Options struct {
	// Failed is told what cannot be returned to the caller that saved: a purge after
	// COMMIT that failed, or that the outbox keeps ([invalidate.ErrKept]), and without
	// [Hook.InTx] the errors of rules. The rows are saved. err is, or contains,
	// [*invalidate.PurgeError]s, whose events [invalidate.Unpurged] lists. Failed may
	// be called from many goroutines at once. Required.
	Failed func(ctx context.Context, err error)

	// Strict makes it an error to save a model without a rule: errors.Is(err,
	// [invalidate.ErrNoRule]) is true. By default such a model is ignored.
	Strict bool

	// NoLoad leaves out the queries that load rows for an UPDATE or DELETE by primary
	// key, or an upsert, as they were and as they are. Rules are then asked about the
	// model as it was passed. That is enough where it is always the whole row and no
	// URL changes.
	NoLoad bool

	// Ignore names, by table, columns that are on no page: {"posts": {"views",
	// "updated_at"}}. An UPDATE that sets nothing else purges nothing, and loads
	// nothing. INSERT, upserts and DELETE count. A name that is no column of its table
	// is an error of each write to that table.
	Ignore map[string][]string

	// MaxRows is how many rows of one statement are worth loading. If there are more,
	// the rule for [Table] is asked instead. If there is none, or it names nothing, all
	// of them are loaded. Default 100.
	MaxRows int

	// Select may add to the queries that load rows: the relations that the rules need,
	// or another lock. It tells the queries apart by q.GetTableName. Nil adds nothing.
	//
	//	if q.GetTableName() == "posts" {
	//		q = q.Relation("Tags").For("NO KEY UPDATE OF ?TableAlias")
	//	}
	Select func(q *bun.SelectQuery) *bun.SelectQuery
}

const defaultMaxRows = 100

// Table is a model that stands for some rows of a table: nobody knows which have
// changed, or they are more than [Options].MaxRows. Its rule names whatever may show
// any row of the table. If there is no rule, or it names nothing, everything is purged:
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
