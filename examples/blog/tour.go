package main

import (
	"context"
	"fmt"
	"io"

	"github.com/uncache/uncache/examples/blog/internal/posts"
)

// tour prints where the blog is and five things to try, with the newest post
// for an example.
func tour(ctx context.Context, b *blog, cfg config, w io.Writer) error {
	newest, err := posts.Newest(ctx, b.site.store.DB(), 0, 2)
	if err != nil {
		return err
	}
	count, err := posts.Count(ctx, b.site.store.DB())
	if err != nil {
		return err
	}
	index, err := indexURL(1)
	if err != nil {
		return err
	}
	post, err := postPage.Path(newest[0].Slug)
	if err != nil {
		return err
	}
	other, err := postPage.Path(newest[len(newest)-1].Slug)
	if err != nil {
		return err
	}
	edit, err := editForm.Path(newest[0].Slug)
	if err != nil {
		return err
	}
	where := "in memory"
	if cfg.redis != "" {
		where = "in Redis"
	}
	fmt.Fprintf(w, "%d posts, pages cached %s:\n\n", count, where)
	for _, n := range b.nodes {
		fmt.Fprintf(w, "    %s%s\n", n.url, index)
	}
	first, last := b.nodes[0].url, b.nodes[len(b.nodes)-1].url
	const look = "curl -s -o /dev/null -D - %s | grep -i cache-status"
	fmt.Fprintf(w, "\nA tour, to be pasted line by line (or saved in a browser, by \"Edit this post\"):\n\n")
	for _, step := range []struct{ what, command string }{
		{"twice: a miss, a hit", fmt.Sprintf(look, first+post)},
		{"save another title", fmt.Sprintf("curl -si -d 'title=Hello, uncache' %s%s | head -n 1", first, edit)},
		{"a miss: it was purged", fmt.Sprintf(look, last+post)},
		{"the new title", fmt.Sprintf("curl -s %s%s | grep 'Hello, uncache'", last, post)},
		{"an untouched post", fmt.Sprintf(look, last+other)},
	} {
		fmt.Fprintf(w, "    %-64s # %s\n", step.command, step.what)
	}
	fmt.Fprintf(w, "\nCtrl-C stops it. Edits are kept in a temporary database and go with it.\n")
	return nil
}
