// Package feed writes the blog's posts as RSS 2.0 and as Atom (RFC 4287).
package feed

import "time"

// A Feed is what both formats say in their own words. All URLs are absolute.
type Feed struct {
	Title       string
	Description string
	ID          string // a URI that never changes
	Home        string // the page that the feed is of
	Self        string // the feed itself
	Updated     time.Time
	Entries     []Entry
}

// An Entry is one post.
type Entry struct {
	ID        string // a URI that stays when the post gets another URL
	Title     string // plain text
	Summary   string // plain text
	Link      string
	Authors   []string
	Tags      []string
	Published time.Time
	Updated   time.Time
}
