package outboxtest

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/invalidate/admin"
	"github.com/uncache/uncache/invalidate/outbox"
)

// An operator sees dead letters on the page and as JSON, revives one, and drops another. No
// error shows a password.
func TestAdmin(t *testing.T) {
	each(t, all, func(t *testing.T, d *database) {
		p := newPurger()
		cause := errors.New("https://user:hunter2@cdn.example/?token=hunter2: <script>no</script>")
		for _, name := range []cache.Dependency{"path:/1/", "path:/2/", "path:/3/", "path:/4/"} {
			p.refuses[name] = cause
		}
		box := d.outbox(t, p, func(o *outbox.Options) { o.MaxTries = 1 })
		d.enqueue(t, box, "path:/1/", "path:/2/", "path:/3/", "path:/4/")
		if err := box.Start(); err != nil {
			t.Fatal(err)
		}
		until(t, "four are dead", func() bool { return stats(t, box).Dead == 4 })
		backend := memory.New(nil)
		defer backend.Close()
		pages, err := pagecache.Open(backend, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer pages.Close()
		h, err := admin.New(pages, func(*http.Request) bool { return true }, &admin.Options{Outbox: box, AllowChanges: true})
		if err != nil {
			t.Fatal(err)
		}
		ask := func(code int, method, target, kind, body string) string {
			t.Helper()
			r := httptest.NewRequest(method, target, strings.NewReader(body))
			r.Header.Set("Content-Type", kind)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != code || strings.Contains(w.Body.String(), "hunter2") || strings.Contains(w.Body.String(), "<script") {
				t.Errorf("%s %s %s: %d, want %d\n%s", method, target, body, w.Code, code, w.Body)
			}
			return w.Body.String()
		}
		const text, form = "application/json", "application/x-www-form-urlencoded"
		var a struct{ Dead, Pending []outbox.Row }
		if err := json.Unmarshal([]byte(ask(200, "GET", "/outbox", "", "")), &a); err != nil || len(a.Dead) != 4 || len(a.Pending) != 0 {
			t.Fatalf("%d dead, %d pending, %v", len(a.Dead), len(a.Pending), err)
		}
		page := ask(200, "GET", "/", "", "")
		if !strings.Contains(page, "Revive") || !strings.Contains(page, "path:/1/") || !strings.Contains(page, a.Dead[0].ID) {
			t.Errorf("the page shows\n%s", page)
		}

		// Nothing of a request with a mistake is done.
		id := a.Dead[0].ID
		for _, body := range []string{
			`{}`, `{"revive":["` + id + `",""]}`, `{"revive":["` + id + `"],"drop":["` + id + `"]}`, `{"revive_all":true,"drop":["` + id + `"]}`,
			`{"revive":["` + id + `"],"other":1}`, `{"drop":["` + strings.Repeat("x", 300) + `","` + id + `"]}`,
		} {
			ask(400, "POST", "/outbox", text, body)
		}
		for _, body := range []string{"", "action=burn&id=" + id, "action=revive", "action=drop&id="} {
			ask(400, "POST", "/outbox", form, body)
		}
		if s := stats(t, box); s.Dead != 4 {
			t.Fatalf("after mistakes: %+v", s)
		}

		p.set(func() { clear(p.refuses) })
		if got := ask(200, "POST", "/outbox", text, `{"revive":["`+a.Dead[0].ID+`"],"drop":["`+a.Dead[1].ID+`"]}`); got != `{"revived":1,"dropped":1}`+"\n" {
			t.Errorf("%s", got)
		}
		until(t, "the revived one is purged", func() bool { return p.has(a.Dead[0].Dependencies...) })
		if got := ask(200, "POST", "/outbox", form, url.Values{"action": {"revive"}, "id": {a.Dead[2].ID}}.Encode()); !strings.Contains(got, "Revived 1, dropped 0.") {
			t.Errorf("%s", got)
		}
		ask(200, "POST", "/outbox", form, "action=revive-all")
		until(t, "the others are purged", func() bool { s := stats(t, box); return s.Dead == 0 && s.Pending == 0 })
		if p.has(a.Dead[1].Dependencies...) || !p.has(a.Dead[2].Dependencies...) || !p.has(a.Dead[3].Dependencies...) {
			t.Errorf("purged %v", p.purged())
		}
	})
}
