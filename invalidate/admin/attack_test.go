package admin_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/invalidate/admin"
)

var everything = []struct{ method, target, body string }{
	{"GET", "/", ""}, {"HEAD", "/", ""}, {"GET", "/style.css", ""}, {"GET", "/explain?url=/", ""}, {"GET", "/resolve?model=post&id=1", ""},
	{"GET", "/events", ""}, {"GET", "/stats", ""}, {"GET", "/outbox", ""}, {"GET", "/nothing", ""},
	{"POST", "/purge", `{"all":true}`}, {"POST", "/outbox", `{"revive_all":true}`}, {"DELETE", "/", ""}, {"OPTIONS", "/purge", ""},
}

// Who is not allowed learns nothing, not even what is there.
func TestNobodyGetsInWithoutAllow(t *testing.T) {
	g := newRig(t, func(*http.Request) bool { return false }, nil)
	first := ""
	for _, q := range everything {
		w := g.ask(q.method, q.target, q.body)
		text := w.Body.String()
		if q.method == "HEAD" {
			continue
		}
		if first == "" {
			first = text
		}
		if w.Code != http.StatusForbidden || text != first {
			t.Errorf("%s %s: %d %s", q.method, q.target, w.Code, text)
		}
	}
	if g.events() != 0 {
		t.Error("something was purged")
	}
}

func TestChangesAreRefused(t *testing.T) {
	g := newRig(t, nil, func(o *admin.Options) { o.AllowChanges = false })
	for _, q := range everything {
		w := g.ask(q.method, q.target, q.body)
		if q.method == "POST" && w.Code != http.StatusForbidden {
			t.Errorf("%s %s: %d, want 403", q.method, q.target, w.Code)
		}
	}
	if w := g.ask("GET", "/", ""); strings.Contains(w.Body.String(), `method="post"`) {
		t.Error("the page offers changes")
	}
	if g.events() != 0 {
		t.Error("something was purged")
	}
}

// What a foreign site has a browser send is refused.
func TestCrossSiteRequests(t *testing.T) {
	g := newRig(t, nil, nil)
	form := "kind=all&names=all"
	for _, fields := range [][]string{
		{"Sec-Fetch-Site: cross-site"}, {"Sec-Fetch-Site: same-site"},
		{"Origin: http://evil.example"}, {"Origin: null"},
	} {
		for _, kind := range []string{"application/x-www-form-urlencoded", "text/plain", "application/json"} {
			body := form
			if kind != "application/x-www-form-urlencoded" {
				body = `{"all":true}`
			}
			w := g.ask("POST", "/purge", body, append(fields, "Content-Type: "+kind)...)
			if w.Code != http.StatusForbidden {
				t.Errorf("%s, %s: %d, want 403", fields, kind, w.Code)
			}
		}
	}
	// A body of a kind that a page may send without being asked is no JSON.
	if w := g.ask("POST", "/purge", `{"all":true}`, "Content-Type: text/plain"); w.Code != http.StatusUnsupportedMediaType {
		t.Errorf("text/plain: %d", w.Code)
	}
	if n := g.events(); n != 0 {
		t.Fatalf("%d purges", n)
	}
	w := g.ask("POST", "/purge", form, "Content-Type: application/x-www-form-urlencoded", "Sec-Fetch-Site: same-origin", "Origin: http://example.com")
	if w.Code != 200 || g.events() != 1 {
		t.Errorf("the page's own form: %d %s", w.Code, w.Body)
	}
}

// Nobody purges under another's name.
func TestNobodyChoosesTheirName(t *testing.T) {
	g := newRig(t, nil, nil)
	a := g.want(200, "POST", "/purge", `{"paths":["/a/"]}`, "Authorization: Basic Ym9zczp4", "X-Forwarded-For: 203.0.113.1", "X-Forwarded-User: boss")
	if a["reason"] != "by hand, 192.0.2.1" {
		t.Errorf("the reason is %q", a["reason"])
	}
}

