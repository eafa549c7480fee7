package feed

import (
	"bytes"
	"encoding/xml"
	"net/mail"
	"strings"
	"testing"
	"time"
)

// hostile is what a feed has to carry as it is, but for what XML cannot hold.
const hostile = `<script>alert(1)</script> & ]]> "quotes" 日本`

func sample() *Feed {
	at := time.Date(2024, time.January, 2, 15, 4, 5, 0, time.FixedZone("", 3600))
	return &Feed{
		Title: hostile, Description: "About " + hostile, ID: "tag:example.org,2024:feed",
		Home: "http://example.org/blog/", Self: "http://example.org/feed?a=1&b=2", Updated: at.Add(time.Hour),
		Entries: []Entry{{
			ID: "tag:example.org,2024:1", Title: hostile, Summary: "a\x00b\x1f" + hostile,
			Link: "http://example.org/blog/%E6%97%A5/", Authors: []string{"Ada <a@b.c>", "Björn"},
			Tags: []string{`"go" & web`}, Published: at, Updated: at.Add(time.Minute),
		}},
	}
}

func TestRSS(t *testing.T) {
	var b bytes.Buffer
	if err := sample().RSS(&b); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		XMLName xml.Name `xml:"rss"`
		Version string   `xml:"version,attr"`
		Channel struct {
			Title string `xml:"title"`
			Self  struct {
				Href string `xml:"href,attr"`
			} `xml:"http://www.w3.org/2005/Atom link"`
			LastBuildDate string `xml:"lastBuildDate"`
			Items         []struct {
				TitleText   string   `xml:"title"`
				LinkText    string   `xml:"link"`
				GUID        string   `xml:"guid"`
				Creators    []string `xml:"http://purl.org/dc/elements/1.1/ creator"`
				Categories  []string `xml:"category"`
				PubDate     string   `xml:"pubDate"`
				Description string   `xml:"description"`
			} `xml:"item"`
		} `xml:"channel"`
	}
	parse(t, b.Bytes(), &doc)
	f, item := sample(), doc.Channel.Items[0]
	same(t, "version", doc.Version, "2.0")
	same(t, "title", doc.Channel.Title, f.Title)
	same(t, "self", doc.Channel.Self.Href, f.Self)
	same(t, "item title", item.TitleText, hostile)
	same(t, "link", item.LinkText, f.Entries[0].Link)
	same(t, "guid", item.GUID, f.Entries[0].ID)
	same(t, "creators", strings.Join(item.Creators, "|"), "Ada <a@b.c>|Björn")
	same(t, "categories", strings.Join(item.Categories, "|"), f.Entries[0].Tags[0])
	same(t, "description", item.Description, "a\ufffdb\ufffd"+hostile)
	for _, date := range []string{doc.Channel.LastBuildDate, item.PubDate} {
		if _, err := mail.ParseDate(date); err != nil { // RFC 822, as RSS wants it
			t.Errorf("date %q: %v", date, err)
		}
	}
}

func TestAtom(t *testing.T) {
	var b bytes.Buffer
	if err := sample().Atom(&b); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		XMLName xml.Name `xml:"http://www.w3.org/2005/Atom feed"`
		Title   string   `xml:"title"`
		ID      string   `xml:"id"`
		Updated string   `xml:"updated"`
		Links   []struct {
			Rel  string `xml:"rel,attr"`
			Href string `xml:"href,attr"`
		} `xml:"link"`
		Entries []struct {
			Title     string   `xml:"title"`
			ID        string   `xml:"id"`
			Updated   string   `xml:"updated"`
			Published string   `xml:"published"`
			Summary   string   `xml:"summary"`
			Authors   []string `xml:"author>name"`
			Link      struct {
				Href string `xml:"href,attr"`
			} `xml:"link"`
			Category struct {
				Term string `xml:"term,attr"`
			} `xml:"category"`
		} `xml:"entry"`
	}
	parse(t, b.Bytes(), &doc)
	f, entry := sample(), doc.Entries[0]
	same(t, "title", doc.Title, f.Title)
	same(t, "id", doc.ID, f.ID)
	same(t, "self", doc.Links[0].Rel+" "+doc.Links[0].Href, "self "+f.Self)
	same(t, "entry title", entry.Title, hostile)
	same(t, "entry id", entry.ID, f.Entries[0].ID)
	same(t, "link", entry.Link.Href, f.Entries[0].Link)
	same(t, "authors", strings.Join(entry.Authors, "|"), "Ada <a@b.c>|Björn")
	same(t, "category", entry.Category.Term, f.Entries[0].Tags[0])
	same(t, "summary", entry.Summary, "a\ufffdb\ufffd"+hostile)
	for _, date := range []string{doc.Updated, entry.Updated, entry.Published} {
		if _, err := time.Parse(time.RFC3339, date); err != nil {
			t.Errorf("date %q: %v", date, err)
		}
	}
}

func parse(t *testing.T, text []byte, into any) {
	t.Helper()
	if err := xml.Unmarshal(text, into); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
}

func same(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %q, want %q", what, got, want)
	}
}
