package admin_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate/admin"
)

func TestOptionsAreChecked(t *testing.T) {
	g := newRig(t, nil, nil)
	load := func(context.Context, string) (any, error) { return nil, nil }
	models := map[string]func(context.Context, string) (any, error){"post": load}
	for what, call := range map[string]func() (http.Handler, error){
		"pages": func() (http.Handler, error) { return admin.New(nil, admin.Loopback, nil) },
		"allow": func() (http.Handler, error) { return admin.New(g.pages, nil, nil) },
		"Origin": func() (http.Handler, error) {
			return admin.New(g.pages, admin.Loopback, &admin.Options{Origin: "example.com"})
		},
		"Origin's path": func() (http.Handler, error) {
			return admin.New(g.pages, admin.Loopback, &admin.Options{Origin: "http://example.com/a"})
		},
		"Models": func() (http.Handler, error) {
			return admin.New(g.pages, admin.Loopback, &admin.Options{Models: models})
		},
		"a nil model": func() (http.Handler, error) {
			return admin.New(g.pages, admin.Loopback, &admin.Options{Invalidator: g.inv, Models: map[string]func(context.Context, string) (any, error){"post": nil}})
		},
	} {
		if h, err := call(); h != nil || !errors.Is(err, admin.ErrOptions) {
			t.Errorf("%s: %v, want ErrOptions", what, err)
		}
	}
	for range 2 { // one Invalidator may have several handlers
		if _, err := admin.New(g.pages, admin.Loopback, &admin.Options{Invalidator: g.inv, Origin: "https://example.com/"}); err != nil {
			t.Error(err)
		}
	}
}

func TestPurge(t *testing.T) {
	for kind, c := range map[string]struct{ body, dependency string }{
		"urls":     {`{"urls":["http://example.com/blog/a/?x"]}`, "uri:example.com/blog/a/?x"},
		"paths":    {`{"paths":["/blog/a/"]}`, "path:/blog/a/"},
		"prefixes": {`{"prefixes":["/blog/"]}`, "prefix:/blog"},
		"routes":   {`{"routes":["GET /blog/{slug}/"]}`, "route:/blog/{}/"},
		"groups":   {`{"groups":["posts"]}`, "group:posts"},
		"all":      {`{"all":true}`, "all:"},
	} {
		t.Run(kind, func(t *testing.T) {
			g := newRig(t, nil, nil)
			page := "/blog/a/"
			if kind == "urls" {
				page += "?x"
			}
			g.visit(page)
			if s := g.visit(page); !strings.HasPrefix(s, "uncache; hit") {
				t.Fatalf("before: %s", s)
			}
			body := strings.TrimSuffix(c.body, "}") + `,"reason":"broken layout"}`
			a := g.want(200, "POST", "/admin/cache/purge", body)
			if !slices.Contains(a["purged"].([]any), any(c.dependency)) {
				t.Errorf("it says that it purged %v, want %q", a["purged"], c.dependency)
			}
			if s := g.visit(page); !strings.HasPrefix(s, "uncache; fwd=miss") {
				t.Errorf("afterwards: %s", s)
			}
			if len(g.told) != 1 || g.told[0].Reason != "by hand, 192.0.2.1: broken layout" {
				t.Errorf("the other Purger was told %+v", g.told)
			}
		})
	}
}

func TestSoftPurge(t *testing.T) {
	g := newRig(t, nil, nil)
	g.want(200, "POST", "/purge", `{"groups":["posts"],"soft":true}`)
	if len(g.told) != 1 || !g.told[0].Soft {
		t.Errorf("the Purger was told %+v", g.told)
	}
}

// One mistake, and nothing of the request is done.
func TestNothingIsPurgedAfterAMistake(t *testing.T) {
	g := newRig(t, nil, nil)
	for _, body := range []string{
		`{"paths":["/good/","bad"]}`,
		`{"paths":["/blog/*"]}`,
		`{"paths":["/blog/{slug}/"]}`,
		`{"urls":["/good","http://"]}`,
		`{"urls":["/blog/*"]}`,
		`{"routes":["GET /blog/{slug"]}`,
		`{"routes":[""],"paths":["/good/"]}`,
		`{"groups":["good",""]}`,
		`{"all":true,"paths":["/good/"]}`,
		`{"all":false}`,
		`{}`,
		`{"paths":["/good/"],"hosts":["x"]}`,
		`{"paths":["/good/"]} {"paths":["/other/"]}`,
		`{"paths":"/good/"}`,
		`[]`,
		`null x`,
		`{"paths":[` + strings.Repeat(`"/a/",`, 1000) + `"/a/"]}`,
	} {
		w := g.ask("POST", "/purge", body)
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), `"error":`) {
			t.Errorf("%.60s: %d %s, want 400", body, w.Code, w.Body)
		}
	}
	if n := g.events(); n != 0 || len(g.told) != 0 {
		t.Errorf("the log has %d events, the Purger was told %v", n, g.told)
	}
}

