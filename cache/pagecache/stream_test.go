package pagecache_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"testing"
	"time"
)

// serve runs a site on a real server, where streaming is what it is.
func serve(t *testing.T, s *site) (base string, client *http.Client) {
	t.Helper()
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	return srv.URL, srv.Client()
}

func TestFlushIsSeenAtOnce(t *testing.T) {
	for name, flush := range map[string]func(w http.ResponseWriter) error{
		"Flusher":            func(w http.ResponseWriter) error { w.(http.Flusher).Flush(); return nil },
		"ResponseController": func(w http.ResponseWriter) error { return http.NewResponseController(w).Flush() },
	} {
		t.Run(name, func(t *testing.T) {
			seen := make(chan struct{})
			s := newSite(t, nil, nil, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/plain")
				_, _ = io.WriteString(w, "first ")
				if err := flush(w); err != nil {
					t.Errorf("flush: %v", err)
				}
				<-seen // the visitor has it, or this test hangs
				_, _ = io.WriteString(w, "second")
			})
			base, client := serve(t, s)
			resp, err := client.Get(base)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			part := make([]byte, 6)
			if _, err := io.ReadFull(resp.Body, part); err != nil || string(part) != "first " {
				t.Fatalf("what was flushed: %q, %v", part, err)
			}
			close(seen)
			if rest := body(t, resp); rest != "second" {
				t.Errorf("the rest: %q", rest)
			}
			// net/http ends the response when the handler has returned, which is
			// after it was stored.
			if got := body(t, s.get(base+"/")); got != "first second" {
				t.Errorf("stored: %q", got)
			}
			if n := s.rendered(); n != 1 {
				t.Errorf("%d renderings, want 1: a streamed page is stored too", n)
			}
		})
	}
}

func TestLargePageIsStreamedAndStored(t *testing.T) {
	page := strings.Repeat("0123456789abcdef", 20_000) // 320 KB
	for name, write := range map[string]func(w http.ResponseWriter){
		"Write":    func(w http.ResponseWriter) { _, _ = w.Write([]byte(page)) },
		"ReadFrom": func(w http.ResponseWriter) { _, _ = io.Copy(w, struct{ io.Reader }{strings.NewReader(page)}) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, nil, nil, func(w http.ResponseWriter, _ *http.Request) { write(w) })
			base, client := serve(t, s)
			for range 2 {
				resp, err := client.Get(base)
				if err != nil {
					t.Fatal(err)
				}
				if got := body(t, resp); got != page {
					t.Errorf("%d bytes came as %d", len(page), len(got))
				}
				_ = resp.Body.Close()
			}
			if n := s.rendered(); n != 1 {
				t.Errorf("%d renderings, want 1", n)
			}
		})
	}
}

// A page that is not kept is handed to the server as the reader it is, so that
// the kernel can send a file.
func TestReadFromReachesTheServer(t *testing.T) {
	s := newSite(t, nil, nil, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		_, _ = io.Copy(w, struct{ io.Reader }{strings.NewReader("a file")})
	})
	w := &readerFrom{ResponseRecorder: httptest.NewRecorder()}
	s.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.n != 6 || w.Body.String() != "a file" {
		t.Errorf("ReadFrom of the server got %d bytes, want 6; the body is %q", w.n, w.Body)
	}
}

type readerFrom struct {
	*httptest.ResponseRecorder
	n int64
}

func (w *readerFrom) ReadFrom(r io.Reader) (n int64, err error) {
	w.n, err = w.Body.ReadFrom(r)
	return w.n, err
}

func TestResponseControllerReachesTheServer(t *testing.T) {
	s := newSite(t, nil, nil, func(w http.ResponseWriter, _ *http.Request) {
		if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Errorf("SetWriteDeadline: %v", err)
		}
	})
	base, client := serve(t, s)
	if resp, err := client.Get(base); err != nil || resp.StatusCode != 200 {
		t.Errorf("got %v, %v", resp, err)
	}
}

func TestHijack(t *testing.T) {
	s := newSite(t, nil, nil, func(w http.ResponseWriter, _ *http.Request) {
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Errorf("Hijack: %v", err)
			return
		}
		defer conn.Close()
		_, _ = rw.WriteString("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nmine")
		_ = rw.Flush()
		if _, err := w.Write([]byte("x")); err == nil {
			t.Error("Write after Hijack gives no error")
		}
	})
	base, client := serve(t, s)
	for range 2 {
		resp, err := client.Get(base)
		if err != nil {
			t.Fatal(err)
		}
		if got := body(t, resp); got != "mine" {
			t.Errorf("got %q", got)
		}
		_ = resp.Body.Close()
	}
	if n := s.rendered(); n != 2 {
		t.Errorf("%d renderings, want 2: what was hijacked must not be stored", n)
	}
}

