package django

// Layout is a form that the keys of Django's page cache had in some of
// its releases.
type Layout int

// The layouts, by the first release that has them. Those before Layout17 are
// those of Python 2, and were established for paths that are UTF-8. Layout17 and
// Layout60 hash header values that are not ASCII as Django does on Python 3.
const (
	Layout60  Layout = iota // 6.0 and later: as 1.7, but for cookies over ASGI
	Layout17                // 1.7 to 5.2: method, digest of the absolute URI
	Layout16                // 1.6: as 1.4, but for Accept-Language
	Layout14                // 1.4 and 1.5: as 1.3, and the time zone
	Layout13                // 1.3: method, digest of path and query
	Layout12                // 1.2: digest of the path, language
	Layout103               // 1.0.3 to 1.1: digest of the path
	Layout10                // 1.0 to 1.0.2: the path, percent-encoded
	Layout096               // 0.96 and before: the path, byte for byte
)

// Join is a way of joining the values of selecting header fields before
// they are hashed.
type Join int

// The ways, by the releases that have them.
const (
	// JoinConcat (up to 5.2.18 and 6.0.9) joins with nothing between; a field
	// that is absent adds nothing.
	JoinConcat Join = iota
	// JoinConcatMark (5.2.19 and later 5.2, 6.0.10 and later 6.0, and what
	// distributions patched accordingly) does the same, but an absent field adds
	// "-,".
	JoinConcatMark
	// JoinLengths (6.1.0 to 6.1.2) adds "LENGTH:VALUE," for each field, "0:,"
	// for an absent one.
	JoinLengths
	// JoinLengthsMark (6.1.3 and later) does the same, but an absent field
	// adds "-,". It was inferred from its description, not seen running.
	JoinLengthsMark
)

// since61 reports whether the site is of Django 6.1 or later, which joins header
// values in its own way.
func (s *Site) since61() bool { return s.Join == JoinLengths || s.Join == JoinLengthsMark }
