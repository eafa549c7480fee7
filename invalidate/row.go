package invalidate

import (
	"errors"
)

// ErrUnnamed is what Options.Observe is told, wrapped, of a row as it was for which its
// rule could not name a page. The save goes on: see [Was].
var ErrUnnamed = errors.New("the row as it was has no page that can be named")

// ErrNotLoaded is what Invalidate returns, wrapped, when a rule reads a relation that
// its row has and that was not loaded.
var ErrNotLoaded = errors.New("was not loaded")

// A Row is a model with what is known of it. [Was] makes one for a model as it was, and
// adapters fill in the rest. A Row may be passed wherever a model may.
type Row struct {
	// Model is the model, or a slice of models.
	Model any

	// Was says that this is the row as it was before the save: see [Was].
	Was bool

	// Before is the row as it was, if Model is the row as it is, or nil. What the rule
	// could not name then and cannot name now is no error, since this save has not
	// caused it. It is treated as for [Was].
	Before any

	// Unloaded returns the relations that a model has and that were not loaded: the
	// foreign key is set, and the field is zero. It is asked about Model and about
	// models that its rule leads to. Nil knows of none.
	//
	// If the rule reads one of them, Invalidate returns [ErrNotLoaded] with its name.
	// To find out, it calls the rule again with a copy of the model in which the field
	// has made-up values.
	Unloaded func(model any) []Relation
}

// A Relation is a field of a model that holds a row of another table.
type Relation struct {
	// Field is its path in Go, from the model: "Category", "Edges.Author".
	Field string
	// Load says what to do to load it.
	Load string
}

// Was says that model is a row as it was before the save. Pass it beside the row as it
// is:
//
//	inv.Invalidate(ctx, invalidate.Was(old), p)
//
// A row that cannot have a page must not stop the save that repairs or deletes it. So
// these are no errors of model, nor of models that its rule leads to:
//
//   - An empty value, a dot segment or a nil value names nothing: there was no page.
//   - Any other value that cannot be named purges everything. So does a panic of the
//     rule.
//
// Options.Observe hears of both ([ErrUnnamed]). What is wrong for every row stays an
// error: a type without a rule, an empty Route or a wrong number of values,
// [ErrNotLoaded].
func Was(model any) Row { return Row{Model: model, Was: true} }
