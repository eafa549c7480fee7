package glob_test

import (
	"testing"

	"github.com/uncache/uncache/internal/glob"
)

func TestEscape(t *testing.T) {
	for s, want := range map[string]string{"": "", "a:b": "a:b", "*": `\*`, "[a]?": `\[a\]\?`, `\*`: `\\\*`} {
		if got := glob.Escape(s); got != want {
			t.Errorf("Escape(%q) = %q, want %q", s, got, want)
		}
	}
}
