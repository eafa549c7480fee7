package feed

import (
	"encoding/xml"
	"io"
	"time"
)

type atom struct {
	XMLName  xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	Title    string      `xml:"title"`
	Subtitle string      `xml:"subtitle"`
	ID       string      `xml:"id"`
	Links    []atomLink  `xml:"link"`
	Updated  string      `xml:"updated"`
	Entries  []atomEntry `xml:"entry"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr"`
	Href string `xml:"href,attr"`
}

type atomEntry struct {
	Title      string         `xml:"title"`
	ID         string         `xml:"id"`
	Link       atomLink       `xml:"link"`
	Published  string         `xml:"published"`
	Updated    string         `xml:"updated"`
	Authors    []atomPerson   `xml:"author"`
	Categories []atomCategory `xml:"category"`
	Summary    string         `xml:"summary"` // plain text, which is the default type
}

type atomPerson struct {
	Name string `xml:"name"`
}

type atomCategory struct {
	Term string `xml:"term,attr"`
}

// Atom writes f as an Atom feed.
func (f *Feed) Atom(w io.Writer) error {
	doc := atom{
		Title:    f.Title,
		Subtitle: f.Description,
		ID:       f.ID,
		Links: []atomLink{
			{Rel: "self", Type: "application/atom+xml", Href: f.Self},
			{Rel: "alternate", Type: "text/html", Href: f.Home},
		},
		Updated: f.Updated.UTC().Format(time.RFC3339),
	}
	for _, e := range f.Entries {
		entry := atomEntry{
			Title:     e.Title,
			ID:        e.ID,
			Link:      atomLink{Rel: "alternate", Type: "text/html", Href: e.Link},
			Published: e.Published.UTC().Format(time.RFC3339),
			Updated:   e.Updated.UTC().Format(time.RFC3339),
			Summary:   e.Summary,
		}
		for _, name := range e.Authors {
			entry.Authors = append(entry.Authors, atomPerson{name})
		}
		for _, tag := range e.Tags {
			entry.Categories = append(entry.Categories, atomCategory{tag})
		}
		doc.Entries = append(doc.Entries, entry)
	}
	return write(w, doc)
}
