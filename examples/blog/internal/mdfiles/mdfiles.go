// Package mdfiles reads a blog from Markdown files, as Hugo and Jekyll keep
// them: front matter in YAML, TOML or JSON, page bundles, _posts with the date in
// the name. It reads the files only; templates, shortcodes and Liquid tags of those
// programs mean nothing to it and stay in the text as they are.
package mdfiles

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/uncache/uncache/examples/blog/internal/posts"
)

// A Result is what a directory held.
type Result struct {
	Posts  []*posts.Post // newest first, each valid and with a slug of its own
	Drafts int           // files that say that they are not published: not yet, or not any more

	// Problems says what could not be used as it is, one file an error. A file
	// that cannot be parsed is left out; one with an odd field is not.
	Problems []error
}

// Read reads every post below the root of dir: all .md and .markdown files,
// except what their programs take for something else. now decides which posts
// are of the future or have expired, and so are not published.
//
// A file that cannot be used is a problem in the result. The error is of the
// directory itself.
func Read(dir fs.FS, now time.Time) (*Result, error) {
	files, err := find(dir)
	if err != nil {
		return nil, fmt.Errorf("mdfiles: %w", err)
	}
	res := new(Result)
	for _, name := range files {
		p, draft, warning, err := readFile(dir, name, now)
		switch {
		case err != nil:
			res.Problems = append(res.Problems, fmt.Errorf("%s: left out: %w", name, err))
		case draft:
			res.Drafts++
		default:
			res.Posts = append(res.Posts, p)
		}
		if warning != nil {
			res.Problems = append(res.Problems, fmt.Errorf("%s: %w", name, warning))
		}
	}
	slices.SortStableFunc(res.Posts, func(a, b *posts.Post) int { return b.Published.Compare(a.Published) })
	uniqueSlugs(res.Posts)
	return res, nil
}

// maxFile is far above what a person writes.
const maxFile = 2 << 20

func readFile(dir fs.FS, name string, now time.Time) (p *posts.Post, draft bool, warning, err error) {
	info, err := fs.Stat(dir, name)
	if err != nil {
		return nil, false, nil, err
	}
	if info.Size() > maxFile {
		return nil, false, nil, fmt.Errorf("larger than %d bytes", maxFile)
	}
	data, err := fs.ReadFile(dir, name)
	if err != nil {
		return nil, false, nil, err
	}
	m, text, err := split(data)
	if err != nil {
		return nil, false, nil, err
	}
	if m.says("draft", true) || m.says("published", false) {
		return nil, true, nil, nil
	}
	p, warning = post(m, text, name, info.ModTime())
	shown, odd := isShown(m, p.Published, now)
	if warning == nil {
		warning = odd
	}
	if !shown {
		return nil, true, warning, nil
	}
	if err := p.Validate(); err != nil {
		return nil, false, nil, err
	}
	return p, false, warning, nil
}

// uniqueSlugs gives the second post of a name the name with a 2, the way people
// do it; the newest keeps it as it is. The list is in a fixed order, so the
// same files get the same URLs every time.
func uniqueSlugs(list []*posts.Post) {
	taken := make(map[string]bool, len(list))
	for _, p := range list {
		taken[p.Slug] = true
	}
	seen := make(map[string]bool, len(list))
	for _, p := range list {
		if seen[p.Slug] {
			base := p.Slug
			for n := 2; taken[p.Slug]; n++ {
				p.Slug = posts.Slugify(fmt.Sprintf("%s-%d", cut(base, 100), n))
			}
			taken[p.Slug] = true
		}
		seen[p.Slug] = true
	}
}

// find lists the files of posts in lexical order.
func find(dir fs.FS) ([]string, error) {
	root, err := contentRoot(dir)
	if err != nil {
		return nil, err
	}
	// A Jekyll site: pages like about.md lie beside the posts.
	onlyPosts := isDir(dir, path.Join(root, "_posts"))
	var files []string
	err = fs.WalkDir(dir, root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			if name == root {
				return err
			}
			return fs.SkipDir // an unreadable folder hides its posts, not all
		}
		if d.IsDir() {
			if name == root {
				return nil
			}
			return folder(dir, name, d.Name(), &files)
		}
		if isPost(d.Name()) && !isIndex(d.Name()) {
			files = append(files, name)
		}
		return nil
	})
	if onlyPosts {
		files = slices.DeleteFunc(files, func(name string) bool { return !inPosts(name) })
	}
	return files, err
}

// folder decides about a folder: not posts at all, one post that is kept as a
// bundle with its pictures and notes, or more of the tree.
func folder(dir fs.FS, name, base string, files *[]string) error {
	if strings.HasPrefix(base, ".") || base == "node_modules" ||
		strings.HasPrefix(base, "_") && base != "_posts" { // _site, _includes, _drafts, ...
		return fs.SkipDir
	}
	entries, err := fs.ReadDir(dir, name)
	if err != nil {
		return fs.SkipDir
	}
	bundle := false
	for _, e := range entries {
		if isIndex(e.Name()) && isPost(e.Name()) && !e.IsDir() {
			*files, bundle = append(*files, path.Join(name, e.Name())), true
		}
	}
	if bundle { // what else lies there belongs to that page
		return fs.SkipDir
	}
	return nil
}

// contentRoot finds where a Hugo site keeps its pages, if dir is one; else it
// is dir.
func contentRoot(dir fs.FS) (string, error) {
	entries, err := fs.ReadDir(dir, ".")
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		// hugo.toml, config.yaml, or a folder config
		if stem, _, _ := strings.Cut(e.Name(), "."); (stem == "hugo" || stem == "config") && isDir(dir, "content") {
			return "content", nil
		}
	}
	return ".", nil
}

func isDir(dir fs.FS, name string) bool {
	info, err := fs.Stat(dir, name)
	return err == nil && info.IsDir()
}

func inPosts(name string) bool {
	return strings.HasPrefix(name, "_posts/") || strings.Contains(name, "/_posts/")
}

// isPost reports whether a file of that name can be a post. _index.md is the
// page of a section.
func isPost(base string) bool {
	ext := strings.ToLower(path.Ext(base))
	return (ext == ".md" || ext == ".markdown") &&
		!strings.HasPrefix(base, "_") && !strings.HasPrefix(base, ".")
}

// isIndex reports whether the file is the page of its folder: index.md, or
// index.fr.md where there are several languages.
func isIndex(base string) bool {
	stem, _, _ := strings.Cut(base, ".")
	return stem == "index"
}
