package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/admin"
)

const token = "a secret of the test"

// A rig is an application, and a shell in which commands are typed.
type rig struct {
	t     *testing.T
	env   map[string]string
	pages *pagecache.Cache
	site  http.Handler
}

type post struct{ Slug string }

func newRig(t *testing.T) *rig {
	t.Helper()
	backend := memory.New(nil)
	pages, err := pagecache.Open(backend, &pagecache.Options{TTL: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	inv := invalidate.New(pages, &invalidate.Options{Origin: "web-1"})
	invalidate.Register(inv, func(p *post, to *invalidate.Targets) { to.Path("/blog/" + p.Slug + "/") })
	h, err := admin.New(pages, admin.Token(token), &admin.Options{Invalidator: inv, AllowChanges: true, Models: map[string]func(context.Context, string) (any, error){
		"post": func(_ context.Context, id string) (any, error) { return &post{id}, nil },
	}})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/ops/", h)
	mux.HandleFunc("GET /blog/{slug}/{$}", func(w http.ResponseWriter, r *http.Request) {
		pagecache.AddGroups(r.Context(), "author:ada")
		fmt.Fprint(w, "hello")
	})
	mux.HandleFunc("GET /private", func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Cache-Control", "private") })
	g := &rig{t: t, pages: pages, site: pages.Handler(mux)}
	srv := httptest.NewServer(mux)
	t.Cleanup(func() { srv.Close(); _, _ = pages.Close(), backend.Close() })
	g.env = map[string]string{"UNCACHE_URL": srv.URL + "/ops", "UNCACHE_TOKEN": token}
	return g
}

// visit has a visitor ask for a page on the host that the command asks about.
func (g *rig) visit(path string) string {
	r := httptest.NewRequest("GET", path, nil)
	r.Host = strings.TrimSuffix(strings.TrimPrefix(g.env["UNCACHE_URL"], "http://"), "/ops")
	w := httptest.NewRecorder()
	g.site.ServeHTTP(w, r)
	return w.Header().Get("Cache-Status")
}

// run types a command, and returns what it printed. It has to end with a code.
func (g *rig) run(code int, args ...string) (stdout, stderr string) {
	g.t.Helper()
	var out, errs bytes.Buffer
	got := run(g.t.Context(), args, func(name string) string { return g.env[name] }, &out, &errs)
	if got != code {
		g.t.Errorf("uncache %q: exit code %d, want %d\n%s%s", args, got, code, &out, &errs)
	}
	if strings.Contains(out.String()+errs.String(), token) {
		g.t.Errorf("uncache %q prints the token", args)
	}
	return out.String(), errs.String()
}

func (g *rig) wants(text string, parts ...string) {
	g.t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			g.t.Errorf("%q is not in\n%s", part, text)
		}
	}
}

func TestExplainAndPurge(t *testing.T) {
	g := newRig(t)
	out, _ := g.run(exitNo, "explain", "/blog/a/")
	g.wants(out, "fwd=miss", "stored     nothing")
	g.visit("/blog/a/")
	out, _ = g.run(exitDone, "explain", "/blog/a/")
	g.wants(out, "hit; ttl=", "group:author:ada")
	out, _ = g.run(exitDone, "purge", "-group", "author:ada", "-reason", "typo", "-path", "/blog/b/")
	g.wants(out, "purged group:author:ada\n", "purged path:/blog/b/\n")
	out, _ = g.run(exitNo, "explain", "/blog/a/")
	g.wants(out, "detail=purged", `"web-1"`, "by hand, 127.0.0.1: typo")
	out, _ = g.run(exitDone, "events", "-path", "/blog/b/")
	g.wants(out, "by web-1: by hand, 127.0.0.1: typo", "    path:/blog/b/")
	out, _ = g.run(exitDone, "events", "-group", "nobody")
	g.wants(out, "there are none")
}

func TestJSON(t *testing.T) {
	g := newRig(t)
	g.visit("/blog/a/")
	for _, args := range [][]string{
		{"purge", "-json", "-all", "-soft"}, {"events", "-json"}, {"stats", "-json"}, {"resolve", "post", "a", "-json"},
	} {
		out, _ := g.run(exitDone, args...)
		var v map[string]any
		if err := json.Unmarshal([]byte(out), &v); err != nil || len(v) == 0 {
			t.Errorf("uncache %q: %v\n%s", args, err, out)
		}
	}
	out, _ := g.run(exitNo, "explain", "-json", "/private")
	var x pagecache.Explanation
	if err := json.Unmarshal([]byte(out), &x); err != nil || !strings.HasPrefix(x.Status, "fwd=miss") {
		t.Errorf("explain: %v\n%s", err, out)
	}
}

func TestResolveAndStats(t *testing.T) {
	g := newRig(t)
	out, _ := g.run(exitDone, "resolve", "post", "hello")
	g.wants(out, "path:/blog/hello/  by main.post")
	_, errs := g.run(exitFailed, "resolve", "author", "ada")
	g.wants(errs, "post")
	g.visit("/blog/a/")
	g.visit("/blog/a/")
	out, _ = g.run(exitDone, "stats")
	g.wants(out, "backend  answers", "/blog/{slug}/{$}", "50.0 %")
	_, errs = g.run(exitFailed, "outbox")
	g.wants(errs, "there is no outbox")
}

// Nothing is done after a mistake, and the mistake is said.
func TestMistakes(t *testing.T) {
	g := newRig(t)
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{}, "usage"},
		{[]string{"flush"}, "no command"},
		{[]string{"purge"}, "nothing is named"},
		{[]string{"purge", "/blog/"}, "is no flag"},
		{[]string{"purge", "-path", "/good/", "-path", "bad"}, "bad"},
		{[]string{"purge", "-path", "/blog/*"}, "pattern"},
		{[]string{"purge", "-all", "-group", "x"}, "all is named beside others"},
		{[]string{"purge", "-everything"}, "everything"},
		{[]string{"explain"}, "one URL"},
		{[]string{"explain", "/a", "/b"}, "one URL"},
		{[]string{"resolve", "post"}, "a model and an ID"},
		{[]string{"events", "-n", "0"}, "-n"},
		{[]string{"events", "-after", "x"}, "-after"},
		{[]string{"stats", "-url", "example.com"}, "http"},
		{[]string{"stats", "-url", "https://ada:pw@example.com/"}, "UNCACHE_TOKEN"},
		{[]string{"stats", "-token", "x"}, "token"},
		{[]string{"stats", "-url", "http://cache.example.com/"}, "in the clear"},
		{[]string{"purge", "-redis", "redis://:pw@127.0.0.1", "-all"}, "UNCACHE_REDIS_PASSWORD"},
		{[]string{"purge", "-redis", "127.0.0.1:1", "-page", "/a"}, "-page needs -url"},
	} {
		_, errs := g.run(exitUsage, c.args...)
		g.wants(errs, c.says)
		if strings.Contains(errs, "pw") {
			t.Errorf("uncache %q shows a password: %s", c.args, errs)
		}
	}
	for range g.pages.Events(t.Context(), 0) {
		t.Fatal("something was purged")
	}
	delete(g.env, "UNCACHE_URL")
	_, errs := g.run(exitUsage, "stats")
	g.wants(errs, "UNCACHE_URL")
}

