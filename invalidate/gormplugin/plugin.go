package gormplugin

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/integrate"
	"gorm.io/gorm"
)

// Options configures a [Plugin]. The zero value is the default.
type Options struct {
	// Preload names, by table, the associations that the rules of its models read:
	// {"posts": {"Tags", "Author"}}. Rows that the plugin loads are loaded with them.
	// Rows that were saved are loaded again.
	Preload map[string][]string

	// Ignore names, by table, columns that are on no page: {"posts": {"views",
	// "updated_at"}}. An update whose statement sets nothing else purges nothing, and
	// loads nothing. An update that sets others too, such as Save, counts. So does
	// every insert, upsert and delete. Update also sets updated_at, UpdateColumn does
	// not. A name that is no column of its table is an error of each write to that
	// table.
	Ignore map[string][]string

	// MaxRows is how many rows of one update or delete are loaded, to ask the rules
	// about each. If there are more, the rule for the [Table] is asked instead. If that
	// names nothing, everything is purged. Default 10,000.
	MaxRows int

	// Strict makes a write an error ([invalidate.ErrNoRule]), before anything is
	// written, if neither its model nor its [Table] has a rule. Join tables need none.
	Strict bool

	// Failed is told of every [*invalidate.PurgeError] after a save that has committed.
	// If it is nil, that is added to db.Error, unless it is [invalidate.ErrKept].
	// Failed is called from many goroutines at once.
	Failed func(ctx context.Context, err error)
}

const defaultMaxRows = 10_000

// A Plugin invalidates what GORM saves. It is safe for concurrent use, and for several
// databases.
type Plugin struct {
	inv    *invalidate.Invalidator
	opts   Options
	unique uniqueKeys
	ignore sync.Map // by schema: what is wrong with Options.Ignore
}

var _ gorm.Plugin = (*Plugin)(nil)

// A Table is a model that stands for rows of the table with this name that are not
// known one by one. Its rule names whatever may show any row of the table, and nothing
// for tables that it does not know:
//
//	invalidate.Register(inv, func(t gormplugin.Table, to *invalidate.Targets) {
//		if t == "posts" {
//			to.Prefix("/blog/")
//		}
//	})
//
// The rule is asked when a write by GORM has no model ([gorm.DB.Table]), or a model
// without a rule, or touches more rows than Options.MaxRows. It is also asked for a
// Table that [Changes] names.
type Table string

// unknownRows are rows of a table that has a rule for its models, but none for the
// Table.
type unknownRows string

// ErrForeignTx is what a write in a transaction returns, wrapped, before anything is
// written, if the plugin cannot learn how that transaction ends: GORM was given a
// *sql.Conn or *sql.Tx. If the context carries a batch ([invalidate.WithBatch]) it is
// no error: the write is queued there.
var ErrForeignTx = errors.New("the transaction was begun without the plugin, and the context carries no batch")

// New returns a plugin that tells inv what is saved. A nil opts means the defaults.
//
// New panics if inv is nil or an option makes no sense. The panic names the option.
func New(inv *invalidate.Invalidator, opts *Options) *Plugin {
	if inv == nil {
		panic("gormplugin: New: the Invalidator is nil")
	}
	p := &Plugin{inv: inv}
	if opts != nil {
		p.opts = *opts
	}
	for table, columns := range p.opts.Ignore {
		if table == "" || slices.Contains(columns, "") {
			panic(fmt.Sprintf("gormplugin: Options.Ignore[%q]: %q has an empty name", table, columns))
		}
	}
	if p.opts.MaxRows < 0 {
		panic(fmt.Sprintf("gormplugin: Options.MaxRows: %d is negative", p.opts.MaxRows))
	}
	if p.opts.MaxRows == 0 {
		p.opts.MaxRows = defaultMaxRows
	}
	if !inv.Registered(reflect.TypeFor[unknownRows]()) {
		invalidate.Register(inv, func(_ unknownRows, to *invalidate.Targets) { to.All() })
	}
	return p
}

// Name returns the name under which GORM knows the plugin.
func (p *Plugin) Name() string { return "uncache" }

