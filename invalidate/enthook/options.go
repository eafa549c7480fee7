package enthook

import (
	"context"
	"fmt"
	"reflect"

	"entgo.io/ent"
)

// Options configures a [Driver].
type Options struct {
	// Failed is told of errors after COMMIT: the rows are saved, but their pages were
	// not purged, or the outbox keeps the purge ([invalidate.ErrKept]). The save has
	// not failed, so it does not return them. err is, or contains,
	// [*invalidate.PurgeError]s, whose events [invalidate.Unpurged] lists. Failed may
	// be called from many goroutines at once. Required.
	Failed func(ctx context.Context, err error)

	// Strict makes it an error to save an entity without a rule: errors.Is(err,
	// [invalidate.ErrNoRule]) is true. By default such an entity is ignored.
	Strict bool

	// Ignore names, by type, fields that are on no page: {"Post": {"views",
	// "updated_at"}}. An update that sets nothing else, and no edge, purges nothing,
	// and loads nothing. Creates, upserts and deletes count. A name that is no field of
	// its type is an error of each save of that type. Do not name a field that marks
	// rows as deleted.
	Ignore map[string][]string

	// MaxRows is how many rows of one update or delete are worth loading. If there are
	// more, the rule for [Rows] is asked instead. If there is none, or it names
	// nothing, all of them are loaded. Default 100.
	MaxRows int
}

const defaultMaxRows = 100

// Rows is a model that stands for some rows of a type: more than [Options].MaxRows of
// them have changed, or nobody knows which. Its rule names whatever may show any row of
// that type. If there is no rule, or it names nothing, everything is purged:
//
//	invalidate.Register(inv, func(r enthook.Rows, to *invalidate.Targets) {
//		switch r.Type {
//		case gen.TypePost:
//			to.Prefix("/blog/")
//		}
//	})
type Rows struct {
	Type string // as in the schema: "Post"
}

// String returns the name of the type.
func (r Rows) String() string { return r.Type }

// unknownRows are rows of a type that are not known, if there is no rule for Rows.
type unknownRows struct{ Type string }

// String returns the name of the type.
func (r unknownRows) String() string { return r.Type }

// A Mutation is what ent generates for a type whose IDs are of type ID.
type Mutation[ID any] interface {
	ent.Mutation
	// ID returns the ID of the one entity that is saved, if it is known.
	ID() (ID, bool)
	// IDs returns those of the rows that the mutation is going to change.
	IDs(ctx context.Context) ([]ID, error)
}

// Load says how to load what the mutations of type M change, instead of what
// [Driver.Hook] does: with the edges that the rules need, in one query, with a lock.
//
//	enthook.Load(drv, func(ctx context.Context, m *gen.PostMutation, ids []int) ([]*gen.Post, error) {
//		return m.Client().Post.Query().Where(post.IDIn(ids...)).WithTags().All(ctx)
//	})
//
// load is called before the rows change, unless they are created, and after, unless
// they are deleted. It gets the IDs that the mutation had before, and runs in its
// transaction with the context of the save. It is no error if it does not find some. T
// may be any, for models of several types: those shown with the row, or the other ends
// of m's edges.
//
// Load panics if M has a load function already. Call it before the first save.
func Load[M Mutation[ID], ID, T any](d *Driver, load func(ctx context.Context, m M, ids []ID) ([]T, error)) {
	typ := reflect.TypeFor[M]()
	if _, ok := d.loaders[typ]; ok {
		panic(fmt.Sprintf("enthook: Load: %v has a load function already", typ))
	}
	d.loaders[typ] = typedLoader[M, ID, T](load)
}
