package cache

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode/utf8"
)

const (
	// MaxDependency is how long the bounded form of a dependency is at most, in
	// bytes. See [Dependency.Bounded].
	MaxDependency = 512

	// MaxNote is how long the Reason and the Origin of an event in a log are at
	// most, in bytes. See [Event.Bounded].
	MaxNote = 256

	// MaxEvent is how many dependencies an event in a log names at most. A purge
	// that names more is several events: a log keeps and sends an event whole, and
	// each reader holds it in memory.
	MaxEvent = 10_000

	// MaxEventBytes is how long the dependencies of an event are together at most,
	// unless a single one is longer. In an outbox an event is an argument of one
	// statement, which MySQL refuses beyond max_allowed_packet.
	MaxEventBytes = 4 << 20

	digestLen = 32 // 128 bits in hexadecimal
)

// Bounded returns d, or if d is longer than [MaxDependency] a name of that length:
// the beginning of d, "|", and a digest of the whole. What is bounded already stays
// as it is.
//
// Names come from URLs that anybody can send. Logs hold bounded names only, and
// [Dependency.Hash] is that of the bounded form. So a stored response that names
// something long is found by an event with the bounded name.
func (d Dependency) Bounded() Dependency {
	if len(d) <= MaxDependency {
		return d
	}
	sum := sha256.Sum256([]byte(d))
	return boundedBy(head(d), sum[:])
}

// head is what the bounded form of a long name begins with. It shares the memory
// of d.
func head(d Dependency) Dependency { return d[:cutAt(d, MaxDependency-1-digestLen)] }

// boundedBy returns the bounded form of a name that has a SHA-256. It shares no
// memory with the name.
func boundedBy(head Dependency, sum []byte) Dependency {
	b := make([]byte, 0, MaxDependency)
	b = append(b, head...)
	b = append(b, '|')
	return Dependency(hex.AppendEncode(b, sum[:digestLen/2]))
}

// cutAt returns n, or a little less where a character would be cut in two.
func cutAt[T ~string](s T, n int) int {
	for i := range utf8.UTFMax {
		if utf8.RuneStart(s[n-i]) {
			return n - i
		}
	}
	return n // that is no text
}

// Bounded returns e as a log may be given it: each dependency is
// [Dependency.Bounded], and Reason and Origin end at [MaxNote] bytes. It shares no
// memory with what it cuts. Package coherent appends nothing else.
func (e Event) Bounded() Event {
	own := false // whether e.Dependencies is a copy
	for i, d := range e.Dependencies {
		if len(d) <= MaxDependency {
			continue
		}
		if !own {
			own, e.Dependencies = true, append([]Dependency(nil), e.Dependencies...)
		}
		e.Dependencies[i] = d.Bounded()
	}
	e.Reason, e.Origin = boundedNote(e.Reason), boundedNote(e.Origin)
	return e
}

func boundedNote(s string) string {
	if len(s) <= MaxNote {
		return s
	}
	return strings.Clone(s[:cutAt(s, MaxNote)])
}
