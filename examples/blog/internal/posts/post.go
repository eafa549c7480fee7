// Package posts keeps the posts of the example blog in SQLite.
//
// It knows nothing of caching: it reads and writes rows, and takes the caller's
// transaction where the caller has one. That is all a data layer has to do to
// be used with uncache.
package posts

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Errors that a caller can act on; test for them with [errors.Is].
var (
	ErrNotFound  = errors.New("no such post")
	ErrSlugTaken = errors.New("the slug is taken by another post")
	ErrInvalid   = errors.New("not a valid post")
)

// A Post is one post of the blog.
type Post struct {
	ID        int64     // given by the database, and kept for ever
	Slug      string    // the post's name in its URL; see [Slugify]
	Title     string    // plain text, one line
	Summary   string    // plain text; may be empty
	Body      string    // Markdown
	Authors   []string  // one or more, the first wrote most of it
	Tags      []string  // may be empty
	Published time.Time // in UTC, to the second
	Updated   time.Time // when it was last saved; not before Published
}

// Limits of what a person may type into a post, in bytes.
const (
	MaxTitle = 300
	MaxBody  = 1 << 20
)

// Validate reports, wrapped in [ErrInvalid], what keeps p from being saved.
func (p *Post) Validate() error {
	switch {
	case strings.TrimSpace(p.Title) == "":
		return fmt.Errorf("%w: the title is empty", ErrInvalid)
	case len(p.Title) > MaxTitle:
		return fmt.Errorf("%w: the title is longer than %d bytes", ErrInvalid, MaxTitle)
	case len(p.Body) > MaxBody:
		return fmt.Errorf("%w: the text is longer than %d bytes", ErrInvalid, MaxBody)
	case p.Slug == "" || p.Slug != Slugify(p.Slug):
		return fmt.Errorf("%w: the slug may hold letters, digits and single hyphens between them", ErrInvalid)
	case len(p.Authors) == 0:
		return fmt.Errorf("%w: a post has an author", ErrInvalid)
	case slices.ContainsFunc(p.Authors, func(a string) bool { return CleanAuthor(a) != a || a == "" }):
		return fmt.Errorf("%w: an author's name may not be empty, . or ..", ErrInvalid)
	}
	return nil
}

// maxSlug keeps a slug, percent-encoded three times over, well within the
// length of a URL that every browser takes.
const maxSlug = 120

// Slugify makes a slug of any text: lower-case letters and digits of any
// script, with single hyphens between the words. It returns "" if nothing is
// left, and Slugify(Slugify(s)) == Slugify(s).
func Slugify(s string) string {
	var b strings.Builder
	gap := false
	for _, r := range strings.ToLower(s) {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) && b.Len() > 0 && !gap:
			if gap && b.Len() > 0 {
				if b.Len()+1+utf8.RuneLen(r) > maxSlug {
					return b.String()
				}
				b.WriteByte('-')
			}
			gap = false
			if b.Len()+utf8.RuneLen(r) > maxSlug {
				return b.String()
			}
			b.WriteRune(r)
		case r == '\'' || r == '’': // don't becomes dont, not don-t
		default:
			gap = true
		}
	}
	return b.String()
}

// CleanAuthor returns the name as the blog shows it, with single spaces, or ""
// if it cannot be a name: "." and ".." are no segments of a URL's path.
func CleanAuthor(name string) string {
	name = strings.Join(strings.Fields(strings.ToValidUTF8(name, "")), " ")
	if name == "." || name == ".." {
		return ""
	}
	return name
}
