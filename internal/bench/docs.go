package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// writeDocs puts the sections into dir/performance.md, each between the two
// comments that bear its name, and the graphs into dir/performance. What else
// the file says stays.
func (r *report) writeDocs(dir, machine string) error {
	file := filepath.Join(dir, "performance.md")
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	text := string(old)
	for _, s := range r.sections {
		var b strings.Builder
		s.markdown(&b)
		fmt.Fprintf(&b, "\n*%s*\n", machine)
		if text, err = replace(text, s.name, b.String()); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	graphs := filepath.Join(dir, "performance")
	if err := os.MkdirAll(graphs, 0o755); err != nil {
		return err
	}
	var errs []error
	for _, s := range r.sections {
		for _, g := range s.graphs {
			errs = append(errs, os.WriteFile(filepath.Join(graphs, g.file+".svg"), []byte(g.svg()), 0o644))
		}
	}
	errs = append(errs, os.WriteFile(file, []byte(text), 0o644))
	return errors.Join(errs...)
}

// replace puts text between the comments of a section.
func replace(text, name, by string) (string, error) {
	begin, end := "<!-- begin "+name+" -->\n", "<!-- end "+name+" -->"
	before, rest, ok := strings.Cut(text, begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return "", fmt.Errorf("there is no %q before %q to write between", strings.TrimSpace(begin), end)
	}
	return before + begin + by + end + after, nil
}
