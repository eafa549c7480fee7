package outbox

import "strconv"

// maxNote bounds what people may read in a row, in bytes.
const maxNote = 512

// note makes a line of ASCII of s, for a column that people read. What is not
// printable ASCII is written as in Go's source: a save must not fail because its
// reason has a character that the database's encoding has not, or a NUL.
func note(s string) string {
	if len(s) > maxNote {
		s = s[:maxNote]
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			q := strconv.QuoteToASCII(s)
			s = q[1 : len(q)-1]
			break
		}
	}
	if len(s) > maxNote {
		s = s[:maxNote-3] + "..."
	}
	return s
}
