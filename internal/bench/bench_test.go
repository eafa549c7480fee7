package main

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/uncache/uncache/internal/redistest"
)

// Every case runs for a moment: what it says must not be nothing. How fast
// anything is, is not a test's business.
func TestEveryCaseRuns(t *testing.T) {
	redistest.New(t, redistest.Config{}) // skips where there is none
	dir := t.TempDir()
	var text strings.Builder
	for _, c := range cases {
		text.WriteString("kept " + c.name + "\n<!-- begin " + c.name + " -->\nold\n<!-- end " + c.name + " -->\n")
	}
	docs, lines := filepath.Join(dir, "performance.md"), filepath.Join(dir, "lines.txt")
	if err := os.WriteFile(docs, []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{"-rounds", "2", "-round", "100us", "-scale", "1000", "-docs", dir, "-lines", lines}
	if err := run(t.Context(), args, io.Discard); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		_, section, _ := strings.Cut(string(got), "kept "+c.name+"\n<!-- begin "+c.name+" -->\n")
		section, _, ok := strings.Cut(section, "<!-- end "+c.name+" -->")
		if !ok || !strings.Contains(section, "## "+c.title) || !strings.Contains(section, "|---|") || strings.Contains(section, "old\n") || strings.Contains(section, "NaN") {
			t.Errorf("case %s: the docs say %q", c.name, section)
		}
	}
	if b, err := os.ReadFile(lines); err != nil || !strings.Contains(string(b), "Benchmark_hit/uncache-") {
		t.Errorf("lines for benchstat: %v, %.200q", err, b)
	}
	graphs, err := filepath.Glob(filepath.Join(dir, "performance", "*.svg"))
	if err != nil || len(graphs) != 4 {
		t.Errorf("graphs: got %q, %v; want 4", graphs, err)
	}
}

func TestUnknownCase(t *testing.T) {
	if err := run(t.Context(), []string{"-case", "hit,its"}, io.Discard); err == nil || !strings.Contains(err.Error(), `"its"`) {
		t.Errorf("run with an unknown case: got error %v, want one that names it", err)
	}
}

// What the interval leaves out at each end, against tables of the binomial
// distribution.
func TestRanksOut(t *testing.T) {
	for n, want := range map[int]int{5: 0, 6: 0, 8: 0, 9: 1, 12: 2, 15: 3, 20: 5, 25: 7, 50: 17, 100: 39} {
		if got := ranksOut(n); got != want {
			t.Errorf("ranksOut(%d) = %d, want %d", n, got, want)
		}
	}
}

func TestRatioIsTakenWithinARound(t *testing.T) {
	of := func(values ...float64) (s series) {
		for _, v := range values {
			s.samples = append(s.samples, sample{cpu: v})
		}
		return s
	}
	// The machine was ten times slower in the second round.
	if got := ratio(of(2, 20, 2), of(1, 10, 1), cpu); got != (estimate{2, 2, 2}) {
		t.Errorf("ratio: got %v, want 2 in every round", got)
	}
	if got := median([]float64{3, 1, 2, 10}); got != 2.5 {
		t.Errorf("median of 3, 1, 2, 10: got %v, want 2.5", got)
	}
}

func TestGraphIsInside(t *testing.T) {
	g := graph{file: "f", title: "a < b", x: "x", y: "y", lines: []line{{"l", [][2]float64{{0, 5}, {10, 50}, {1000, 500}}}}}
	a := g.axis(0)
	if !a.zero || !slices.Equal(a.ticks, []float64{0, 10, 100, 1000}) {
		t.Errorf("ticks: got %v, zero %v", a.ticks, a.zero)
	}
	for _, p := range g.lines[0].points {
		if at := a.at(p[0]); at < 0 || at > 1 {
			t.Errorf("%v is at %v of the axis", p[0], at)
		}
	}
	if svg := g.svg(); !strings.Contains(svg, "a &lt; b") || strings.Contains(svg, "NaN") || !strings.HasSuffix(svg, "</svg>\n") {
		t.Errorf("svg: %s", svg)
	}
}
