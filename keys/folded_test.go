package keys_test

import (
	"net/http"
	"testing"
)

// RFC 9111 §4.1: values that mean the same may be taken for the same.
func TestVariantsOfLists(t *testing.T) {
	b := newBuilder(t, nil)
	variant := func(name string, lines ...string) string {
		return string(b.AppendVariant(nil, []byte("key"), []string{name}, http.Header{name: lines}))
	}
	for _, name := range []string{"Accept-Language", "Accept-Encoding"} {
		for _, same := range [][]string{
			{"en,de;q=0.5"}, {"en, de;q=0.5"}, {" EN ,\tde ; Q=0.5 "}, {"en", "de;q=0.5"}, {"En ", " De; q=0.5"},
		} {
			if variant(name, same...) != variant(name, "en,de;q=0.5") {
				t.Errorf("%s: %q selects something else", name, same)
			}
		}
		for _, other := range [][]string{
			{"de;q=0.5,en"}, {"en de;q=0.5"}, {"ende;q=0.5"}, {"en;de;q=0.5"}, {"en,de"}, {"en,,de;q=0.5"}, {""}, nil, {"en,de;q=0.50"},
		} {
			if variant(name, other...) == variant(name, "en,de;q=0.5") {
				t.Errorf("%s: %q selects the same", name, other)
			}
		}
		if variant(name) == variant(name, "") {
			t.Errorf("%s: absent is empty", name)
		}
	}
	if variant("X-A", "a") == variant("X-A", "A") || variant("X-A", "a,b") == variant("X-A", "a, b") {
		t.Error("what a field means that is not known was guessed")
	}
	two := []string{"Accept-Language", "X-A"}
	one := b.AppendVariant(nil, []byte("key"), two, http.Header{"Accept-Language": {"a"}, "X-A": {"b"}})
	if string(one) == string(b.AppendVariant(nil, []byte("key"), two, http.Header{"Accept-Language": {"a,b"}, "X-A": nil})) {
		t.Error("a value moved from one field to the next")
	}
}
