// Package named tells the names that a person wrote from those that were made of
// values. A person who writes "/blog/*" means a pattern, and has to hear that there
// are none. The same path made of the slug "*" is a page: data must not be an error.
package named

import (
	"fmt"
	"strings"
)

// CheckPath returns an error that says what to write in place of a path that is a
// pattern, and nil for any other.
func CheckPath(path string) error {
	switch {
	case strings.Contains(path, "{") && strings.Contains(path, "}"):
		return fmt.Errorf("%q is a pattern: Route names all that it served (a brace that is one is written %%7B)", path)
	case strings.HasSuffix(path, "*"):
		return fmt.Errorf("%q is a pattern: Prefix names a subtree, by its path alone (a star that is one is written %%2A)", path)
	}
	return nil
}