// RFC 9110 §15.2: interim responses go through and are not the final one.
func TestInterimResponses(t *testing.T) {
	s := newSite(t, nil, nil, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusTeapot)
	})
	base, client := serve(t, s)
	var interim int
	req, err := http.NewRequest("GET", base, nil)
	if err != nil {
		t.Fatal(err)
	}
	req = req.WithContext(httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
			interim = code
			if h.Get("Link") == "" {
				t.Error("103 without its Link")
			}
			return nil
		},
	}))
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if interim != 103 || resp.StatusCode != 418 {
		t.Errorf("got %d, then %d; want 103, then 418", interim, resp.StatusCode)
	}
}

// RFC 9111 §3.3: what was cut short is not stored.
func TestCutShort(t *testing.T) {
	t.Run("less than declared", func(t *testing.T) {
		s := newSite(t, nil, nil, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "10")
			_, _ = io.WriteString(w, "half")
		})
		s.get("/")
		s.get("/")
		if n := s.rendered(); n != 2 {
			t.Errorf("%d renderings, want 2", n)
		}
	})
	t.Run("panic while streaming", func(t *testing.T) {
		s := newSite(t, nil, nil, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "half")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		})
		base, client := serve(t, s)
		for range 2 {
			resp, err := client.Get(base)
			if err != nil {
				t.Fatal(err)
			}
			if b, err := io.ReadAll(resp.Body); err == nil {
				t.Errorf("the visitor got %q as a complete page", b)
			}
			_ = resp.Body.Close()
		}
		if n := s.rendered(); n != 2 {
			t.Errorf("%d renderings, want 2", n)
		}
	})
	t.Run("the visitor's connection broke", func(t *testing.T) {
		s := newSite(t, nil, nil, func(w http.ResponseWriter, _ *http.Request) {
			for range 100 {
				if _, err := w.Write(bytes.Repeat([]byte("x"), 10_000)); err != nil {
					return // as io.Copy would
				}
			}
		})
		s.ServeHTTP(gone{httptest.NewRecorder()}, httptest.NewRequest("GET", "/", nil))
		if got := len(body(t, s.get("/"))); got != 1_000_000 {
			t.Errorf("the next visitor got %d bytes", got)
		}
	})
}

type gone struct{ http.ResponseWriter }

func (gone) Write([]byte) (int, error) { return 0, net.ErrClosed }

func TestTrailers(t *testing.T) {
	for name, prefix := range map[string]string{"declared": "", "undeclared": http.TrailerPrefix} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, nil, nil, func(w http.ResponseWriter, _ *http.Request) {
				if prefix == "" {
					w.Header().Set("Trailer", "X-Sum")
				}
				_, _ = io.WriteString(w, "page")
				if prefix != "" {
					w.(http.Flusher).Flush()
				}
				w.Header().Set(prefix+"X-Sum", "42")
			})
			base, client := serve(t, s)
			for range 2 {
				resp, err := client.Get(base)
				if err != nil {
					t.Fatal(err)
				}
				_ = body(t, resp)
				_ = resp.Body.Close()
				if got := resp.Trailer.Get("X-Sum"); got != "42" {
					t.Errorf("trailer X-Sum: got %q, want 42", got)
				}
			}
		})
	}
}

// net/http does not see what a handler does to the header after WriteHeader, so
// neither may the visitor, though the header was held back.
func TestHeaderAfterWriteHeader(t *testing.T) {
	s := newSite(t, nil, nil, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Before", "1")
		w.WriteHeader(http.StatusOK)
		w.Header().Set("X-Before", "2")
		w.Header().Set("X-After", "2")
		w.WriteHeader(http.StatusTeapot)
	})
	for _, when := range []string{"miss", "hit"} {
		resp := s.get("/")
		if resp.StatusCode != 200 || resp.Header.Get("X-Before") != "1" || resp.Header.Get("X-After") != "" {
			t.Errorf("%s: got %d, %v", when, resp.StatusCode, resp.Header)
		}
	}
}

func TestUpgradePasses(t *testing.T) {
	s := newSite(t, nil, nil, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Errorf("Hijack: %v", err)
			return
		}
		defer conn.Close()
		_, _ = fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello")
	})
	base, _ := serve(t, s)
	conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	r := bufio.NewReader(conn)
	resp, err := http.ReadResponse(r, nil)
	if err != nil || resp.StatusCode != 101 {
		t.Fatalf("got %v, %v; want 101", resp, err)
	}
	if got, _ := io.ReadAll(r); string(got) != "hello" {
		t.Errorf("over the upgraded connection: %q", got)
	}
}
