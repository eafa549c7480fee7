package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uncache/uncache/examples/blog/internal/posts"
)

// A visit is a browser with a cache of its own, which lasts over its windows.
type visit struct{ profile string }

func newVisit(t *testing.T) visit {
	t.Helper()
	if _, err := exec.LookPath("chromium"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("chromium is not in PATH: .ci/run installs it")
		}
		t.Skip("chromium is not in PATH")
	}
	return visit{t.TempDir()}
}

// open opens a URL in a new window and returns what it shows.
func (v visit) open(t *testing.T, url string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
		"--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking", "--disable-component-update",
		"--disable-sync", "--user-data-dir="+v.profile, "--dump-dom", url)
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("chromium %s: %v", url, err)
	}
	return string(out)
}

// A browser can't be purged. It is told to ask, so that it shows what was saved.
func TestBrowserShowsWhatWasSaved(t *testing.T) {
	v := newVisit(t)
	s := serving(t, config{})
	list, err := posts.Newest(t.Context(), s.blog.site.store.DB(), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	page := path(t)(postPage.Path(list[0].Slug))
	if got := v.open(t, s.at+page); !strings.Contains(got, list[0].Title) {
		t.Fatalf("the post is shown as %.500s", got)
	}
	s.want(t, s.form(path(t)(editForm.Path(list[0].Slug)), url.Values{"title": {"Seen by a browser"}}), status(http.StatusSeeOther))
	if got := v.open(t, s.at+page); !strings.Contains(got, "Seen by a browser") {
		t.Errorf("after the save it is shown as %.500s", got)
	}
}

// The test above could not fail if browsers had no cache that lasts.
func TestBrowserKeepsWhatItMay(t *testing.T) {
	v := newVisit(t)
	var asked atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/page" {
			asked.Add(1)
		}
		w.Header().Set("Cache-Control", "max-age=3600")
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<p>page"))
	}))
	defer srv.Close()
	for range 2 {
		v.open(t, srv.URL+"/page")
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("the browser asked %d times for a page that it may keep, want 1", n)
	}
}
