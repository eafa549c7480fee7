package pagecache_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/uncache/uncache/cache/pagecache"
)

// A cookie that is set too late, when the header was sent, does not reach the
// visitor. The page may still show what it stands for.
func TestCookieSetAfterTheHeaderWasSent(t *testing.T) {
	for name, begin := range map[string]func(w http.ResponseWriter){
		"written":                   func(w http.ResponseWriter) { _, _ = io.WriteString(w, "<html>") },
		"status":                    func(w http.ResponseWriter) { w.WriteHeader(200) },
		"flushed":                   func(w http.ResponseWriter) { _, _ = io.WriteString(w, "<html>"); w.(http.Flusher).Flush() },
		"flushed with a controller": func(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() },
	} {
		t.Run(name, func(t *testing.T) {
			n := 0
			s := newSite(t, nil, &pagecache.Options{TTL: time.Minute}, func(w http.ResponseWriter, _ *http.Request) {
				n++
				begin(w)
				token := fmt.Sprint("token", n)
				http.SetCookie(w, &http.Cookie{Name: "csrf", Value: token})
				fmt.Fprint(w, token)
			})
			a, b := body(t, s.get("/")), body(t, s.get("/"))
			if a == b {
				t.Errorf("two visitors got the same page: %q", a)
			}
		})
	}
}