// Initialize is called by [gorm.DB.Use]. Call that right after [gorm.Open]: a *gorm.DB
// that was derived before begins its transactions without the plugin.
func (p *Plugin) Initialize(db *gorm.DB) error {
	db.ConnPool = p.wrap(db.ConnPool, db.Name())
	db.Statement.ConnPool = p.wrap(db.Statement.ConnPool, db.Name())
	return p.register(db)
}

// register puts the plugin's callbacks between those of GORM. The names after Before
// are GORM's own. If one is missing, as those of transactions are under
// SkipDefaultTransaction, the callback stays at the end, where it was registered.
func (p *Plugin) register(db *gorm.DB) error {
	create, update, del := db.Callback().Create(), db.Callback().Update(), db.Callback().Delete()
	query, raw := db.Callback().Query(), db.Callback().Raw()
	const begin, commit = "gorm:begin_transaction", "gorm:commit_or_rollback_transaction"
	return errors.Join(
		create.Before(begin).Register("uncache:wrap", p.wrapStatement),
		create.Before("gorm:before_create").Register("uncache:enter", enter),
		create.Before("gorm:create").Register("uncache:before", p.before(inserts, p.beforeCreate)),
		create.Before("gorm:save_after_associations").Register("uncache:done", done),
		create.Before(commit).Register("uncache:after", p.after(p.afterCreate)),
		create.After(commit).Register("uncache:leave", leave),

		update.Before(begin).Register("uncache:wrap", p.wrapStatement),
		update.Before("gorm:before_update").Register("uncache:enter", enter),
		update.Before("gorm:save_before_associations").Register("uncache:before", p.before(updates, p.beforeUpdate)),
		update.Before("gorm:save_after_associations").Register("uncache:done", done),
		update.Before(commit).Register("uncache:after", p.after(p.afterUpdate)),
		update.After(commit).Register("uncache:leave", leave),

		// Before the associations are deleted, which Preload may ask for.
		del.Before(begin).Register("uncache:wrap", p.wrapStatement),
		del.Before("gorm:before_delete").Register("uncache:enter", enter),
		del.Before("gorm:delete_before_associations").Register("uncache:before", p.before(deletes, p.beforeDelete)),
		del.Before("gorm:after_delete").Register("uncache:done", done),
		del.Before(commit).Register("uncache:after", p.after(p.afterDelete)),
		del.After(commit).Register("uncache:leave", leave),

		query.Before("gorm:query").Register("uncache:enter", enter),
		query.After("gorm:after_query").Register("uncache:leave", leave),

		raw.Before("gorm:raw").Register("uncache:before", p.beforeRaw),
		raw.After("gorm:raw").Register("uncache:after", p.afterRaw),
	)
}

// purged returns what the caller is told of err, which a purge after COMMIT returned.
func (p *Plugin) purged(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case p.opts.Failed != nil:
		p.opts.Failed(ctx, err)
		return nil
	case errors.Is(err, invalidate.ErrKept) && len(invalidate.Unpurged(err)) == 0:
		// The row is saved, and its purge cannot be lost. In db.Error it would look
		// like a save that failed.
		return nil
	}
	return err
}

// wrap returns c as a pool, in the form in which GORM looks for it: prepared statements
// outside. It returns a transaction, and nil, as it is.
func (p *Plugin) wrap(c gorm.ConnPool, dialect string) gorm.ConnPool {
	switch c := c.(type) {
	case nil, *pool, gorm.TxCommitter:
		return c
	case *gorm.PreparedStmtDB:
		inner := p.wrap(c.ConnPool, dialect)
		if inner == c.ConnPool {
			return c
		}
		return &gorm.PreparedStmtDB{ConnPool: inner, Stmts: c.Stmts, Mux: c.Mux}
	}
	return &pool{c, p, dialect == "mysql"}
}

// invalidate queues models in the transaction of db, or purges them if there is none.
func (p *Plugin) invalidate(db *gorm.DB, models []any) error {
	ctx := db.Statement.Context
	if t := txOf(db.Statement.ConnPool); t != nil {
		return p.inv.Invalidate(t.within(ctx), models...)
	}
	if foreign(db.Statement.ConnPool) {
		return p.inv.Invalidate(ctx, models...)
	}
	// What has committed by itself is purged at once.
	batch := integrate.NewBatch(ctx)
	err := p.inv.Invalidate(integrate.WithBatch(ctx, batch), models...)
	return errors.Join(err, p.purged(ctx, batch.Flush(ctx)))
}
