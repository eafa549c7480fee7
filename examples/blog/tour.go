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
	fmt.Fprintf(w, "%s, pages cached %s:\n\n", plural(count, "post"), where)
	for _, n := range b.nodes {
		fmt.Fprintf(w, "    %s%s\n", n.url, index)
	}
	first, last := b.nodes[0].url, b.nodes[len(b.nodes)-1].url
	look := func(node string) string {
		return fmt.Sprintf("curl -sD- -o /dev/null -o /dev/null %s%s %s%s | grep -i ^cache-s", node, post, node, other)
	}
	fmt.Fprintf(w, "\nA tour in five lines (to save in a browser, open a post and choose \"Edit this post\"):\n\n")
	for _, step := range []struct{ what, command string }{
		{"two posts, missed", look(first)},
		{"and hit", look(first)},
		{"save the first", fmt.Sprintf("curl -sd 'title=Hello, uncache' -w '%%{http_code}\\n' %s%s", first, edit)},
		{"one miss, one hit", look(last)},
		{"the new title", fmt.Sprintf("curl -s %s%s | grep '<h1>'", last, post)},
	} {
		fmt.Fprintf(w, "    %-19s %s\n", step.what, step.command)
	}
	fmt.Fprintf(w, "\nWho purged what, and why a page is not cached: %s%s?url=%s\n", first, adminPath, post)
	fmt.Fprintf(w, "\nCtrl-C stops it. Edits are kept in a temporary database and go with it.\n")
	return nil
}