func TestLoopback(t *testing.T) {
	for _, c := range []struct {
		from, host, forwarded string
		want                  bool
	}{
		{"127.0.0.1:1", "127.0.0.1:8080", "", true},
		{"127.0.0.1:1", "localhost:8080", "", true},
		{"127.0.0.1:1", "LOCALHOST", "", true},
		{"[::1]:1", "[::1]:8080", "", true},
		{"[::ffff:127.0.0.1]:1", "127.1.2.3", "", true},
		{"127.0.0.1:1", "evil.example:8080", "", false}, // DNS rebinding
		{"127.0.0.1:1", "localhost.evil.example", "", false},
		{"127.0.0.1:1", "", "", false},
		{"127.0.0.1:1", "localhost", "203.0.113.1", false}, // a proxy
		{"203.0.113.1:1", "localhost", "", false},
		{"", "localhost", "", false},
		{"@", "localhost", "", false},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr, r.Host = c.from, c.host
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := admin.Loopback(r); got != c.want {
			t.Errorf("from %q, host %q, for %q: %t, want %t", c.from, c.host, c.forwarded, got, c.want)
		}
	}
}

func TestToken(t *testing.T) {
	allow, empty := admin.Token("s3cret"), admin.Token("")
	for header, want := range map[string]bool{
		"Bearer s3cret": true, "bearer s3cret": true, "Bearer  s3cret": true,
		"": false, "Bearer": false, "Bearer ": false, "Bearer s3cre": false, "Bearer s3cret2": false, "Basic s3cret": false, "s3cret": false,
	} {
		r := httptest.NewRequest("GET", "/", nil)
		if header != "" {
			r.Header.Set("Authorization", header)
		}
		if got := allow(r); got != want {
			t.Errorf("%q: %t, want %t", header, got, want)
		}
		if empty(r) {
			t.Errorf("%q: an empty token lets it in", header)
		}
	}
}

// What visitors, handlers and purgers may write is text on the page, whatever it is.
func TestMarkupIsText(t *testing.T) {
	const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)>{{.}}' javascript:x`
	g := newRig(t, nil, nil)
	e := cache.Event{Dependencies: []cache.Dependency{cache.Group(evil), cache.Prefix("/" + evil)}, Reason: evil, Origin: evil}
	if err := g.pages.Purge(t.Context(), e); err != nil && !errors.Is(err, pagecache.ErrDependency) {
		t.Fatal(err)
	}
	target := "/blog/" + url.PathEscape(evil) + "/"
	g.visit(target)
	q := url.Values{"url": {target + "?" + url.QueryEscape(evil)}, "model": {evil}, "id": {evil}, "path": {"/" + evil}}
	pages := map[string]string{
		"the page":   g.ask("GET", "/?"+q.Encode(), "").Body.String(),
		"bad query":  g.ask("GET", "/?url="+url.QueryEscape(evil)+"&path="+url.QueryEscape(evil), "").Body.String(),
		"a purge":    g.ask("POST", "/purge", url.Values{"kind": {"group"}, "names": {evil}, "reason": {evil}}.Encode(), "Content-Type: application/x-www-form-urlencoded").Body.String(),
		"a mistake":  g.ask("POST", "/purge", url.Values{"kind": {evil}, "names": {evil}}.Encode(), "Content-Type: application/x-www-form-urlencoded").Body.String(),
		"not there":  g.ask("GET", "/"+url.PathEscape("<script>"), "", "Accept: text/html").Body.String(),
		"the events": g.ask("GET", "/events", "").Body.String(),
	}
	for what, text := range pages {
		for _, tag := range []string{"<script", "<img", "onerror=alert(1)>"} {
			if strings.Contains(text, tag) {
				t.Errorf("%s has %s: %.2000s", what, tag, text)
			}
		}
	}
	if !strings.Contains(pages["the page"], "&lt;script&gt;") {
		t.Error("the page does not show the event")
	}
}

