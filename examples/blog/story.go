package main

import (
	"context"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/uncache/uncache/examples/blog/internal/posts"
)

// A story asks, saves, and writes down what it expected and what it saw.
type story struct {
	ctx    context.Context
	out    io.Writer
	client *http.Client
	gate   *gate
	away   *outage
	blog   *blog
	at     string // the URL of the node that is talked to
	post   *posts.Post
	other  *posts.Post
	pages  int // of the index, as far as it matters: 1, or 2 and more

	chapter       string // to be printed before the next step
	steps, failed int
}

// seen is an answer.
type seen struct {
	request     string
	status      int
	header      http.Header
	body        string
	err         error
	cacheStatus string
}

// A want is something that is expected of an answer.
type want struct {
	say string
	is  func(seen) bool
}

func status(code int) want {
	return want{fmt.Sprint(code), func(s seen) bool { return s.status == code }}
}

func shows(text string) want {
	return want{fmt.Sprintf("%q", text), func(s seen) bool { return strings.Contains(s.body, html.EscapeString(text)) }}
}

func leadsTo(path string) want {
	return want{"to " + path, func(s seen) bool { return s.header.Get("Location") == path }}
}

var (
	ok200   = status(http.StatusOK)
	hit     = want{"a hit", seen.hit}
	miss    = want{"not a hit", func(s seen) bool { return s.cacheStatus != "" && !s.hit() }}
	noStore = want{"no-store", func(s seen) bool { return s.header.Get("Cache-Control") == "no-store" }}
)

// hit reports whether Cache-Status (RFC 9211) says so.
func (s seen) hit() bool {
	for param := range strings.SplitSeq(s.cacheStatus, ";") {
		if strings.TrimSpace(param) == "hit" {
			return true
		}
	}
	return false
}

// String says what of an answer is of interest.
func (s seen) String() string {
	if s.err != nil {
		return s.err.Error()
	}
	parts := []string{fmt.Sprint(s.status)}
	if to := s.header.Get("Location"); to != "" {
		parts = append(parts, "to "+to)
	}
	if _, rest, ok := strings.Cut(s.body, "<h1>"); ok {
		title, _, _ := strings.Cut(rest, "</h1>")
		parts = append(parts, fmt.Sprintf("%q", html.UnescapeString(title)))
	}
	if cc := s.header.Get("Cache-Control"); cc == "no-store" {
		parts = append(parts, cc)
	}
	return strings.Join(append(parts, "Cache-Status: "+s.cacheStatus), ", ")
}

// check is a step: an answer, and what it should have been.
func (s *story) check(what string, got seen, wanted ...want) {
	s.open()
	s.steps++
	verdict := "ok"
	var say []string
	for _, w := range wanted {
		say = append(say, w.say)
		if got.err != nil || !w.is(got) {
			verdict = "WRONG"
		}
	}
	if verdict != "ok" {
		s.failed++
	}
	fmt.Fprintf(s.out, "%4d  %-5s  %s\n", s.steps, verdict, what)
	fmt.Fprintf(s.out, "             %s\n", got.request)
	fmt.Fprintf(s.out, "             expected  %s\n", strings.Join(say, ", "))
	fmt.Fprintf(s.out, "             seen      %s\n", got)
}

// note says what goes on between two steps.
func (s *story) note(what string) {
	s.open()
	fmt.Fprintf(s.out, "      -      %s\n", what)
}

// open prints the title of a chapter before its first line.
func (s *story) open() {
	if s.chapter != "" {
		fmt.Fprintf(s.out, "\n%s\n", s.chapter)
		s.chapter = ""
	}
}

// get asks for a page.
func (s *story) get(node, path, what string, wanted ...want) {
	s.check(what, s.quietly(node, path), wanted...)
}

// quietly asks for a page without a word.
func (s *story) quietly(node, path string) seen {
	return s.do(http.MethodGet, node+path, nil)
}

// save gives the post another title, by its form.
func (s *story) save(node, title string) {
	s.send(node, url.Values{"title": {title}}, fmt.Sprintf("save the title %q", title), status(http.StatusSeeOther))
}

// send sends the post's form.
func (s *story) send(node string, form url.Values, what string, wanted ...want) {
	path, err := editForm.Path(s.post.Slug)
	if err != nil {
		s.check(what, seen{err: err}, wanted...)
		return
	}
	s.check(what, s.do(http.MethodPost, node+path, form), wanted...)
}

func (s *story) do(method, url string, form url.Values) (got seen) {
	got.request = method + " " + url
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(s.ctx, method, url, body)
	if err != nil {
		got.err = err
		return got
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := s.client.Do(req)
	if err != nil {
		got.err = err
		return got
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	got.status, got.header, got.body, got.err = res.StatusCode, res.Header, string(text), err
	got.cacheStatus = res.Header.Get("Cache-Status")
	return got
}

// newBrowser returns a client that follows no redirect, since where one leads
// is a part of what is checked.
func newBrowser() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{Proxy: nil},
		Timeout:       30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
