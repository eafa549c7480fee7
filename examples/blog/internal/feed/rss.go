package feed

import (
	"encoding/xml"
	"fmt"
	"io"
	"time"
)

type rss struct {
	XMLName xml.Name   `xml:"rss"`
	Version string     `xml:"version,attr"`
	AtomNS  string     `xml:"xmlns:atom,attr"`
	DCNS    string     `xml:"xmlns:dc,attr"`
	Channel rssChannel `xml:"channel"`
}

type rssChannel struct {
	Title         string    `xml:"title"`
	Link          string    `xml:"link"`
	Self          rssSelf   `xml:"atom:link"`
	Description   string    `xml:"description"`
	LastBuildDate string    `xml:"lastBuildDate"`
	Items         []rssItem `xml:"item"`
}

type rssSelf struct {
	Href string `xml:"href,attr"`
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr"`
}

type rssItem struct {
	Title       string   `xml:"title"`
	Link        string   `xml:"link"`
	GUID        rssGUID  `xml:"guid"`
	Creators    []string `xml:"dc:creator"` // RSS's own author is an e-mail address
	Categories  []string `xml:"category"`
	PubDate     string   `xml:"pubDate"`
	Description string   `xml:"description"`
}

type rssGUID struct {
	IsPermaLink bool   `xml:"isPermaLink,attr"`
	Value       string `xml:",chardata"`
}

// RSS writes f as RSS 2.0.
func (f *Feed) RSS(w io.Writer) error {
	doc := rss{
		Version: "2.0",
		AtomNS:  "http://www.w3.org/2005/Atom",
		DCNS:    "http://purl.org/dc/elements/1.1/",
		Channel: rssChannel{
			Title:         f.Title,
			Link:          f.Home,
			Self:          rssSelf{Href: f.Self, Rel: "self", Type: "application/rss+xml"},
			Description:   f.Description,
			LastBuildDate: f.Updated.UTC().Format(time.RFC1123Z),
		},
	}
	for _, e := range f.Entries {
		doc.Channel.Items = append(doc.Channel.Items, rssItem{
			Title:       e.Title,
			Link:        e.Link,
			GUID:        rssGUID{Value: e.ID},
			Creators:    e.Authors,
			Categories:  e.Tags,
			PubDate:     e.Published.UTC().Format(time.RFC1123Z),
			Description: e.Summary,
		})
	}
	return write(w, doc)
}

func write(w io.Writer, doc any) error {
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return fmt.Errorf("feed: write: %w", err)
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "\t")
	if err := enc.Encode(doc); err != nil {
		return fmt.Errorf("feed: write: %w", err)
	}
	return nil
}
