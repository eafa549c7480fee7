package cache

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
)

// A Dependency is something that an [Event] may name and a stored response may
// have been made from: its URI, its path, a prefix of its path, the route that
// served it, a group. It is a kind and a name, "path:/blog/hello/", readable in
// the log. Make one with the functions below; names are compared byte by byte,
// so they must be canonical (package keys has the canonical form of paths and
// URIs). Long names are known by their bounded form ([Dependency.Bounded]). Only the Purge of a pagecache.Cache takes other spellings as well.
type Dependency string

// All is the dependency of every response, whatever it was made from.
const All Dependency = "all:"

// URI is the dependency of the responses of one target URI, with all variants.
// The canonical form is the one that keys.URI returns.
func URI(uri string) Dependency { return Dependency("uri:" + uri) }

// Path is the dependency of every response under one path: all hosts, query
// strings and variants. The canonical form is the one that keys.Path returns.
func Path(path string) Dependency { return Dependency("path:" + path) }

// Prefix is the dependency of every response in the subtree of path: path
// itself, with or without its last slash, and everything below it. A prefix
// covers whole segments: "/blog" and "/blog/" both cover "/blog", "/blog/" and
// "/blog/hello/", neither covers "/blogger".
func Prefix(path string) Dependency {
	return Dependency("prefix:" + strings.TrimRight(path, "/"))
}

// Group is the dependency of every response in a cache group (RFC 9875).
func Group(name string) Dependency { return Dependency("group:" + name) }

// OriginGroup is the dependency of every response in a cache group of one
// origin, which is how RFC 9875 §2 means the names that stand in responses: an
// origin can name its own groups only. Origin is the canonical host, with a port
// unless it is the default one.
func OriginGroup(origin, name string) Dependency {
	return Dependency("origin-group:" + origin + " " + name)
}

// Hash returns the number by which stored responses and views know d: the first
// 64 bits of the SHA-256 of its bounded form, the same in every process of any
// version. Two dependencies that meet in one number are purged together: too much,
// never too little.
func (d Dependency) Hash() uint64 {
	sum := sha256.Sum256([]byte(d.Bounded()))
	return binary.BigEndian.Uint64(sum[:8])
}
