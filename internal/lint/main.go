// Command lint checks what vet and staticcheck do not know of this repository:
// which packages may import what, that every exported identifier says what it
// does, that every public package has an example, that comments, errors, names and
// pages are plain and short, and that the core module stays as small as promised. It
// is part of "make lint".
//
// With -count it writes how much there is of everything, of the tree below -dir.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
)

// proseFails is whether a place that reads badly is an error.
const proseFails = true

func main() {
	counts := flag.Bool("count", false, "write how much there is of everything, and check nothing")
	dir := flag.String("dir", ".", "with -count: the tree to count, which may be an older one")
	flag.Parse()
	if err := run(*counts, *dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(counts bool, dir string) error {
	if counts {
		return count(os.Stdout, dir)
	}
	errs := []error{checkImports(), checkRequirements(), checkDocs(), checkReadme()}
	if proseFails {
		errs = append(errs, checkProse())
	}
	return errors.Join(errs...)
}
