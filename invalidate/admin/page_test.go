package admin_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/uncache/uncache/cache"
)

// Somebody with a keyboard and no script finds out who purged a page, why another is not
// stored, what a save would purge, and purges by hand. In Chromium, at both widths, light
// and dark.
func TestPageInBrowser(t *testing.T) {
	g := newRig(t, nil, nil)
	for range 20 {
		g.visit("/blog/a/")
	}
	g.visit("/private")
	if err := g.pages.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{"group:posts"}, Reason: "blog.Post 42 saved", Origin: "web-1"}); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/ops/cache/", g.admin)
	srv := httptest.NewServer(mux)
	defer srv.Close()
	page := srv.URL + "/ops/cache/"
	b := newBrowser(t)
	text := func() string { t.Helper(); return b.eval("document.body.innerText") }
	wants := func(what string, parts ...string) {
		t.Helper()
		got := text()
		for _, part := range parts {
			if !strings.Contains(got, part) {
				t.Errorf("%s: %q is not in\n%s", what, part, got)
			}
		}
	}
	for _, look := range []struct {
		name  string
		width int
		dark  bool
	}{{"narrow", 390, false}, {"narrow-dark", 390, true}, {"wide", 1280, false}, {"wide-dark", 1280, true}} {
		b.size(look.width, 900, look.dark)
		b.open(page + "?url=http://example.com/blog/a/&model=post&id=7")
		wants(look.name, "The handler would be asked", "blog.Post 42 saved", "web-1", "path:/blog/hello-7/", "GET /blog/{slug}/")
		if over := b.eval("document.documentElement.scrollWidth - document.documentElement.clientWidth"); over != "0" {
			t.Errorf("%s: the page is %s pixels too wide", look.name, over)
		}
		if back := b.eval("getComputedStyle(document.body).backgroundColor"); (back == "rgb(20, 22, 26)") != look.dark {
			t.Errorf("%s: the background is %s", look.name, back)
		}
		for _, pair := range []string{"body", "main h2", ".state dt", "nav a", "button", "#purge button", "footer", ".verdict strong", "td code"} {
			if ratio := contrast(t, b, pair); ratio < 4.5 {
				t.Errorf("%s: the contrast of %s is %.1f, want 4.5", look.name, pair, ratio)
			}
		}
		if small := b.eval(`[...document.querySelectorAll("button, select, main input:not([type=checkbox]):not([type=hidden])")].filter(e => e.offsetHeight < 40).length`); small != "0" {
			t.Errorf("%s: %s controls are too low for a finger", look.name, small)
		}
		b.shot(look.name)
	}

	b.open(page)
	b.focus("#url")
	b.write("http://example.com/private")
	b.enter()
	b.loaded()
	wants("a page that is not stored", "Cache-Control: private", "private")

	b.focus("[name=id]")
	b.write("9")
	b.enter()
	b.loaded()
	wants("what a save would purge", "path:/blog/hello-9/", "post 9")

	b.focus("#names")
	b.write("/blog/a/")
	b.focus("#reason")
	b.write("by keyboard")
	b.focus("#purge button")
	b.enter()
	b.loaded()
	wants("a purge by hand", "Purged: path:/blog/a/", "by hand, 127.0.0.1: by keyboard")
	b.shot("purged")
	if g.events() != 2 {
		t.Errorf("the log has %d events, want 2", g.events())
	}

	b.focus("#names")
	b.write("blog")
	b.focus("#purge button")
	b.enter()
	b.loaded()
	wants("a mistake", "400", "nothing was purged", "Back to the page")
	b.shot("mistake")
	for _, e := range b.events {
		if strings.HasPrefix(e, "Log.entryAdded") && !strings.Contains(e, "400 (Bad Request)") {
			t.Errorf("the browser complains: %s", e)
		}
	}
}

// contrast is the ratio of WCAG between the text of the first such element and what is
// behind it.
func contrast(t *testing.T, b *browser, selector string) float64 {
	t.Helper()
	got := b.eval(fmt.Sprintf(`(() => {
	const light = c => { const [r, g, b] = c.map(v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4 }); return 0.2126 * r + 0.7152 * g + 0.0722 * b };
	const parse = s => s.match(/[\d.]+/g).map(Number);
	const e = document.querySelector(%q);
	if (!e) return "none";
	let back = e;
	while (back && parse(getComputedStyle(back).backgroundColor)[3] === 0) back = back.parentElement;
	const a = light(parse(getComputedStyle(e).color).slice(0, 3)), z = light(parse(getComputedStyle(back).backgroundColor).slice(0, 3));
	return String((Math.max(a, z) + 0.05) / (Math.min(a, z) + 0.05));
})()`, selector))
	var ratio float64
	if _, err := fmt.Sscan(got, &ratio); err != nil {
		t.Errorf("contrast of %s: %s, %v", selector, got, err)
	}
	return ratio
}

// The page is shown, whatever fails.
func TestPageWithoutBackend(t *testing.T) {
	g := newRig(t, nil, nil)
	_ = g.pages.Close() // Open made its store
	w := g.ask("GET", "/?url=/blog/a/", "", "Accept: text/html")
	if w.Code != 200 || !strings.Contains(w.Body.String(), "not read") || !strings.Contains(w.Body.String(), cache.ErrClosed.Error()) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := g.ask("GET", "/events", ""); w.Code != http.StatusBadGateway {
		t.Errorf("events: %d", w.Code)
	}
}

// A form gets a page, also for what is refused.
func TestForms(t *testing.T) {
	g := newRig(t, nil, nil)
	form := func(body string) *httptest.ResponseRecorder {
		return g.ask("POST", "/purge", body, "Content-Type: application/x-www-form-urlencoded")
	}
	for kind, name := range map[string]string{"url": "/a?b", "path": "/a", "prefix": "/a", "route": "/a/{b}", "group": "a", "all": "all"} {
		if w := form("kind=" + kind + "&names=" + name + "&soft=on"); w.Code != 200 || !strings.Contains(w.Body.String(), "Purged softly: ") {
			t.Errorf("%s: %d %.300s", kind, w.Code, w.Body)
		}
	}
	n := g.events()
	for _, body := range []string{"", "kind=path&names=", "kind=all&names=", "kind=all&names=everything", "kind=all&names=all%0Aall", "kind=x&names=a", "kind=path&names=/a%0Ab", "%zz"} {
		if w := form(body); w.Code != 400 || !strings.Contains(w.Body.String(), `role="alert"`) {
			t.Errorf("%q: %d %.300s", body, w.Code, w.Body)
		}
	}
	if g.events() != n {
		t.Error("a mistake has purged")
	}
	g.fails = errors.New("no")
	if w := form("kind=all&names=all"); w.Code != http.StatusBadGateway {
		t.Errorf("a purge that fails: %d", w.Code)
	}
}
