// Package held is what a store in this process's memory tells the Go values that it keeps.
//
// A value that knows when it leaves can be reached by other ways than its key, and they end
// when it leaves.
package held

// A Value is told what becomes of it. The store may hold a lock: no method calls the store,
// but to look something up.
type Value interface {
	// Entered says that the value is about to be stored. A store that calls Entered
	// calls Left, too.
	Entered()

	// Left says that the value is not stored any more, or about to be replaced by next,
	// which is nil if nothing takes its place.
	Left(next any)

	// Used reports whether the value was used since the last call, otherwise than by its
	// key.
	Used() bool
}
