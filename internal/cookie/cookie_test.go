package cookie_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uncache/uncache/internal/cookie"
)

func TestCheck(t *testing.T) {
	for name, ok := range map[string]bool{
		"session": true, "__Host-id": true, "a.b": true, "*a": true, "|": true,
		"": false, "a b": false, "a=": false, "a;b": false, "a,b": false, "ü": false, "wordpress_*": false, "\x7f": false,
	} {
		if err := cookie.Check(name); (err == nil) != ok {
			t.Errorf("Check(%q) = %v, want an error: %v", name, err, !ok)
		}
	}
}

func TestCut(t *testing.T) {
	names := []string{"theme", "lang"}
	for _, tt := range []struct {
		lines   []string
		want    string
		inPlace bool
	}{
		{nil, "", true},
		{[]string{""}, "", true},
		{[]string{"_ga=1"}, "", true},
		{[]string{"theme=dark"}, "theme=dark", true},
		{[]string{"_ga=1; theme=dark; _gid=2"}, "theme=dark", true},
		{[]string{"_ga=1;theme=dark ;_gid=2"}, "theme=dark", true},
		{[]string{" theme = dark"}, "theme = dark", true},
		{[]string{"theme"}, "theme", true},
		{[]string{"theme="}, "theme=", true},
		{[]string{";; theme=dark;;"}, "theme=dark", true},
		{[]string{"_ga=1; lang=de; theme=dark; x"}, "lang=de; theme=dark", true},
		{[]string{"lang=de;theme=dark"}, "lang=de; theme=dark", false},
		{[]string{"theme=dark; lang=de"}, "lang=de; theme=dark", false},
		{[]string{"lang=de; _ga=1; theme=dark"}, "lang=de; theme=dark", false},
		{[]string{"_ga=1", "theme=dark"}, "theme=dark", true},
		{[]string{"lang=de", "theme=dark"}, "lang=de; theme=dark", false},
		{[]string{"theme=b; theme=a"}, "theme=b; theme=a", true}, // the first counts for most, so their order stays
		{[]string{"Theme=dark; themes=1; x=theme"}, "", true},
		{[]string{"x=1, theme=dark"}, "x=1, theme=dark", true}, // RFC 2965 §3.3.4
		{[]string{`x="; theme=dark"`}, `theme=dark"`, true},
	} {
		if got := cookie.Cut(tt.lines, names); got != tt.want {
			t.Errorf("Cut(%q) = %q, want %q", tt.lines, got, tt.want)
		}
		if got, ok := cookie.CutInPlace(tt.lines, names); ok != tt.inPlace || ok && got != tt.want {
			t.Errorf("CutInPlace(%q) = %q, %v, want %q, %v", tt.lines, got, ok, tt.want, tt.inPlace)
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	names, lines := []string{"theme", "lang"}, []string{"theme=dark; _ga=1; lang=de"}
	room := make([]byte, 0, 256)
	if n := testing.AllocsPerRun(100, func() {
		room = cookie.AppendCut(room[:0], lines, names)
		_, _ = cookie.CutInPlace(lines, names)
		_ = cookie.Has(lines, names)
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

// Half a megabyte of cookies in the wrong order is sorted at once.
func TestManyCookies(t *testing.T) {
	lines, names := []string{strings.Repeat("b=1;", 1<<16) + strings.Repeat("a=1;", 1<<16)}, []string{"a", "b"}
	start := time.Now()
	if got := cookie.Cut(lines, names); !strings.HasPrefix(got, "a=1; ") || !strings.HasSuffix(got, "; b=1") {
		t.Errorf("not sorted: %.40q", got)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

// What is cut stays as it is when it is cut again, in whichever order the pairs
// came; and Has finds a name in it exactly if it was there before.
func FuzzCut(f *testing.F) {
	f.Add("a=1; b=2", "c=3")
	f.Add("b=2;a=1, c", "")
	f.Add(" a ;;b=\"; c", "a")
	f.Fuzz(func(t *testing.T, one, two string) {
		lines, names := []string{one, two}, []string{"b", "a"}
		got := string(cookie.AppendCut(nil, lines, names))
		if place, ok := cookie.CutInPlace(lines, names); ok && place != got {
			t.Fatalf("CutInPlace(%q) = %q, AppendCut appends %q", lines, place, got)
		}
		if again := cookie.Cut([]string{got}, names); again != got {
			t.Fatalf("Cut(%q) = %q, cut again %q", lines, got, again)
		}
		for _, name := range names {
			one := []string{name}
			if cookie.Has(lines, one) != cookie.Has([]string{got}, one) {
				t.Fatalf("Cut(%q) = %q: %q is not in both", lines, got, name)
			}
		}
		if parts := strings.Split(got, "; "); got != "" && slices.Contains(parts, "") {
			t.Fatalf("Cut(%q) = %q: an empty cookie", lines, got)
		}
	})
}
