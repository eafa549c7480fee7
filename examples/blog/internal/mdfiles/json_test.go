package mdfiles

import (
	"strings"
	"testing"
)

func TestFrontMatterInJSON(t *testing.T) {
	for _, tt := range []struct{ file, want, body string }{
		{"{\"title\": \"In JSON\", \"date\": \"2024-01-02T15:04:05Z\", \"authors\": [\"Ada\", {\"name\": \"Grace\"}], \"tags\": [\"go\", 1.5, 2024]}\n\nThe text.\n",
			"2024-01-02 15:04:05 | post | In JSON | Ada, Grace | go, 1.5, 2024", "\nThe text.\n"},
		{"{\n\t\"Title\": \"Over lines\",\n\t\"DATE\": 20240102,\n\t\"params\": {\"a\": [{\"b\": \"}\"}]}\n}\nThe text.\n",
			"2024-01-02 00:00:00 | post | Over lines | Anonymous | ", "The text.\n"},
		{"\ufeff{\"title\": \"A mark\", \"date\": \"2024-01-02\"}\r\nThe text.\r\n",
			"2024-01-02 00:00:00 | post | A mark | Anonymous | ", "The text.\n"},
		{"\n \t{\"title\": 2024, \"date\": \"2024-01-02\", \"author\": null} The text.",
			"2024-01-02 00:00:00 | post | 2024 | Anonymous | ", "The text."},
		{"{\"title\": \"Braces \\\"}{\\\"\", \"date\": \"2024-01-02\"}{\"title\": \"text\"}",
			"2024-01-02 00:00:00 | post | Braces \"}{\" | Anonymous | ", "{\"title\": \"text\"}"},
	} {
		res := readOne(t, tt.file)
		if len(res.Posts) != 1 || len(res.Problems) != 0 {
			t.Errorf("%q: %d posts, problems %v; want one and none", tt.file, len(res.Posts), res.Problems)
			continue
		}
		wantLines(t, lines(res), tt.want+"\n")
		if got := res.Posts[0].Body; got != tt.body {
			t.Errorf("%q: the text is %q, want %q", tt.file, got, tt.body)
		}
	}
}

func TestDatesInJSONDecide(t *testing.T) {
	for _, fields := range []string{
		`"draft": true`, `"draft": "yes"`, `"publishDate": "2027-01-01"`, `"expiryDate": "2025-01-01"`, `"expiryDate": 20250101`, `"published": false`,
	} {
		if res := readOne(t, `{"title": "x", "date": "2024-01-02", `+fields+"}\ntext"); len(res.Posts) != 0 || res.Drafts != 1 || len(res.Problems) != 0 {
			t.Errorf("%s: %d posts, %d drafts, problems %v; want it not to be shown", fields, len(res.Posts), res.Drafts, res.Problems)
		}
	}
}

// What was meant for front matter is never shown as text.
func TestBrokenJSONIsAProblem(t *testing.T) {
	for _, file := range []string{
		"{", "{\n", "{\"title\": \"no end\"\ntext", "{title: \"no quotes\"}\ntext", "{'title': 'x'}\ntext", "{\"title\": \"x\",}\ntext",
		"{\"title\": \"x\" // a comment\n}\ntext", "{\"title\"}\ntext", "{ secret }\ntext", "{\"title\": 1e}\n",
		strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_000),
	} {
		res := readOne(t, file)
		if len(res.Posts) != 0 || len(res.Problems) != 1 || !strings.Contains(res.Problems[0].Error(), "post.md: left out: JSON: ") {
			t.Errorf("%.40q: %d posts, problems %v; want none, and one that says JSON", file, len(res.Posts), res.Problems)
		}
	}
}

// A brace may begin a text, too.
func TestTextThatBeginsWithABrace(t *testing.T) {
	for _, text := range []string{"{{< figure src=\"x.png\" >}}\n", "{% include x.html %}\n", "{: .note}\nA note.\n"} {
		res := readOne(t, text)
		if len(res.Posts) != 1 || len(res.Problems) != 0 || res.Posts[0].Body != text {
			t.Errorf("%q: %d posts, problems %v; want the text", text, len(res.Posts), res.Problems)
		}
	}
}
