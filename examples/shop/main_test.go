package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/uncache/uncache/cache/pagecache"
)

// The program in docs/sessions.md is this one.
func TestProgramOfTheDocs(t *testing.T) {
	docs, err := os.ReadFile("../../docs/sessions.md")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	_, code, _ := strings.Cut(string(program), "\npackage main\n")
	if !strings.Contains(string(docs), "```go\npackage main\n"+code+"```\n") {
		t.Error("the program in docs/sessions.md is not that of main.go")
	}
}

// A browser keeps the cookies of one person.
type browser struct {
	*http.Client
	url string
}

func newBrowser(t *testing.T, site string, cookies ...string) browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(site)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cookies {
		name, value, _ := strings.Cut(c, "=")
		jar.SetCookies(u, []*http.Cookie{{Name: name, Value: value}})
	}
	return browser{&http.Client{Jar: jar}, site}
}

// do returns the page, and what Cache-Status says.
func (b browser) do(t *testing.T, method, path string) (page, status string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, b.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := b.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text)), resp.Header.Get("Cache-Status")
}

func TestShop(t *testing.T) {
	rendered := 0
	site, err := newSite(&pagecache.Options{TTL: time.Minute, Observe: func(_ *http.Request, o pagecache.Observation) {
		if !o.Hit && o.Forward != "method" {
			rendered++
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(site)
	defer server.Close()

	// Fifty strangers with an analytics cookie, and two themes: two renderings.
	for i := range 50 {
		theme := []string{"light", "dark"}[i%2]
		b := newBrowser(t, server.URL, fmt.Sprint("_ga=", i), "theme="+theme)
		if page, status := b.do(t, "GET", "/"); page != "theme "+theme+", cart 0" {
			t.Errorf("stranger %d is given %q (%s)", i, page, status)
		}
	}
	if rendered != 2 {
		t.Errorf("%d renderings for 50 strangers with 2 themes, want 2", rendered)
	}

	// A visitor sees the cart change, and each message once. Nobody else does.
	alice, stranger := newBrowser(t, server.URL, "_ga=1"), newBrowser(t, server.URL, "_ga=2")
	for _, want := range []string{"theme light, cart 1 added!", "theme light, cart 2 added!"} {
		if page, status := alice.do(t, "POST", "/cart"); page != want { // follows the redirect
			t.Errorf("alice is given %q (%s), want %q", page, status, want)
		}
		if page, status := alice.do(t, "GET", "/"); page != strings.TrimSuffix(want, " added!") || !strings.Contains(status, "detail=session-cookie") {
			t.Errorf("alice is given %q (%s) a second time", page, status)
		}
		if page, status := stranger.do(t, "GET", "/"); page != "theme light, cart 0" {
			t.Errorf("a stranger is given %q (%s)", page, status)
		}
	}
	if page, status := newBrowser(t, server.URL, "_ga=3").do(t, "GET", "/"); page != "theme light, cart 0" || !strings.Contains(status, "hit") {
		t.Errorf("a stranger is given %q (%s), want a hit", page, status)
	}

	// What is public is rendered once for all visitors.
	bob := newBrowser(t, server.URL)
	bob.do(t, "POST", "/cart")
	alice.do(t, "GET", "/terms")
	for who, b := range map[string]browser{"alice": alice, "bob": bob, "a stranger": stranger} {
		if page, status := b.do(t, "GET", "/terms"); page != "no refunds" || !strings.Contains(status, "hit") {
			t.Errorf("%s is given %q (%s), want a hit", who, page, status)
		}
	}
}
