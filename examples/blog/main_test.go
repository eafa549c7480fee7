package main

import (
	"bytes"
	"cmp"
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uncache/uncache/examples/blog/internal/posts"
	"github.com/uncache/uncache/internal/redistest"
	"github.com/uncache/uncache/invalidate"
)

// output is a writer that may be read while it is written to.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// postgres is the URL of a PostgreSQL that answers. Without one the test is
// skipped, but in CI.
func postgres(t *testing.T) string {
	t.Helper()
	url := cmp.Or(os.Getenv("DATABASE_URL"), "postgres://postgres@127.0.0.1:5432/test?sslmode=disable")
	store, err := posts.OpenPostgres(t.Context(), url)
	switch {
	case err == nil:
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	case os.Getenv("CI") == "true":
		t.Fatal(err)
	default:
		t.Skip("no PostgreSQL: ", err)
	}
	return url
}

func TestDemonstration(t *testing.T) {
	for name, args := range map[string][]string{
		"memory":                           {},
		"jekyll":                           {"-posts", "internal/mdfiles/testdata/jekyll"},
		"redis, 1 node":                    {"-redis", ""},
		"redis, 3 nodes":                   {"-redis", "", "-nodes", "3"},
		"outbox":                           {"-outbox"},
		"postgres, redis, 2 nodes, outbox": {"-redis", "", "-nodes", "2", "-outbox", "-db", ""},
	} {
		t.Run(name, func(t *testing.T) {
			for i, arg := range args {
				switch arg {
				case "-redis":
					args[i+1] = redistest.New(t, redistest.Config{}).Options().Addr
				case "-db":
					args[i+1] = postgres(t)
				}
			}
			var stdout, stderr output
			if status := run(t.Context(), append(args, "-demo"), &stdout, &stderr); status != 0 {
				t.Errorf("exit status %d\n%s\n%s", status, &stdout, &stderr)
			}
			if !strings.Contains(stdout.String(), "steps were as expected.") {
				t.Errorf("the last line is missing:\n%s", &stdout)
			}
		})
	}
}

// The demonstration says so when a save leaves something behind.
func TestDemonstrationSeesWhatIsStale(t *testing.T) {
	forgetful := func(inv *invalidate.Invalidator) {
		invalidate.Register(inv, func(p *posts.Post, to *invalidate.Targets) {
			to.Route(postPage, p.Slug)
			to.Route(blogIndex)
			to.Route(atomFeed)
			for _, name := range p.Authors {
				to.Group(authorGroup(name))
			}
		})
	}
	var stdout output
	err := demonstrate(t.Context(), config{nodes: 1, rules: forgetful}, &stdout, func(err error) { t.Error(err) })
	if err == nil || !strings.Contains(err.Error(), "1 of 38 steps") {
		t.Errorf("the rules forget the RSS feed; the demonstration says %v, want one wrong step", err)
	}
	_, wrong, _ := strings.Cut(stdout.String(), "WRONG")
	if line, _, _ := strings.Cut(wrong, "\n"); !strings.Contains(line, "/rss/blog/") {
		t.Errorf("the wrong step is %q, want the one of /rss/blog/", line)
	}
}

func TestServeAndStop(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ctx, stop := context.WithCancel(t.Context())
	var stdout, stderr output
	done := make(chan int)
	go func() { done <- run(ctx, []string{"-addr", "127.0.0.1:0"}, &stdout, &stderr) }()
	for deadline := time.Now().Add(30 * time.Second); !strings.Contains(stdout.String(), "Ctrl-C"); {
		if time.Now().After(deadline) {
			t.Fatalf("nothing is served:\n%s%s", &stdout, &stderr)
		}
		time.Sleep(5 * time.Millisecond)
	}
	if n := strings.Count(stdout.String(), "curl "); n != 5 {
		t.Errorf("the tour has %d commands, want 5:\n%s", n, &stdout)
	}
	_, address, _ := strings.Cut(stdout.String(), "http://")
	address, _, _ = strings.Cut(address, "\n")
	res, err := http.Get("http://" + address)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("GET of the URL that was printed: %s, want 200", res.Status)
	}
	stop()
	if status := <-done; status != 0 || stderr.String() != "" {
		t.Errorf("exit status %d, stderr %q; want 0 and nothing", status, &stderr)
	}
	if left, err := filepath.Glob(filepath.Join(os.TempDir(), "uncache-blog-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestFlags(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, tt := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"-help"}, 0, "-posts"},
		{[]string{"-nonsense"}, 2, "nonsense"},
		{[]string{"extra"}, 2, "extra"},
		{[]string{"-nodes", "2"}, 1, "needs -redis ADDR"},
		{[]string{"-nodes", "0"}, 1, "at least one node"},
		{[]string{"-addr", taken.Addr().String()}, 1, "address already in use"},
		{[]string{"-addr", "127.0.0.1:0", "-posts", "nowhere"}, 1, "-posts nowhere: no such file or directory"},
		{[]string{"-addr", "127.0.0.1:0", "-posts", t.TempDir()}, 1, "no post to show"},
		{[]string{"-addr", "127.0.0.1:0", "-redis", "127.0.0.1:1"}, 1, "purge what an earlier run has stored"},
		{[]string{"-addr", "127.0.0.1:0", "-redis", "nothing://here"}, 1, "node 1: redis"},
		{[]string{"-addr", "127.0.0.1:0", "-db", "mysql://here"}, 1, "-db: posts: a PostgreSQL database is named by a URL"},
		{[]string{"-addr", "127.0.0.1:0", "-db", "postgres://postgres@127.0.0.1:1/test"}, 1, "create the table in postgres://postgres@127.0.0.1:1/test"},
	} {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			t.Setenv("TMPDIR", t.TempDir())
			var stdout, stderr output
			status := run(t.Context(), tt.args, &stdout, &stderr)
			if status != tt.status || !strings.Contains(stderr.String(), tt.says) {
				t.Errorf("exit status %d and %q, want %d and something about %q", status, &stderr, tt.status, tt.says)
			}
			if left, err := filepath.Glob(filepath.Join(os.TempDir(), "uncache-blog-*")); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}
