package pagecache_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func unwrap(w http.ResponseWriter) http.ResponseWriter {
	return w.(interface{ Unwrap() http.ResponseWriter }).Unwrap()
}

// unwrapAll goes on to the client's own ResponseWriter, as libraries do that look
// for one they know.
func unwrapAll(w http.ResponseWriter) http.ResponseWriter {
	for {
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return w
		}
		w = u.Unwrap()
	}
}

// pastTheCache are the ways to write what the cache does not get.
var pastTheCache = map[string]func(w http.ResponseWriter){
	"all of it":     func(w http.ResponseWriter) { _, _ = io.WriteString(unwrap(w), "one two") },
	"with a status": func(w http.ResponseWriter) { unwrap(w).WriteHeader(200); _, _ = io.WriteString(w, "one two") },
	"the end":       func(w http.ResponseWriter) { _, _ = io.WriteString(w, "one "); _, _ = io.WriteString(unwrap(w), "two") },
	"the beginning": func(w http.ResponseWriter) { _, _ = io.WriteString(unwrap(w), "one "); _, _ = io.WriteString(w, "two") },
	"in turns": func(w http.ResponseWriter) {
		_, _ = io.WriteString(w, "on")
		_, _ = io.WriteString(unwrap(w), "e ")
		_, _ = io.WriteString(w, "two")
	},
	"after a flush": func(w http.ResponseWriter) {
		_, _ = io.WriteString(w, "one ")
		w.(http.Flusher).Flush()
		_, _ = io.WriteString(unwrap(w), "two")
	},
	"by a reader":      func(w http.ResponseWriter) { _, _ = io.Copy(unwrap(w), strings.NewReader("one two")) },
	"to the innermost": func(w http.ResponseWriter) { _, _ = io.WriteString(unwrapAll(w), "one two") },
	"the end, innermost": func(w http.ResponseWriter) {
		_, _ = io.WriteString(w, "one ")
		_, _ = io.WriteString(unwrapAll(w), "two")
	},
	"in turns, innermost": func(w http.ResponseWriter) {
		_, _ = io.WriteString(w, "on")
		_, _ = io.WriteString(unwrapAll(w), "e ")
		_, _ = io.WriteString(w, "two")
	},
	"unwrapped before": func(w http.ResponseWriter) {
		u := unwrapAll(w)
		_, _ = io.WriteString(w, "one ")
		_, _ = io.WriteString(u, "two")
	},
	"kept from before": func(w http.ResponseWriter) {
		u := unwrap(w)
		_, _ = io.WriteString(w, "one ")
		_, _ = io.WriteString(u, "two")
	},
	"hijacked behind a write": func(w http.ResponseWriter) {
		w.Header().Set("Content-Length", "7")
		_, _ = io.WriteString(w, "one ")
		w.(http.Flusher).Flush()
		hijack(w, "two")
	},
}

func hijack(w http.ResponseWriter, text string) {
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	_, _ = rw.WriteString(text)
	_ = rw.Flush()
	_ = conn.Close()
}

// What a handler writes past the cache reaches its visitor, in order, and nothing
// is stored.
func TestWritingToTheUnwrappedWriter(t *testing.T) {
	for name, write := range pastTheCache {
		for _, method := range []string{"GET", "POST"} {
			t.Run(name+" "+method, func(t *testing.T) {
				s := newSite(t, nil, nil, func(w http.ResponseWriter, _ *http.Request) { write(w) })
				base, client := serve(t, s)
				for i := range 2 {
					req, err := http.NewRequest(method, base, nil)
					if err != nil {
						t.Fatal(err)
					}
					req.Close = true // a client does not send a POST again when it meets a connection that was closed
					resp, err := client.Do(req)
					if err != nil {
						t.Fatal(err)
					}
					if got := body(t, resp); got != "one two" {
						t.Errorf("visitor %d got %q", i, got)
					}
					_ = resp.Body.Close()
					status := resp.Header.Values("Cache-Status")
					if len(status) != 1 || method == "GET" && !strings.HasPrefix(name, "hijacked") && name != "after a flush" && !strings.Contains(status[0], "detail=unwrapped") {
						t.Errorf("Cache-Status is %q", status)
					}
				}
				if n := s.rendered(); n != 2 {
					t.Errorf("%d renderings, want 2", n)
				}
			})
		}
	}
}

// controlled is a ResponseWriter with all that http.ResponseController knows.
type controlled struct {
	http.ResponseWriter
	done []string
}

func (c *controlled) note(name string) error           { c.done = append(c.done, name); return nil }
func (c *controlled) FlushError() error                { return c.note("flush") }
func (c *controlled) SetReadDeadline(time.Time) error  { return c.note("read") }
func (c *controlled) SetWriteDeadline(time.Time) error { return c.note("write") }
func (c *controlled) EnableFullDuplex() error          { return c.note("duplex") }
func (c *controlled) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return nil, nil, c.note("hijack")
}

// What http.ResponseController does goes through, and does not keep a page from
// being stored.
func TestResponseController(t *testing.T) {
	for name, do := range map[string]func(c *http.ResponseController) error{
		"flush":  func(c *http.ResponseController) error { return c.Flush() },
		"read":   func(c *http.ResponseController) error { return c.SetReadDeadline(time.Time{}) },
		"write":  func(c *http.ResponseController) error { return c.SetWriteDeadline(time.Time{}) },
		"duplex": func(c *http.ResponseController) error { return c.EnableFullDuplex() },
		"hijack": func(c *http.ResponseController) error { _, _, err := c.Hijack(); return err },
	} {
		for how, of := range map[string]func(w http.ResponseWriter) http.ResponseWriter{
			"":           func(w http.ResponseWriter) http.ResponseWriter { return w },
			" unwrapped": unwrap,
		} {
			t.Run(name+how, func(t *testing.T) {
				s := newSite(t, nil, nil, func(w http.ResponseWriter, _ *http.Request) {
					if err := do(http.NewResponseController(of(w))); err != nil {
						t.Error(err)
					}
					_, _ = io.WriteString(w, "page")
				})
				c := &controlled{}
				inner := s.Handler
				s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					c.ResponseWriter = w
					inner.ServeHTTP(c, r)
				})
				s.get("/")
				if len(c.done) != 1 || c.done[0] != name {
					t.Errorf("the client's ResponseWriter was asked to %q, want %q", c.done, name)
				}
				s.get("/")
				if n, want := s.rendered(), map[bool]int{true: 2, false: 1}[name == "hijack"]; n != want {
					t.Errorf("%d renderings, want %d", n, want)
				}
			})
		}
	}
}
