// Package seed makes the posts that the example blog starts with.
//
// The corpus, embedded in the program, holds twelve subjects with eighteen
// titles and opening sentences each, and six passages that go with them. Each
// post is an opening and three of the passages, a different three every time:
// text that reads like a blog's, small to ship and the same on every run.
package seed

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/uncache/uncache/examples/blog/internal/posts"
)

//go:embed corpus/*.md
var corpus embed.FS

// authors take turns, so that each of them writes on several subjects.
var authors = []string{"Ada", "Björn", "Chidi", "Mei", "Tomás"}

// newest is when the last post was published. Fixed dates keep the pages the
// same on every run.
var newest = time.Date(2026, time.October, 30, 7, 30, 0, 0, time.UTC)

// Posts returns the posts, newest first, without IDs.
func Posts() ([]*posts.Post, error) {
	names, err := fs.Glob(corpus, "corpus/*.md")
	if err != nil {
		return nil, fmt.Errorf("seed: %w", err)
	}
	subjects := make([]*subject, len(names))
	rounds := 0
	for i, name := range names {
		text, err := corpus.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("seed: %w", err)
		}
		if subjects[i], err = parse(string(text)); err != nil {
			return nil, fmt.Errorf("seed: %s: %w", name, err)
		}
		rounds = max(rounds, len(subjects[i].openings))
	}
	var list []*posts.Post
	for n := range rounds {
		for i, s := range subjects {
			if n >= len(s.openings) {
				continue
			}
			o := s.openings[n]
			published := newest.Add(-time.Duration(len(list)) * (5*24 + 7) * time.Hour)
			p := &posts.Post{
				Slug:      posts.Slugify(o.title),
				Title:     o.title,
				Body:      s.body(n),
				Authors:   []string{authors[(n*7+i*3)%len(authors)]},
				Tags:      s.tags,
				Published: published,
				Updated:   published,
			}
			list = append(list, p)
		}
	}
	return list, nil
}

type subject struct {
	tags     []string
	openings []opening
	passages []string // each with its heading
}

type opening struct{ title, text string }

// body puts the n-th post of a subject together.
func (s *subject) body(n int) string {
	var b strings.Builder
	b.WriteString(s.openings[n].text)
	for _, i := range choose(n, len(s.passages)) {
		b.WriteString("\n\n" + s.passages[i])
	}
	b.WriteString("\n")
	return b.String()
}

// choose returns the n-th of the ways to take three of count things, round and
// round: neighbours in n share as little as possible.
func choose(n, count int) []int {
	var ways [][]int
	for a := range count {
		for b := a + 1; b < count; b++ {
			for c := b + 1; c < count; c++ {
				ways = append(ways, []int{a, b, c})
			}
		}
	}
	return ways[n*7%len(ways)] // 7 has no divisor in common with 20
}

func parse(text string) (*subject, error) {
	head, rest, ok := strings.Cut(text, "\n# Posts\n")
	list, passages, ok2 := strings.Cut(rest, "\n# Passages\n")
	tags, ok3 := strings.CutPrefix(strings.TrimSpace(head), "tags: ")
	if !ok || !ok2 || !ok3 {
		return nil, fmt.Errorf("want tags, # Posts and # Passages, in that order")
	}
	s := &subject{tags: strings.Split(tags, ", ")}
	for line := range strings.Lines(list) {
		line, ok := strings.CutPrefix(strings.TrimSpace(line), "- ")
		if !ok {
			continue
		}
		title, text, ok := strings.Cut(line, " | ")
		if !ok {
			return nil, fmt.Errorf("%q: want a title, a bar and a sentence", line)
		}
		s.openings = append(s.openings, opening{title, text})
	}
	for _, p := range strings.Split(passages, "\n## ")[1:] {
		s.passages = append(s.passages, "## "+strings.TrimSpace(p))
	}
	if len(s.passages) < 3 {
		return nil, fmt.Errorf("%d passages, want 3 at least", len(s.passages))
	}
	return s, nil
}
