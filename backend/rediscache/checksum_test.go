package rediscache

import (
	"fmt"
	"testing"
)

// A hit parses the head: that must not allocate.
func TestParseHeadAllocatesNothing(t *testing.T) {
	const id = "0123456789abcdef0123456789abcdef01234567"
	s, made := Head(1796073953348801, id, 4096), checkID(id)
	allocs := testing.AllocsPerRun(100, func() {
		if h, ok := parseHead(s, id, made); !ok || h.pos != 1796073953348801 || h.total != 4096 {
			t.Fatalf("parseHead(%q) = %+v, %v", s, h, ok)
		}
	})
	if allocs != 0 {
		t.Errorf("parseHead allocates %v times, want 0", allocs)
	}
}

// Any other digit, in any place, makes another number; a head cut short is none.
func TestParseHeadFindsEveryChangedDigit(t *testing.T) {
	for _, id := range []string{"0123456789abcdef0123456789abcdef01234567", hidden} {
		s := Head(1796073953348801, id, 987654321)
		if _, ok := parseHead(s, "", 0); !ok {
			t.Fatalf("parseHead(%q): want it to be right", s)
		}
		for i := range s {
			for _, c := range "0123456789abcdef -" {
				if changed := s[:i] + string(c) + s[i+1:]; changed != s {
					if h, ok := parseHead(changed, id, checkID(id)); ok {
						t.Errorf("parseHead(%q) = %+v, want an error: it was %q", changed, h, s)
					}
				}
			}
			if h, ok := parseHead(s[:i], "", 0); ok {
				t.Errorf("parseHead(%q) = %+v, want an error: it was %q", s[:i], h, s)
			}
		}
	}
}

func BenchmarkParseHead(b *testing.B) {
	const id = "0123456789abcdef0123456789abcdef01234567"
	s, made := Head(1796073953348801, id, 4096), checkID(id)
	for b.Loop() {
		if _, ok := parseHead(s, id, made); !ok {
			b.Fatal(fmt.Sprint(s))
		}
	}
}
