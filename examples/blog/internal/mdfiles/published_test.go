package mdfiles

import (
	"strings"
	"testing"
	"testing/fstest"
)

func readOne(t *testing.T, file string) *Result {
	t.Helper()
	return read(t, fstest.MapFS{"post.md": &fstest.MapFile{Data: []byte(file)}})
}

// The clock of these tests says 2026-01-01.
func TestDatesDecideWhatIsPublished(t *testing.T) {
	for _, tt := range []struct {
		fields string
		shown  bool
	}{
		{"date: 2025-01-01", true},
		{"date: 2026-01-01", true},
		{"date: 2026-01-01T00:00:01Z", false},
		{"date: 2025-01-01\npublishDate: 2025-06-01", true},
		{"date: 2025-01-01\npublishDate: 2027-01-01", false},
		{"date: 2027-01-01\npublishDate: 2025-01-01", false},
		{"date: 2027-01-01\npublishDate: 2028-01-01", false},
		{"publishDate: 2025-01-01", true},
		{"publishDate: 2027-01-01", false},
		{"PUBLISHDATE: 2027-01-01\ndate: 2025-01-01", false},
		{"pubdate: 2027-01-01\ndate: 2025-01-01", false},
		{"published: 2027-01-01\ndate: 2025-01-01", false},
		{"published: true\ndate: 2025-01-01", true},
		{"published: false\ndate: 2025-01-01", false},
		{"date: 2025-01-01\nexpiryDate: 2027-01-01", true},
		{"date: 2025-01-01\nexpiryDate: 2025-12-31", false},
		{"date: 2025-01-01\nexpiryDate: 2026-01-01", false},
		{"date: 2025-01-01\nexpiryDate: 2026-01-01 00:00:01", true},
		{"date: 2025-01-01\nexpirydate: Dec 31, 2025", false},
		{"date: 2025-01-01\nunpublishdate: 2025-06-01", false},
		{"date: 2025-01-01\npublishDate: 2027-01-01\nexpiryDate: 2028-01-01", false},
		{"date: 2025-01-01\npublishDate: 2025-02-01\nexpiryDate: 2025-03-01", false},
		{"date: 2025-01-01\nexpiryDate: \"\"", true},
		{"date: 2025-01-01\nexpiryDate: null", true},
	} {
		res := readOne(t, "---\ntitle: x\n"+tt.fields+"\n---\ntext\n")
		if shown := len(res.Posts) == 1; shown != tt.shown || res.Drafts != 1-len(res.Posts) || len(res.Problems) != 0 {
			t.Errorf("%q: %d posts, %d drafts, problems %v; want it shown: %v", tt.fields, len(res.Posts), res.Drafts, res.Problems, tt.shown)
		}
	}
}

// What is shown of a post is its date, also where its publishDate is later.
func TestPostIsDatedByItsDate(t *testing.T) {
	res := readOne(t, "---\ntitle: x\ndate: 2025-01-01\npublishDate: 2025-06-01\n---\n")
	wantLines(t, lines(res), "2025-01-01 00:00:00 | post | x | Anonymous | \n")
}

func TestOddDatesAreNamed(t *testing.T) {
	for _, field := range []string{"publishDate", "expiryDate"} {
		res := readOne(t, "---\ntitle: x\ndate: 2025-01-01\n"+field+": some day\n---\n")
		if len(res.Posts) != 1 || len(res.Problems) != 1 || !strings.Contains(res.Problems[0].Error(), strings.ToLower(field)+`: "some day"`) {
			t.Errorf("%s: %d posts and the problems %v, want the post and that %s was not understood", field, len(res.Posts), res.Problems, field)
		}
	}
}
