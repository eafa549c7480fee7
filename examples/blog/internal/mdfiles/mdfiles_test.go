package mdfiles

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/uncache/uncache/examples/blog/internal/posts"
)

var now = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

func read(t *testing.T, dir fs.FS) *Result {
	t.Helper()
	res, err := Read(dir, now)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range res.Posts {
		if err := p.Validate(); err != nil {
			t.Errorf("%s: %v", p.Slug, err)
		}
	}
	return res
}

// lines says of each post what the tests look at.
func lines(res *Result) string {
	var b strings.Builder
	for _, p := range res.Posts {
		fmt.Fprintf(&b, "%s | %s | %s | %s | %s\n", p.Published.Format("2006-01-02 15:04:05"),
			p.Slug, p.Title, strings.Join(p.Authors, ", "), strings.Join(p.Tags, ", "))
	}
	return b.String()
}

func wantLines(t *testing.T, got, want string) {
	t.Helper()
	if want = strings.TrimLeft(want, "\n"); got != want {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
}

func TestHugo(t *testing.T) {
	res := read(t, os.DirFS("testdata/hugo"))
	wantLines(t, lines(res), `
2023-05-06 07:08:09 | local-datetime | A local date and time | Ada Lovelace | 
2023-05-06 00:00:00 | local-date | A local date | Table Author | 
2023-03-04 03:06:07 | first-steps | First steps with <b>TOML</b> | Ada Lovelace, Björk Guðmundsdóttir | Programming, go, web
2023-02-03 15:11:12 | bundle | A bundle: with a colon | Grace Hopper | 
2023-02-02 00:00:00 | windows | Windows line ends | Anonymous | 
2023-01-16 00:00:00 | numbers | 2024 | 42 | 2024, true
2023-01-15 00:00:00 | 日本語の記事 | 日本語の題名 | Anonymous | 
2023-01-03 00:00:00 | odd-date | An odd date | Anonymous | 
2023-01-02 15:04:05 | first-steps-2 | The other first steps | Anonymous | 
2023-01-02 00:00:00 | bom | A byte order mark | Anonymous | 
`)
	if res.Drafts != 2 {
		t.Errorf("%d drafts, want 2: one says so, one is of the future", res.Drafts)
	}
	first := res.Posts[2]
	if want := "What the post is about."; first.Summary != want {
		t.Errorf("the summary of %s is %q, want %q", first.Slug, first.Summary, want)
	}
	if got, want := first.Updated, time.Date(2023, 4, 1, 0, 0, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("%s was updated %v, want %v", first.Slug, got, want)
	}
	if got, want := res.Posts[4].Body, "\nOne\ntwo.\n"; got != want {
		t.Errorf("the text with Windows line ends is %q, want %q", got, want)
	}
	problems := map[string]string{
		"content/posts/bad-toml.md": "TOML",
		"content/posts/bad-yaml.md": "YAML",
		"content/posts/latin1.md":   "not UTF-8",
		"content/posts/no-end.md":   "has no end",
		"content/posts/odd-date.md": "the day after yesterday",
	}
	for _, err := range res.Problems {
		name, _, _ := strings.Cut(err.Error(), ":")
		if want := problems[name]; want == "" || !strings.Contains(err.Error(), want) {
			t.Errorf("problem %q: want it to tell of %q", err, want)
		}
		delete(problems, name)
	}
	for name := range problems {
		t.Errorf("nothing was said of %s", name)
	}
}

func TestJekyll(t *testing.T) {
	res := read(t, os.DirFS("testdata/jekyll"))
	wantLines(t, lines(res), `
2024-01-08 00:00:00 | soup | Soup | Anonymous | 
2024-01-07 00:00:00 | empty | Empty | Anonymous | 
2024-01-06 00:00:00 | plain-text | Plain text | Anonymous | 
2024-01-05 22:30:00 | dated-twice | Dated twice | Ada, Grace | 
2024-01-02 00:00:00 | hello-world | Hello, world | Anonymous | jekyll, update
`)
	if got, want := res.Posts[3].Summary, "Two lines of excerpt."; got != want {
		t.Errorf("the summary is %q, want %q", got, want)
	}
	if res.Drafts != 1 || len(res.Problems) != 0 {
		t.Errorf("%d drafts, want 1; problems %v, want none", res.Drafts, res.Problems)
	}
}

func TestFlat(t *testing.T) {
	res := read(t, os.DirFS("testdata/flat"))
	wantLines(t, lines(res), `
2022-01-02 00:00:00 | script | <script>alert(1)</script> & "quotes" ]]> | <img src=x onerror=alert(2)>/../& | 
2022-01-01 00:00:00 | etc-passwd | .. | Anonymous | 
`)
	if len(res.Problems) != 0 {
		t.Errorf("problems %v, want none", res.Problems)
	}
}

func TestNoSuchDirectory(t *testing.T) {
	if _, err := Read(os.DirFS("testdata/nowhere"), now); err == nil {
		t.Error("no error for a directory that is not there")
	}
}

func TestSlugsAreUnique(t *testing.T) {
	dir := fstest.MapFS{}
	long := strings.Repeat("long ", 60)
	for i, title := range []string{"Same", "same", "SAME", "Same 2", long, long} {
		dir[fmt.Sprintf("%d/x%d.md", i, i)] = &fstest.MapFile{Data: fmt.Appendf(nil,
			"---\ntitle: %q\nslug: %q\ndate: 2020-01-0%d\n---\n", title, title, i+1)}
	}
	res := read(t, dir)
	seen := map[string]bool{}
	for _, p := range res.Posts {
		if seen[p.Slug] {
			t.Errorf("two posts are called %s", p.Slug)
		}
		seen[p.Slug] = true
	}
	for _, want := range []string{"same", "same-2", "same-3", "same-4"} {
		if !seen[want] {
			t.Errorf("no post is called %s: %v", want, seen)
		}
	}
}

func TestDates(t *testing.T) {
	want := time.Date(2024, time.January, 2, 15, 4, 5, 0, time.UTC)
	for _, s := range []string{
		"2024-01-02T15:04:05Z", "2024-01-02T15:04:05.123Z", "2024-01-02T16:04:05+01:00",
		"2024-01-02T16:04:05+0100", "2024-01-02 15:04:05", "2024-01-02 10:04:05 -0500",
		"2024-01-02 16:04:05+01:00", "2024-01-02  15:04:05 UTC", "2024-01-02 15:04:05 +0000 UTC",
		"2024/01/02 15:04:05", "Tue, 02 Jan 2024 15:04:05 GMT", "Tue, 02 Jan 2024 16:04:05 +0100",
		"Tue Jan  2 15:04:05 2024", "Tue Jan  2 15:04:05 UTC 2024",
	} {
		if got, err := date(s); err != nil || !got.Equal(want) {
			t.Errorf("date(%q) = %v, %v; want %v", s, got, err, want)
		}
	}
	day := time.Date(2024, time.January, 2, 0, 0, 0, 0, time.UTC)
	for _, v := range []any{
		"2024-01-02", "2024-1-2", "2024/01/02", "2024.01.02", "20240102", 20240102, int64(20240102),
		"January 2, 2024", "Jan 2, 2024", "January 2nd, 2024", "2 January 2024", "2 Jan 2024",
		"2.1.2024", "Tuesday, January 2, 2024", day,
	} {
		if got, err := date(v); err != nil || !got.Equal(day) {
			t.Errorf("date(%v) = %v, %v; want %v", v, got, err, day)
		}
	}
	for _, v := range []any{"", "soon", "2024-13-45", 12, 1e300, nil, true, []any{}, time.Date(12024, 1, 1, 0, 0, 0, 0, time.UTC)} {
		if got, err := date(v); err == nil {
			t.Errorf("date(%v) = %v, want an error", v, got)
		}
	}
}

// Whatever is in a file, it becomes a valid post or a problem.
func FuzzRead(f *testing.F) {
	for _, dir := range []string{"hugo/content/posts", "jekyll/_posts", "flat"} {
		names, err := fs.Glob(os.DirFS("testdata"), dir+"/*.m*")
		if err != nil || len(names) == 0 {
			f.Fatalf("no seeds in %s: %v", dir, err)
		}
		for _, name := range names {
			data, err := os.ReadFile("testdata/" + name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Add([]byte("---\n? [a]\n: b\n1: 2\n---\n"))
	f.Add([]byte("---\n&a [*a, *a]\n---\n"))
	f.Add([]byte("+++\n[title]\nx = 1\n+++\n"))
	f.Add([]byte("---\nauthors: [[[[x]]], {name: [1]}, null]\n---\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		res, err := Read(fstest.MapFS{"a/b.md": &fstest.MapFile{Data: data}}, now)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(res.Posts) + res.Drafts; n > 1 || n == 0 && len(res.Problems) == 0 {
			t.Fatalf("%d posts, %d drafts, problems %v of one file", len(res.Posts), res.Drafts, res.Problems)
		}
		for _, p := range res.Posts {
			if err := p.Validate(); err != nil {
				t.Fatalf("post %+v: %v", p, err)
			}
			if p.Slug != posts.Slugify(p.Slug) {
				t.Fatalf("slug %q", p.Slug)
			}
		}
	})
}
