package find

import (
	"strings"

	"github.com/uncache/uncache/cache/pagecache/internal/stored"
)

// A selection is what a [stored.Selection] is known by.
type selection struct {
	by    uint32
	lines [maxSelecting]string
	there [maxSelecting]bool
}

// are reports whether s, of n fields, has the values of other.
func (s *selecting) are(other *stored.Selection, n int) bool {
	for i := range n {
		if s.there[i] != other.There[i] || s.lines[i] != other.Lines[i] {
			return false
		}
	}
	return true
}

// share returns the selection that leads share, or nil if there are too many.
func (t *leads) share(of selection) *stored.Selection {
	size := 0
	for _, line := range of.lines {
		size += len(line)
	}
	if size > maxLine {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.selections[of]
	if s == nil {
		if len(t.selections) >= maxSelections {
			return nil
		}
		for i := range of.lines { // they may be parts of something large
			of.lines[i] = strings.Clone(of.lines[i])
		}
		s = &stored.Selection{Table: t, By: of.by, Lines: of.lines, There: of.there}
		t.selections[of] = s
	}
	s.Users++
	return s
}

// release ends one use of a selection.
func (t *leads) release(s *stored.Selection) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.Users--; s.Users == 0 {
		delete(t.selections, selection{s.By, s.Lines, s.There})
	}
}
