package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
)

const module = "github.com/uncache/uncache/"

// arrows says which other packages of this module a package may import, and
// nothing else but the standard library: the house of docs/design.md. Packages
// that are not listed are not checked.
var arrows = map[string][]string{
	"cache":                {},
	"cache/cachetest":      {"cache"},
	"cache/coherent":       {"cache"},
	"cache/pagecache":      {"cache", "cache/coherent", "keys", "internal/httpdate", "internal/sfv"},
	"internal/httpdate":    {},
	"internal/sfv":         {},
	"keys":                 {"keys/internal/escape"},
	"keys/internal/escape": {},
	"keys/route":           {"keys/internal/escape"},
	"invalidate":           {"cache", "keys", "keys/route"},
	"backend/tiered":       {"cache"},
}

// requirements are the modules that the core module may require directly.
var requirements = []string{
	"github.com/patrickmn/go-cache",
	"github.com/redis/go-redis/v9",
}

func checkImports() error {
	var errs []error
	for name, allowed := range arrows {
		out, err := command("go", "list", "-f", `{{join .Imports "\n"}}`, module+name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for _, path := range strings.Fields(out) {
			first, _, _ := strings.Cut(path, "/")
			own := strings.TrimPrefix(path, module)
			switch {
			case strings.HasPrefix(path, module) && slices.Contains(allowed, own):
			case strings.HasPrefix(path, module):
				errs = append(errs, fmt.Errorf("%s imports %s: the arrows of docs/design.md do not point there", name, own))
			case strings.Contains(first, "."):
				errs = append(errs, fmt.Errorf("%s imports %s: it is for the standard library only", name, path))
			}
		}
	}
	return errors.Join(errs...)
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
		if !r.Indirect && !slices.Contains(requirements, r.Path) {
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
