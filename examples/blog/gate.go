package main

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// A gate holds the rendering of one page between the reading of its row and the
// rest, for as long as the story wants: the slow fill that every cache has to
// survive, at will.
type gate struct {
	mu   sync.Mutex
	slug string // of the post whose next rendering is held; empty: none
	held *held
}

type held struct {
	reached, release chan struct{}
}

// arm holds the next rendering of a post.
func (g *gate) arm(slug string) *held {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.slug, g.held = slug, &held{make(chan struct{}), make(chan struct{})}
	return g.held
}

// pass is site.afterRead.
func (g *gate) pass(ctx context.Context, slug string) {
	g.mu.Lock()
	h := g.held
	if h == nil || g.slug != slug {
		g.mu.Unlock()
		return
	}
	g.held = nil // others go through
	g.mu.Unlock()
	close(h.reached)
	select {
	case <-h.release:
	case <-ctx.Done():
	}
}

// slow is a request whose page is being rendered.
type slow struct {
	held   *held
	answer chan seen
}

// slowly asks for the post's page and returns when its row was read.
func (s *story) slowly(node, path string) (*slow, error) {
	r := &slow{s.gate.arm(s.post.Slug), make(chan seen, 1)}
	go func() { r.answer <- s.quietly(node, path) }()
	select {
	case <-r.held.reached:
		return r, nil
	case got := <-r.answer:
		return nil, fmt.Errorf("the page was answered without being rendered: %v", got)
	case <-time.After(20 * time.Second):
		close(r.held.release)
		return nil, fmt.Errorf("%s was not rendered within 20 s", path)
	}
}

// finish lets the page be rendered, and returns it.
func (r *slow) finish() seen {
	close(r.held.release)
	return <-r.answer
}
