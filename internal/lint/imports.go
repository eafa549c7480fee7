package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const module = "github.com/uncache/uncache/"

// arrows says which other packages of this module, or modules, a package may
// import beside the standard library: the house of docs/design.md. Every
// package of the core module has a line.
var arrows = table(`
cache: internal/isnil
cache/cachetest: cache internal/panics
cache/coherent: cache cache/internal/engine internal/figures internal/logs
cache/internal/engine: cache internal/alongside internal/figures internal/held internal/instance internal/isnil internal/option internal/panics
cache/internal/enginetest: cache
cache/pagecache: cache cache/coherent cache/internal/engine cache/pagecache/internal/background cache/pagecache/internal/find cache/pagecache/internal/rfc9111 cache/pagecache/internal/stored keys keys/route internal/cookie internal/figures internal/httpdate internal/isnil internal/logs internal/named internal/option internal/panics internal/sfv
cache/pagecache/internal/background: cache cache/pagecache/internal/rfc9111 keys internal/panics
cache/pagecache/internal/find: cache cache/internal/engine cache/pagecache/internal/rfc9111 cache/pagecache/internal/stored keys internal/cookie
cache/pagecache/internal/rfc9111: internal/httpdate internal/sfv
cache/pagecache/internal/stored: cache/internal/engine cache/pagecache/internal/rfc9111 internal/figures internal/httpdate
keys: keys/internal/escape internal/cookie internal/option
keys/django: keys keys/internal/escape internal/glob
keys/internal/escape:
keys/route: keys/internal/escape
invalidate: cache keys keys/route internal/figures internal/instance internal/isnil internal/named internal/panics internal/repeat invalidate/internal/batch
cmd/uncache: backend/rediscache cache cache/coherent cache/pagecache internal/byhand invalidate invalidate/outbox keys keys/route github.com/redis/go-redis/v9
invalidate/admin: cache cache/pagecache internal/byhand internal/isnil internal/option internal/panics invalidate invalidate/outbox keys keys/route
invalidate/connector: invalidate invalidate/integrate
invalidate/integrate: invalidate invalidate/internal/batch
invalidate/outbox: cache invalidate internal/figures internal/isnil internal/option internal/panics internal/repeat
backend/memory: cache internal/held github.com/patrickmn/go-cache
backend/rediscache: cache internal/alongside internal/glob internal/option internal/panics github.com/redis/go-redis/v9
backend/tiered: cache internal/isnil internal/option
internal/alongside:
internal/byhand: invalidate keys/route
internal/cookie:
internal/dbtest:
internal/figures: cache
internal/glob:
internal/held:
internal/httpdate:
internal/instance:
internal/isnil:
internal/logs:
internal/lint:
internal/named:
internal/netproxy:
internal/option:
internal/panics: cache
internal/redistest: internal/netproxy github.com/redis/go-redis/v9
internal/pgtest:
internal/repeat:
internal/scale: backend/rediscache cache internal/redistest github.com/redis/go-redis/v9
internal/sfv:
invalidate/internal/batch: cache
invalidate/internal/condition:
invalidate/internal/invtest: cache invalidate invalidate/outbox
invalidate/internal/assigned:
`)

// table parses lines of a name, a colon and words.
func table(text string) map[string][]string {
	rows := make(map[string][]string)
	for line := range strings.Lines(strings.TrimSpace(text)) {
		name, words, _ := strings.Cut(line, ":")
		rows[name] = strings.Fields(words)
	}
	return rows
}

// requirements are the modules that the core module may require directly.
var requirements = []string{
	"github.com/patrickmn/go-cache",
	"github.com/redis/go-redis/v9",
}

// testRequirements are modules that the core module may require for the tests
// of the packages named, and for nothing else: no user's program contains them.
var testRequirements = map[string][]string{
	"github.com/alicebob/miniredis/v2": {"backend/rediscache"},
}

func checkImports() error {
	out, err := command("go", "list", "-f", "{{.ImportPath}} {{.Dir}}", "./...")
	if err != nil {
		return err
	}
	var errs []error
	for line := range strings.Lines(out) {
		path, dir, _ := strings.Cut(strings.TrimSpace(line), " ")
		name := strings.TrimPrefix(path, module)
		allowed, ok := arrows[name]
		if !ok {
			errs = append(errs, fmt.Errorf("%s is not among the arrows of internal/lint: say what it may import", name))
			continue
		}
		errs = append(errs, checkFiles(name, dir, allowed))
	}
	return errors.Join(errs...)
}

// checkFiles reads the files, and does not ask go list, which sees those for
// one operating system.
func checkFiles(name, dir string, allowed []string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return err
	}
	var errs []error
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range f.Imports {
			path := strings.Trim(spec.Path.Value, `"`)
			if strings.HasSuffix(file, "_test.go") {
				if mod := testModule(path); mod != "" && !slices.Contains(testRequirements[mod], name) {
					errs = append(errs, fmt.Errorf("%s: tests of %s may not import %s", file, name, path))
				}
				continue
			}
			first, _, _ := strings.Cut(path, "/")
			if strings.Contains(first, ".") && !slices.Contains(allowed, strings.TrimPrefix(path, module)) {
				errs = append(errs, fmt.Errorf("%s: %s may not import %s", file, name, path))
			}
		}
	}
	return errors.Join(errs...)
}

// testModule returns the module among testRequirements that a package belongs
// to, or "".
func testModule(path string) string {
	for mod := range testRequirements {
		if path == mod || strings.HasPrefix(path, mod+"/") {
			return mod
		}
	}
	return ""
}

func checkRequirements() error {
	out, err := command("go", "mod", "edit", "-json")
	if err != nil {
		return err
	}
	var mod struct {
		Go      string
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	if err := json.Unmarshal([]byte(out), &mod); err != nil {
		return fmt.Errorf("go.mod: %w", err)
	}
	var errs []error
	if mod.Go != "1.25.0" {
		errs = append(errs, fmt.Errorf("go.mod says go %s: every importer would be forced to it, want 1.25.0", mod.Go))
	}
	for _, r := range mod.Require {
		if !r.Indirect && !slices.Contains(requirements, r.Path) && testRequirements[r.Path] == nil {
			errs = append(errs, fmt.Errorf("go.mod requires %s: put what needs it into a module of its own", r.Path))
		}
	}
	return errors.Join(errs...)
}

func command(name string, args ...string) (string, error) {
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		return "", fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return string(out), nil
}
