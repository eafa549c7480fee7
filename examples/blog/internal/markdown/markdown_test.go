package markdown

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestHTML(t *testing.T) {
	for _, tt := range []struct{ body, want string }{
		{"Some *text*.", "<p>Some <em>text</em>.</p>\n"},
		{"```go\na < b\n```", "<pre><code class=\"language-go\">a &lt; b\n</code></pre>\n"},
		{"# One\n\n## Two", "<h2>One</h2>\n<h3>Two</h3>\n"},
		{"## One\n\n### Two", "<h2>One</h2>\n<h3>Two</h3>\n"},
		{"[x](https://example.org/?a=1&b=2)", "<p><a href=\"https://example.org/?a=1&amp;b=2\">x</a></p>\n"},
	} {
		if got, err := HTML(tt.body); err != nil || string(got) != tt.want {
			t.Errorf("HTML(%q) = %q, %v; want %q", tt.body, got, err, tt.want)
		}
	}
}

func TestHostileText(t *testing.T) {
	for _, body := range []string{
		"<script>alert(1)</script>",
		"text <img src=x onerror=alert(1)>",
		"[x](javascript:alert(1))",
		"[x](JaVaScRiPt:alert(1))",
		"[x](java&#x0A;script:alert(1))",
		"![x](javascript:alert(1))",
		"<javascript:alert(1)>",
		"[x](vbscript:alert(1))",
		"[x](data:text/html;base64,PHNjcmlwdD4=)",
		"```\"onmouseover=alert(1)\n```",
	} {
		got, err := HTML(body)
		if err != nil {
			t.Fatal(err)
		}
		low := strings.ToLower(string(got))
		for _, bad := range []string{"<script", "<img src=x", `="javascript:`, `="vbscript:`, `="data:`, `"onmouseover`} {
			if strings.Contains(low, bad) {
				t.Errorf("HTML(%q) = %q has %q", body, got, bad)
			}
		}
	}
}

func TestExcerpt(t *testing.T) {
	for _, tt := range []struct {
		body string
		n    int
		want string
	}{
		{"# Title\n\nOne *two* `three` [four](/x).\nFive.\n\nSix.", 100, "One two three four. Five."},
		{"- a list\n\nThen text.", 100, "Then text."},
		{"one two three four", 10, "one two …"},
		{"日本語の本文はここにあります", 10, "日本語 …"},
		{"a <b>c</b>", 100, "a c"},
		{"```\ncode\n```", 100, ""},
		{"", 100, ""},
	} {
		if got := Excerpt(tt.body, tt.n); got != tt.want || !utf8.ValidString(got) {
			t.Errorf("Excerpt(%q, %d) = %q, want %q", tt.body, tt.n, got, tt.want)
		}
	}
}
