package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/backend/rediscache"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/internal/redistest"
)

// Over Redis alone a purge reaches an application that runs elsewhere, and the log is read.
func TestOverRedis(t *testing.T) {
	srv := redistest.New(t, redistest.Config{})
	opts := srv.Options()
	opts.ContextTimeoutEnabled = true
	rdb := redis.NewClient(opts)
	defer rdb.Close()
	g := &rig{t: t, env: map[string]string{}}

	_, errs := g.run(exitFailed, "purge", "-redis", opts.Addr, "-all")
	g.wants(errs, "no log under the prefix")

	backend, err := rediscache.New(rdb, nil)
	if err != nil {
		t.Fatal(err)
	}
	pages, err := pagecache.Open(backend, &pagecache.Options{TTL: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer pages.Close()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /blog/{slug}/{$}", func(w http.ResponseWriter, r *http.Request) {
		pagecache.AddGroups(r.Context(), "author:ada")
		fmt.Fprint(w, "hello")
	})
	site := pages.Handler(mux)
	visit := func() string {
		w := httptest.NewRecorder()
		site.ServeHTTP(w, httptest.NewRequest("GET", "/blog/a/?x", nil))
		return w.Header().Get("Cache-Status")
	}
	for _, args := range [][]string{
		{"-path", "/blog/a/"}, {"-prefix", "/blog"}, {"-route", "GET /blog/{slug}/{$}"}, {"-group", "author:ada"}, {"-all"},
	} {
		visit()
		if s := visit(); !strings.HasPrefix(s, "uncache; hit") {
			t.Fatalf("before %q: %s", args, s)
		}
		g.run(exitDone, append([]string{"purge", "-redis", opts.Addr, "-reason", "test of " + args[0]}, args...)...)
		if s := visit(); !strings.HasPrefix(s, "uncache; fwd=miss") {
			t.Errorf("after %q: %s", args, s)
		}
	}
	g.env["UNCACHE_REDIS"] = "redis://" + opts.Addr
	out, _ := g.run(exitDone, "events")
	if !strings.Contains(strings.SplitN(out, "\n", 2)[0], "test of -all") {
		t.Errorf("the newest is not first:\n%s", out)
	}
	out, _ = g.run(exitDone, "events", "-group", "author:ada", "-n", "1")
	g.wants(out, "test of -all") // which names everything
	out, _ = g.run(exitDone, "events", "-path", "/blog/a/", "-json")
	g.wants(out, "test of -prefix", "test of -path", who())

	// To ask for what comes after the end must purge nothing.
	visit()
	for _, after := range []string{"9007199254740990", "18446744073709551615"} {
		out, _ = g.run(exitDone, "events", "-after", after)
		g.wants(out, "there are none")
	}
	if s := visit(); !strings.HasPrefix(s, "uncache; hit") {
		t.Errorf("afterwards: %s", s)
	}
	g.run(exitFailed, "events", "-redis", "127.0.0.1:1")
	if err := pages.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{"group:\x1b[2J"}, Reason: "\x1b[2J\n"}); err != nil {
		t.Fatal(err)
	}
	if out, _ = g.run(exitDone, "events"); strings.Contains(out, "\x1b") {
		t.Errorf("a terminal would obey %q", out)
	}
}

// A user of Redis who may do no more than is needed, and a password that is no argument.
func TestACL(t *testing.T) {
	srv := redistest.New(t, redistest.Config{})
	rdb := redis.NewClient(srv.Options())
	defer rdb.Close()
	err := rdb.Do(t.Context(), "ACL", "SETUSER", "ops", "on", ">hunter2", "~uncache:*", "-@all",
		"+eval", "+evalsha", "+get", "+set", "+time", "+xadd", "+xrange", "+xrevrange", "+xtrim", "+xlen", "+unlink", "+info", "+hello", "+client", "+ping").Err()
	if err != nil {
		t.Fatal(err)
	}
	opts := srv.Options()
	opts.ContextTimeoutEnabled = true
	app := redis.NewClient(opts)
	defer app.Close()
	backend, err := rediscache.New(app, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := backend.Append(t.Context(), cache.Event{Reason: "of the application"}); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	g := &rig{t: t, env: map[string]string{}}
	args := []string{"-redis", opts.Addr, "-redis-user", "ops", "-redis-password-file", file}
	g.run(exitDone, append([]string{"purge", "-group", "a"}, args...)...)
	out, _ := g.run(exitDone, append([]string{"events"}, args...)...)
	g.wants(out, "group:a", "of the application")
	g.env["UNCACHE_REDIS_PASSWORD"] = "wrong"
	_, errs := g.run(exitFailed, "events", "-redis", opts.Addr, "-redis-user", "ops")
	if strings.Contains(errs, "wrong") && strings.Contains(errs, "hunter2") {
		t.Errorf("a password is shown: %s", errs)
	}
	g.env["UNCACHE_REDIS_PASSWORD"] = "hunter2"
	g.run(exitDone, "events", "-redis", opts.Addr, "-redis-user", "ops")
}