func TestPurgeFails(t *testing.T) {
	g := newRig(t, nil, nil)
	g.fails = errors.New("the CDN at https://user:hunter2@cdn.example/?token=hunter2 says no")
	w := g.ask("POST", "/purge", `{"paths":["/a/"]}`)
	if w.Code != http.StatusBadGateway || strings.Contains(w.Body.String(), "hunter2") || !strings.Contains(w.Body.String(), "says no") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// The pages alone, where there is no Invalidator.
func TestPurgeWithoutInvalidator(t *testing.T) {
	g := newRig(t, nil, func(o *admin.Options) {
		o.Invalidator, o.Models = nil, nil
		o.Who = func(r *http.Request) string { return "ada\x1b\n" + strings.Repeat("x", 100) }
	})
	g.visit("/blog/a/")
	g.want(200, "POST", "/purge", `{"paths":["/blog/a/"],"reason":"`+strings.Repeat("y", 500)+`"}`)
	for e := range g.pages.Events(t.Context(), 0) {
		if !strings.HasPrefix(e.Reason, "by hand, ada  xxx") || !strings.Contains(e.Reason, ": yyy") || len(e.Reason) > cache.MaxNote {
			t.Errorf("the reason is %q", e.Reason)
		}
	}
	g.want(404, "GET", "/resolve?model=post&id=1", "")
}

func TestExplain(t *testing.T) {
	g := newRig(t, nil, nil)
	g.visit("http://www.example.com/blog/a/")
	if a := g.want(200, "GET", "/explain?url=http://www.example.com/blog/a/", ""); a["hit"] != true {
		t.Errorf("%v", a)
	}
	if a := g.want(200, "GET", "/explain?url=/blog/a/", "", "Host: x"); a["hit"] != false || a["url"] != "example.com/blog/a/" {
		t.Errorf("of the host that was asked: %v", a)
	}
	if a := g.want(200, "GET", "/explain?url=https://www.example.com/blog/a/", ""); a["hit"] != true {
		t.Errorf("of https behind a proxy: %v", a)
	}
	g.visit("/private")
	if a := g.want(200, "GET", "/explain?url=/private", ""); a["reason"] != "private" {
		t.Errorf("%v", a)
	}
	if a := g.want(200, "GET", "/explain?url=/admin/x", ""); a["reason"] != "skip" {
		t.Errorf("%v", a)
	}
	if a := g.want(200, "GET", "/explain?url=/blog/a/&header=Authorization:x", ""); a["reason"] != "authorization" {
		t.Errorf("%v", a)
	}
	g.want(200, "POST", "/purge", `{"groups":["posts"],"reason":"typo"}`)
	a := g.want(200, "GET", "/explain?url=http://www.example.com/blog/a/", "")
	if p, _ := a["purge"].(map[string]any); p["reason"] != "by hand, 192.0.2.1: typo" {
		t.Errorf("who purged it: %v", a)
	}
	for _, u := range []string{"", "blog", "ftp://example.com/", "http://a:b@example.com/", "javascript:alert(1)", "http:///", strings.Repeat("/a", 5000)} {
		g.want(400, "GET", "/explain?url="+u, "")
	}
}

func TestExplainAtOrigin(t *testing.T) {
	g := newRig(t, nil, func(o *admin.Options) { o.Origin = "https://www.example.com" })
	g.visit("http://www.example.com/blog/a/") // a proxy ends TLS
	if a := g.want(200, "GET", "/explain?url=/blog/a/", ""); a["hit"] != true {
		t.Errorf("%v", a)
	}
}

func TestResolve(t *testing.T) {
	g := newRig(t, nil, nil)
	a := g.want(200, "GET", "/resolve?model=post&id=7", "")
	if got := fmt.Sprint(a["would_purge"]); !strings.Contains(got, "path:/blog/hello-7/") || !strings.Contains(got, "post 7") {
		t.Errorf("%s", got)
	}
	if g.events() != 0 {
		t.Error("it was purged")
	}
	g.want(404, "GET", "/resolve?model=author&id=7", "")
	g.want(400, "GET", "/resolve?model=post&id=", "")
	g.want(400, "GET", "/resolve?model=post&id="+strings.Repeat("7", 300), "")
	if a := g.want(404, "GET", "/resolve?model=post&id=0", ""); strings.Contains(fmt.Sprint(a), "hunter2") {
		t.Errorf("a password is shown: %v", a)
	}
}

func TestEvents(t *testing.T) {
	g := newRig(t, nil, nil)
	for i := range 30 {
		e := cache.Event{Dependencies: []cache.Dependency{cache.Group(fmt.Sprint(i % 2))}, Reason: fmt.Sprint(i)}
		if i == 5 {
			e.Dependencies = []cache.Dependency{cache.Prefix("/blog")}
		}
		if err := g.pages.Purge(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	reasons := func(a map[string]any) (all []string) {
		for _, e := range a["events"].([]any) {
			all = append(all, e.(map[string]any)["reason"].(string))
		}
		return all
	}
	a := g.want(200, "GET", "/events?limit=3", "")
	if got := reasons(a); !slices.Equal(got, []string{"29", "28", "27"}) {
		t.Errorf("the newest are %q", got)
	}
	if got := reasons(g.want(200, "GET", "/events?group=1&limit=2", "")); !slices.Equal(got, []string{"29", "27"}) {
		t.Errorf("the newest of a group are %q", got)
	}
	if got := reasons(g.want(200, "GET", "/events?path=/blog/a/", "")); !slices.Equal(got, []string{"5"}) {
		t.Errorf("those about a path are %q", got)
	}
	if got := reasons(g.want(200, "GET", "/events?url=http://example.com/blog/a/?q", "")); !slices.Equal(got, []string{"5"}) {
		t.Errorf("those about a URL are %q", got)
	}
	// Page by page, each once.
	var all []string
	next := "0"
	for range 10 {
		a := g.want(200, "GET", "/events?limit=7&after="+next, "")
		all = append(all, reasons(a)...)
		next = fmt.Sprintf("%.0f", a["next"])
		if a["more"] != true {
			break
		}
	}
	if len(all) != 30 || all[0] != "0" || all[29] != "29" {
		t.Errorf("page by page: %q", all)
	}
	for _, q := range []string{"limit=0", "limit=1001", "limit=x", "after=-1", "after=x", "group=", "path=x", "route=x{"} {
		g.want(400, "GET", "/events?"+q, "")
	}
	// Nothing comes after the end, and to ask for it purges nothing.
	g.visit("/blog/a/")
	if a := g.want(200, "GET", "/events?after=18446744073709551615", ""); len(a["events"].([]any)) != 0 {
		t.Errorf("%v", a)
	}
	if s := g.visit("/blog/a/"); !strings.HasPrefix(s, "uncache; hit") {
		t.Errorf("afterwards: %s", s)
	}
}

func TestStats(t *testing.T) {
	g := newRig(t, nil, nil)
	g.visit("/blog/a/")
	g.visit("/blog/a/")
	g.want(200, "POST", "/purge", `{"paths":["/other/"]}`)
	a := g.want(200, "GET", "/stats", "")
	if got := fmt.Sprint(a["invalidator"]); !strings.Contains(got, "purged:1") {
		t.Errorf("%s", got)
	}
	if got := fmt.Sprint(a["pages"]); !strings.Contains(got, "/blog/{slug}/") || !strings.Contains(got, "hit:1") {
		t.Errorf("%s", got)
	}
}

// Any prefix, with StripPrefix and without.
func TestMount(t *testing.T) {
	g := newRig(t, nil, nil)
	mux := http.NewServeMux()
	mux.Handle("/a/b/", g.admin)
	mux.Handle("/c/", http.StripPrefix("/c", g.admin))
	for _, target := range []string{"/a/b/", "/c/", "/a/b/style.css", "/c/explain?url=/x", "/c/?url=/x"} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest("GET", target, nil))
		if w.Code != 200 {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
	}
	for target, code := range map[string]int{"/c/nothing": 404, "/c/purge": 405} {
		g.want(code, "GET", target, "")
	}
	g.want(405, "DELETE", "/", "")
}

// A page is asked for, the handler is mounted behind the cache: nothing of it is stored.
func TestBehindTheCache(t *testing.T) {
	g := newRig(t, nil, nil)
	behind := g.pages.Handler(g.admin)
	for range 2 {
		w := httptest.NewRecorder()
		behind.ServeHTTP(w, httptest.NewRequest("GET", "/tools/", nil))
		if s := w.Header().Get("Cache-Status"); w.Code != 200 || !strings.Contains(s, "no-store") {
			t.Errorf("%d, %s", w.Code, s)
		}
	}
}
