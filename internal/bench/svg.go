package main

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// A graph shows how one quantity goes with another. Both axes are logarithmic,
// with 0 where there would be a tick before the first; a line that is flat
// stays flat.
type graph struct {
	file, title string
	x, y        string // what the axes say
	lines       []line
}

type line struct {
	name   string
	points [][2]float64
}

const (
	svgWidth, svgHeight             = 720, 400
	svgLeft, svgRight, svgTop, svgB = 80, 190, 40, 50
)

var colours = []string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#666666"}

// svg draws the graph.
func (g graph) svg() string {
	var b strings.Builder
	xs, ys := g.axis(0), g.axis(1)
	px := func(v float64) float64 { return svgLeft + xs.at(v)*(svgWidth-svgLeft-svgRight) }
	py := func(v float64) float64 { return svgHeight - svgB - ys.at(v)*(svgHeight-svgTop-svgB) }
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", svgWidth, svgHeight)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", svgWidth, svgHeight)
	text := func(x, y float64, anchor, more, s string) {
		fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" text-anchor="%s"%s>%s</text>`+"\n", x, y, anchor, more, html.EscapeString(s))
	}
	text(svgLeft, 22, "start", ` font-size="14" font-weight="bold"`, g.title)
	text((svgLeft+svgWidth-svgRight)/2, svgHeight-12, "middle", "", g.x)
	text(16, (svgTop+svgHeight-svgB)/2, "middle", fmt.Sprintf(` transform="rotate(-90 16 %d)"`, (svgTop+svgHeight-svgB)/2), g.y)
	for _, v := range ys.ticks {
		fmt.Fprintf(&b, `<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#ddd"/>`+"\n", svgLeft, svgWidth-svgRight, py(v), py(v))
		text(svgLeft-6, py(v)+4, "end", "", short(v))
	}
	for _, v := range xs.ticks {
		text(px(v), svgHeight-svgB+18, "middle", "", short(v))
	}
	for i, l := range g.lines {
		colour := colours[i%len(colours)]
		var points []string
		for _, p := range l.points {
			points = append(points, fmt.Sprintf("%.1f,%.1f", px(p[0]), py(p[1])))
			fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`+"\n", px(p[0]), py(p[1]), colour)
		}
		fmt.Fprintf(&b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", strings.Join(points, " "), colour)
		text(svgWidth-svgRight+12, float64(svgTop+10+18*i), "start", fmt.Sprintf(` fill="%s"`, colour), l.name)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// An axis maps values to [0, 1].
type axis struct {
	low, high float64 // of the logarithms
	zero      bool    // the place of low belongs to 0
	ticks     []float64
}

func (g graph) axis(of int) axis {
	a := axis{low: math.Inf(1), high: math.Inf(-1)}
	for _, l := range g.lines {
		for _, p := range l.points {
			if p[of] <= 0 {
				a.zero = true
				continue
			}
			a.low, a.high = min(a.low, math.Log10(p[of])), max(a.high, math.Log10(p[of]))
		}
	}
	a.low, a.high = math.Floor(a.low), math.Ceil(a.high)
	if a.high <= a.low {
		a.high = a.low + 1
	}
	for e := a.low; e <= a.high; e++ {
		a.ticks = append(a.ticks, math.Pow(10, e))
	}
	if a.zero {
		a.low--
		a.ticks = append([]float64{0}, a.ticks...)
	}
	return a
}

func (a axis) at(v float64) float64 {
	if v <= 0 {
		return 0
	}
	return (math.Log10(v) - a.low) / (a.high - a.low)
}

func short(v float64) string {
	switch {
	case v >= 1e6:
		return fmt.Sprintf("%gM", v/1e6)
	case v >= 1e3:
		return fmt.Sprintf("%gk", v/1e3)
	}
	return fmt.Sprintf("%g", v)
}
