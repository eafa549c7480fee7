package mdfiles

import (
	"fmt"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/uncache/uncache/examples/blog/internal/posts"
)

// Nobody is the author of posts that name none.
const Nobody = "Anonymous"

// post makes a post of a file. Every field has something to fall back on; the
// warning tells of a field that was there and could not be used.
func post(m matter, text, name string, modified time.Time) (*posts.Post, error) {
	stem, named := stem(name)
	p := &posts.Post{
		Title:   m.text("title"),
		Summary: m.text("description", "summary", "excerpt"),
		Authors: authors(m),
		Tags:    tags(m),
		Body:    text,
		Slug:    posts.Slugify(m.text("slug")),
	}
	if p.Title == "" {
		p.Title, p.Body = heading(text)
	}
	if p.Title == "" {
		p.Title = humanise(stem)
	}
	p.Title = cut(strings.ToValidUTF8(p.Title, ""), posts.MaxTitle)
	for _, s := range []string{stem, p.Title, "post"} {
		if p.Slug != "" {
			break
		}
		p.Slug = posts.Slugify(s)
	}
	published, warning := firstDate(m, "date", "publishdate", "pubdate", "published", "created")
	switch {
	case !published.IsZero():
	case !named.IsZero():
		published = named
	default:
		published = modified
	}
	p.Published = published.UTC().Truncate(time.Second)
	updated, odd := firstDate(m, "lastmod", "updated", "last_modified_at", "modified")
	if updated.Before(p.Published) {
		updated = p.Published
	}
	p.Updated = updated
	if warning == nil {
		warning = odd
	}
	return p, warning
}

// firstDate returns the first date among the fields, or a zero time. The error
// tells of a date that was not understood; the others are still tried.
func firstDate(m matter, fields ...string) (t time.Time, odd error) {
	for _, f := range fields {
		if v := m[f]; v != nil && v != "" {
			if _, isBool := v.(bool); isBool { // Jekyll's published: true
				continue
			}
			t, err := date(v)
			if err == nil {
				return t, odd
			}
			odd = fmt.Errorf("%s: %w", f, err)
		}
	}
	return time.Time{}, odd
}

func authors(m matter) []string {
	comma := func(r rune) bool { return r == ',' || r == ';' }
	var names []string
	for _, n := range m.list(comma, "author", "authors") {
		if n = posts.CleanAuthor(cut(n, 100)); n != "" {
			names = append(names, n)
		}
	}
	if names = unique(names); len(names) == 0 {
		return []string{Nobody}
	}
	return names
}

// tags joins tags and categories. Jekyll splits a text of them at spaces.
func tags(m matter) []string {
	sep := func(r rune) bool { return r == ',' || r == ' ' }
	return unique(m.list(sep, "categories", "category", "tags"))
}

// unique keeps the first of those that differ in case only.
func unique(list []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, s := range list {
		if low := strings.ToLower(s); !seen[low] {
			seen[low] = true
			out = append(out, s)
		}
	}
	return out
}

var datedName = regexp.MustCompile(`^(\d{4}-\d{1,2}-\d{1,2})[-_ ](.+)$`)

// stem returns what names the post in its path: the file, or the folder of a
// bundle; and the date in that name, as Jekyll wants it, if there is one.
func stem(name string) (string, time.Time) {
	base := path.Base(name)
	s := strings.TrimSuffix(base, path.Ext(base))
	if isIndex(base) {
		s = path.Base(path.Dir(name)) + strings.TrimPrefix(s, "index")
	}
	if m := datedName.FindStringSubmatch(s); m != nil {
		if t, err := date(m[1]); err == nil {
			return m[2], t
		}
	}
	return s, time.Time{}
}

// heading takes the title from a first line "# Title".
func heading(text string) (title, rest string) {
	trimmed := strings.TrimLeft(text, " \t\n")
	line, after, _ := strings.Cut(trimmed, "\n")
	if t, ok := strings.CutPrefix(line, "# "); ok && strings.TrimSpace(t) != "" {
		return strings.Join(strings.Fields(strings.TrimRight(t, "# ")), " "), after
	}
	return "", text
}

func humanise(stem string) string {
	words := strings.Fields(strings.NewReplacer("-", " ", "_", " ").Replace(stem))
	if len(words) == 0 {
		return "Untitled"
	}
	s := []rune(strings.Join(words, " "))
	return strings.ToUpper(string(s[:1])) + string(s[1:])
}

// cut shortens s to at most n bytes, between characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return strings.TrimSpace(s[:n])
}
