package main

import (
	"fmt"
	"io"
	"runtime"
	"strings"
)

// A report collects what the cases found: for each a section of Markdown, its
// graphs, and lines in the format of testing.B.
type report struct {
	sections []*section
	lines    strings.Builder
}

// A section is what one case says.
type section struct {
	name, title string
	text        strings.Builder
	graphs      []graph
	load        *loadMeter
}

func (r *report) begin(name, title string) *section {
	s := &section{name: name, title: title, load: newLoadMeter()}
	r.sections = append(r.sections, s)
	return s
}

// printf adds a paragraph, or a line of a list.
func (s *section) printf(format string, args ...any) {
	fmt.Fprintf(&s.text, format+"\n", args...)
}

// table adds a table, and how busy the machine was meanwhile.
func (s *section) table(head []string, rows [][]string) {
	s.text.WriteByte('\n')
	s.row(head)
	for range head {
		s.text.WriteString("|---")
	}
	s.text.WriteString("|\n")
	for _, row := range rows {
		s.row(row)
	}
	s.printf("\n%s\n", s.load)
}

func (s *section) row(cells []string) {
	for _, c := range cells {
		s.text.WriteString("| " + strings.ReplaceAll(c, "|", `\|`) + " ")
	}
	s.text.WriteString("|\n")
}

// compare adds a table of contestants, each against base by one quantity.
func (s *section) compare(all []series, base, unit string, of quantity) {
	rows := make([][]string, len(all))
	for i, x := range all {
		rows[i] = []string{
			x.name,
			x.estimate(of).String(),
			ratio(x, named(all, base), of).String(),
			number(x.estimate(wall).mid),
			number(x.estimate(allocs).mid),
		}
	}
	s.table([]string{"", unit + " a call", "× " + base, "wall ns a call", "allocations"}, rows)
}

// bar says whether a bar of the project is met, and by how much.
func (s *section) bar(what string, got estimate, most float64) {
	verdict := "met"
	switch {
	case got.low > most:
		verdict = "**not met**"
	case got.high > most:
		verdict = "on the edge"
	}
	s.printf("- %s: at most %s, measured %s: %s", what, number(most), got, verdict)
}

// graph adds a graph, which is written to a file beside the text.
func (s *section) graph(g graph) {
	s.graphs = append(s.graphs, g)
	s.printf("\n![%s](performance/%s.svg)", g.title, g.file)
}

// markdown writes a section.
func (s *section) markdown(w io.Writer) {
	fmt.Fprintf(w, "## %s\n\n%s", s.title, s.text.String())
}

// value adds one figure that is not the time of a call to what benchstat reads.
func (r *report) value(name, what string, x float64, unit string) {
	fmt.Fprintf(&r.lines, "Benchmark_%s/%s-%d\t1\t%g %s\n", name, clean(what), runtime.GOMAXPROCS(0), x, unit)
}

// clean makes a name of one word.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '/' || r == ',' {
			return '_'
		}
		return r
	}, s)
}

// line adds what benchstat reads, a line a round.
func (r *report) line(name string, s series) {
	for _, x := range s.samples {
		fmt.Fprintf(&r.lines, "Benchmark_%s/%s-%d\t%d\t%.1f ns/op\t%.1f cpu-ns/op\t%.1f allocs/op", name, clean(s.name), runtime.GOMAXPROCS(0), x.calls, x.wall, x.cpu, x.allocs)
		if x.p50 > 0 {
			fmt.Fprintf(&r.lines, "\t%.0f p50-ns", x.p50)
		}
		r.lines.WriteByte('\n')
	}
}