func TestRefusals(t *testing.T) {
	g := newRig(t)
	g.env["UNCACHE_TOKEN"] = "wrong"
	_, errs := g.run(exitFailed, "purge", "-all")
	g.wants(errs, "not allowed")
	delete(g.env, "UNCACHE_TOKEN")
	g.run(exitFailed, "stats")
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	g.run(exitDone, "stats", "-token-file", file)
	g.env["UNCACHE_TOKEN_FILE"] = file
	g.run(exitDone, "stats")
	g.run(exitFailed, "stats", "-token-file", file+"x")
	g.run(exitFailed, "stats", "-url", "http://127.0.0.1:1/")
	for range g.pages.Events(t.Context(), 0) {
		t.Fatal("something was purged")
	}
}

// A server that is not ours, or hostile: no token is sent on, and no terminal obeys it.
func TestOtherServers(t *testing.T) {
	var stolen string
	thief := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { stolen = r.Header.Get("Authorization") }))
	defer thief.Close()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/events":
			fmt.Fprint(w, `{"events":[{"reason":"\u001b]0;owned\u0007","origin":"a\nb","dependencies":["group:\u001b[2J"]}]}`)
		case "/stats":
			http.Redirect(w, r, thief.URL, http.StatusTemporaryRedirect)
		case "/resolve":
			fmt.Fprint(w, "<html>")
		default:
			http.Error(w, "no", http.StatusTeapot)
		}
	}))
	defer srv.Close()
	g := newRig(t)
	g.env["UNCACHE_URL"] = srv.URL
	out, _ := g.run(exitDone, "events")
	if strings.ContainsAny(out, "\x1b\x07") || strings.Contains(out, "a\nb") {
		t.Errorf("printed %q", out)
	}
	_, errs := g.run(exitFailed, "stats")
	g.wants(errs, "307")
	if stolen != "" {
		t.Error("the token was sent to another server")
	}
	_, errs = g.run(exitFailed, "resolve", "post", "1")
	g.wants(errs, "does not answer as invalidate/admin does")
	_, errs = g.run(exitFailed, "outbox")
	g.wants(errs, "418")
}

func TestHelp(t *testing.T) {
	g := newRig(t)
	out, _ := g.run(exitDone, "help")
	for name, cmd := range commands {
		g.wants(out, "  "+name+" ")
		own, _ := g.run(exitDone, "help", name)
		if own != cmd.help || !strings.Contains(own, "  uncache "+name) {
			t.Errorf("help of %s has no example:\n%s", name, own)
		}
		flag, _ := g.run(exitDone, name, "-h")
		if flag != own {
			t.Errorf("%s -h differs from its help", name)
		}
	}
}
