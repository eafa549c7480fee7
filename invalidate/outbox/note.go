package outbox

import "strconv"

// maxNote is how long a text for people may be in a row, in bytes.
const maxNote = 512

// note makes one line of ASCII of s, for a column that people read. Other characters
// are written as in Go's source. A save must not fail because the database's encoding
// lacks a character of its reason, or because of a NUL.
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
