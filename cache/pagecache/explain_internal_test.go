package pagecache

import "testing"

// Each reason is said in a sentence.
func TestReasonsHaveSentences(t *testing.T) {
	all := reasonsInSource(t)
	for r := range all {
		if sentence(reason(r)) == "" {
			t.Errorf("%q has no sentence", r)
		}
	}
	for r := range sentences {
		if !all[string(r)] {
			t.Errorf("there is a sentence for %q, which is no reason", r)
		}
	}
}