// Every answer forbids scripts, frames and storing.
func TestSecurityFields(t *testing.T) {
	g := newRig(t, nil, nil)
	for _, q := range everything {
		h := g.ask(q.method, q.target, q.body).Header()
		csp := h.Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") || strings.Contains(csp, "script-src") {
			t.Errorf("%s %s: Content-Security-Policy is %q", q.method, q.target, csp)
		}
		if h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("X-Frame-Options") != "DENY" {
			t.Errorf("%s %s: %v", q.method, q.target, h)
		}
		if kind := h.Get("Content-Type"); kind != "application/json" && kind != "text/html; charset=utf-8" && kind != "text/css; charset=utf-8" {
			t.Errorf("%s %s: Content-Type %q", q.method, q.target, kind)
		}
	}
	text := g.ask("GET", "/", "").Body.String()
	for _, inline := range []string{"<script", "<style", " style=", " onclick", "http://", "https://"} {
		if strings.Contains(text, inline) {
			t.Errorf("the page has %q", inline)
		}
	}
}

func TestHugeRequests(t *testing.T) {
	g := newRig(t, nil, nil)
	big := `{"paths":["/` + strings.Repeat("a", 1<<20) + `"]}`
	if w := g.ask("POST", "/purge", big); w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("a large body: %d", w.Code)
	}
	if w := g.ask("POST", "/purge", "kind=path&names="+strings.Repeat("a", 1<<20), "Content-Type: application/x-www-form-urlencoded"); w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("a large form: %d", w.Code)
	}
	if w := g.ask("GET", "/events?"+strings.Repeat("group=a&", 1<<15), ""); w.Code != http.StatusRequestURITooLong {
		t.Errorf("a large query: %d", w.Code)
	}
	deep := strings.Repeat("[", 60_000)
	if w := g.ask("POST", "/purge", deep); w.Code != http.StatusBadRequest {
		t.Errorf("a deep body: %d", w.Code)
	}
	// The page stays small, whatever the log holds.
	many := make([]cache.Dependency, 9000)
	for i := range many {
		many[i] = cache.Group(fmt.Sprint(strings.Repeat("n", 300), i))
	}
	for range 30 {
		if err := g.pages.Purge(t.Context(), cache.Event{Dependencies: many}); err != nil {
			t.Fatal(err)
		}
	}
	for _, target := range []string{"/", "/events?limit=1000"} {
		if w := g.ask("GET", target, ""); w.Code != 200 || w.Body.Len() > 1<<20 {
			t.Errorf("%s: %d, %d bytes", target, w.Code, w.Body.Len())
		}
	}
}

func TestRatesAreBounded(t *testing.T) {
	g := newRig(t, nil, nil)
	refused := 0
	for range 100 {
		w := g.ask("POST", "/purge", `{"paths":["/a/"]}`)
		if w.Code == http.StatusTooManyRequests {
			if refused++; w.Header().Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
		}
	}
	if n := g.events(); refused == 0 || n+refused != 100 || n > 40 {
		t.Errorf("%d purges of 100, %d refused", n, refused)
	}
	if w := g.ask("GET", "/explain?url=/", ""); w.Code != 200 {
		t.Errorf("a question after many purges: %d", w.Code)
	}
}

// A client that sends its body slowly, or reads slowly, does not keep others from being
// answered.
func TestSlowClients(t *testing.T) {
	g := newRig(t, nil, nil)
	srv := httptest.NewServer(g.admin)
	defer srv.Close()
	addr := srv.Listener.Addr().String()
	var conns []net.Conn
	for i := range 12 {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
		switch i % 3 {
		case 0: // and nothing else is sent
			fmt.Fprintf(conn, "POST /purge HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{", addr)
		case 1: // and nobody reads
			fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", addr)
		default:
			fmt.Fprintf(conn, "GET /events HTTP/1.1\r\nHost: %s\r\n\r\n", addr)
		}
	}
	defer func() {
		for _, c := range conns {
			_ = c.Close()
		}
	}()
	deadline := time.Now().Add(5 * time.Second)
	for {
		resp, err := http.Get(srv.URL + "/explain?url=/")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode == 200 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("still %d", resp.StatusCode)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
