package main

import (
	"errors"
	"os"
	"strings"
)

// checkReadme holds the program of the README to examples/hello, which is
// compiled.
func checkReadme() error {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		return err
	}
	program, err := os.ReadFile("examples/hello/main.go")
	if err != nil {
		return err
	}
	_, code, ok := strings.Cut(string(program), "\npackage main\n")
	if !ok || !strings.Contains(string(readme), "```go\npackage main\n"+code+"```\n") {
		return errors.New("the program in README.md is not that of examples/hello/main.go")
	}
	return nil
}
