package cache

import (
	"crypto/sha256"
	"io"
	"strings"
)

// AppendPathDependencies appends to deps what a response under path depends on
// because of that path: Path(path), and Prefix of it and of each of its parents.
// Where path has encoded slashes, the same of its decoded form follows
// ([Dependency.Decoded]).
//
// The names are bounded ([Dependency.Bounded]): the work grows with the length of
// the path, and the memory with its depth, never with both at once.
func AppendPathDependencies(deps []Dependency, path string) []Dependency {
	deps = appendPathDependencies(deps, path)
	if decoded, ok := decodedPath(path); ok {
		deps = appendPathDependencies(deps, decoded)
	}
	return deps
}

func appendPathDependencies(deps []Dependency, path string) []Dependency {
	deps = append(deps, Path(path).Bounded())
	p := prefixes{path: strings.TrimRight(path, "/")}
	for i := range len(p.path) {
		if p.path[i] == '/' && (i == 0 || p.path[i-1] != '/') {
			deps = append(deps, p.upTo(i))
		}
	}
	return append(deps, p.upTo(len(p.path)))
}

// prefixes makes the prefix dependencies of a path, the shortest first. Those that
// are long begin alike, and each digest goes on where the last one ended.
type prefixes struct {
	path   string
	head   Dependency // of the long ones
	digest interface {
		io.Writer
		Sum(b []byte) []byte
	}
	done int // how much of path is in digest
}

// upTo returns the dependency Prefix(path[:n]).Bounded(). The path has no slash
// before n.
func (p *prefixes) upTo(n int) Dependency {
	d := Prefix("")
	if len(d)+n <= MaxDependency {
		return Prefix(p.path[:n])
	}
	if p.digest == nil {
		p.head = head(Prefix(p.path[:n]))
		p.digest = sha256.New()
		_, _ = io.WriteString(p.digest, string(d)) // a hash returns no error
	}
	_, _ = io.WriteString(p.digest, p.path[p.done:n])
	p.done = n
	return boundedBy(p.head, p.digest.Sum(nil))
}
