// Package option words the refusal of an option in one way for all packages:
//
//	memory: Options.MaxEntries: -1 is negative
//	keys: Options.Query: "page=1": want the name of one parameter alone, as in "page"
//	coherent: New: the backend is nil
//
// A constructor that returns an error returns one of [Errorf]. A constructor that
// does not panics with the same words.
package option

import "fmt"

// Errorf returns an error with the text that fmt.Errorf makes. errors.Is finds kind
// in it, the ErrOptions of a package; the text of kind is left out.
func Errorf(kind error, format string, args ...any) error {
	return refusal{fmt.Errorf(format, args...), kind}
}

type refusal struct {
	error
	kind error
}

func (r refusal) Unwrap() []error { return []error{r.error, r.kind} }
