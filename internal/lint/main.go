// Command lint checks what vet and staticcheck do not know of this repository:
// which packages may import what, that every exported identifier says what it
// does, that every public package has an example, and that the core module
// stays as small as promised. It is part of "make lint".
package main

import (
	"errors"
	"fmt"
	"os"
)

func main() {
	err := errors.Join(checkImports(), checkRequirements(), checkDocs(), checkReadme())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
