// Package markdown renders the text of a post. Raw HTML in it is left out and
// links with a script for a target are emptied, so what it returns can stand in
// a page, also if a stranger wrote the post.
package markdown

import (
	"bytes"
	"fmt"
	"html/template"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

var engine = goldmark.New(
	goldmark.WithExtensions(extension.GFM),
	goldmark.WithParserOptions(parser.WithASTTransformers(util.Prioritized(demote{}, 500))),
)

// HTML renders body.
func HTML(body string) (template.HTML, error) {
	var b bytes.Buffer
	if err := engine.Convert([]byte(body), &b); err != nil {
		return "", fmt.Errorf("markdown: render: %w", err)
	}
	return template.HTML(b.String()), nil
}

// Excerpt returns the beginning of the first paragraph as plain text, at most
// about n bytes, cut between words.
func Excerpt(body string, n int) string {
	src := []byte(body)
	doc := engine.Parser().Parse(text.NewReader(src))
	for node := doc.FirstChild(); node != nil; node = node.NextSibling() {
		if node.Kind() != ast.KindParagraph {
			continue
		}
		if s := shorten(plain(node, src), n); s != "" {
			return s
		}
	}
	return ""
}

// plain returns the words of a node without their marks.
func plain(node ast.Node, src []byte) string {
	var b strings.Builder
	_ = ast.Walk(node, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // the visitor gives no error
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Text:
			b.Write(n.Segment.Value(src))
			if n.SoftLineBreak() || n.HardLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.String:
			b.Write(n.Value)
		case *ast.AutoLink:
			b.Write(n.Label(src))
		case *ast.RawHTML:
			return ast.WalkSkipChildren, nil
		}
		return ast.WalkContinue, nil
	})
	return strings.Join(strings.Fields(b.String()), " ")
}

func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	end := strings.LastIndexByte(s[:n], ' ')
	if end < n/2 { // no spaces, as in Chinese
		for end = n; !utf8.RuneStart(s[end]); end-- {
		}
	}
	return strings.TrimRight(s[:end], " ,;:.") + " …"
}

// demote moves all headings one level down if the text has a first-level one:
// on the page that is the post's title.
type demote struct{}

func (demote) Transform(doc *ast.Document, _ text.Reader, _ parser.Context) {
	var headings []*ast.Heading
	top := 6
	for n := doc.FirstChild(); n != nil; n = n.NextSibling() {
		if h, ok := n.(*ast.Heading); ok {
			headings, top = append(headings, h), min(top, h.Level)
		}
	}
	if top > 1 {
		return
	}
	for _, h := range headings {
		h.Level = min(h.Level+1, 6)
	}
}
