package pagecache_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
)

// A program is a handler, and the requests it gets, that were decoded from
// bytes. Run twice, it answers the same, but for a counter in what it writes.
type program struct {
	ops      []byte
	requests []byte
	runs     atomic.Int64
}

// The selecting fields of the programs, and the values of them.
var (
	programFields = []string{"X-A", "X-B", "Accept"}
	programValues = []string{"", "1", "2", "1, 2"}
)

// Those that allow storing come last, from firstStorable on.
var programHeaders = []string{
	"Cache-Control: no-store", "Cache-Control: private", "Cache-Control: private, max-age=60", "Set-Cookie: a=b", "Vary: *",
	"X-Plain: 1", "X-Plain: 2", "X-Empty: ", "Content-Type: text/x-test", "Link: </a>", "Warning: 110 - \"x\"", "Cache-Status: Inner; hit",
	"Content-Language: de", "Pragma: no-cache", "Age: 3", "Retry-After: 1", "Vary: X-A", "Vary: x-b, Accept", "Location: /other",
	"ETag: \"one\"", "ETag: W/\"two\"", "Last-Modified: Thu, 01 Jan 2015 00:00:00 GMT",
	"Cache-Control: max-age=60", "Cache-Control: s-maxage=60", "Expires: Thu, 01 Jan 2099 00:00:00 GMT", "Cache-Control: public, max-age=600",
}

const (
	firstStorable = 22
	programTag    = `"one"`
)

var programStatuses = []int{200, 200, 200, 201, 204, 206, 299, 301, 302, 304, 404, 410, 418, 500, 503, 599}

// An opcode is the high three bits of a byte; the low five are its argument.
const (
	opHeader  = iota // adds a field
	opStatus         // writes the status
	opWrite          // writes some bytes
	opFlush          // flushes
	opLate           // changes the header when it is too late
	opTrailer        // sets a trailer, if the argument is odd one that was announced
	opRead           // writes a field of the request, and names it in Vary if it can
	opInterim        // writes 103
)

func (p *program) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := p.runs.Add(1)
	w.Header().Set("X-Run", fmt.Sprint(n))
	wrote := false
	for _, op := range p.ops {
		arg := int(op & 31)
		switch op >> 5 {
		case opHeader:
			name, value, _ := strings.Cut(programHeaders[arg%len(programHeaders)], ": ")
			w.Header().Add(name, value)
		case opStatus:
			w.WriteHeader(programStatuses[arg%len(programStatuses)])
			wrote = true
		case opWrite:
			fmt.Fprintf(w, "%d/%d:%s;", n, arg, strings.Repeat("x", arg*arg*arg))
			wrote = true
		case opFlush:
			w.(http.Flusher).Flush()
			wrote = true
		case opLate:
			if wrote {
				w.Header().Set("X-Late", "1")
				w.Header().Del("X-Plain")
			}
		case opTrailer:
			switch {
			case arg%2 == 0:
				w.Header().Set(http.TrailerPrefix+"X-Sum", fmt.Sprint(arg))
			case wrote:
				w.Header().Set("X-Announced", fmt.Sprint(arg))
			default:
				w.Header().Set("Trailer", "X-Announced")
			}
		case opRead:
			field := programFields[arg%len(programFields)]
			if !wrote {
				w.Header().Add("Vary", field)
				w.Header().Set("X-Read-"+field, strings.Join(r.Header.Values(field), ", "))
			}
		case opInterim:
			if !wrote {
				w.Header().Set("Link", "</early>")
				w.WriteHeader(http.StatusEarlyHints)
			}
		}
	}
}

// answered is all that a visitor can see of a response.
type answered struct {
	status  int
	header  http.Header
	trailer http.Header
	body    string
	cut     bool
}

func (a answered) clone() answered {
	a.header, a.trailer = a.header.Clone(), a.trailer.Clone()
	return a
}

// isNotModified reports whether a is a 304 in place of want, which the programs
// do not give and the cache may (RFC 9111 §4.3.2).
func (a answered) isNotModified(want answered) bool {
	tag := want.header.Get("Etag")
	return a.status == http.StatusNotModified && want.status/100 == 2 && // §13.2.1 of RFC 9110: a success
		tag == programTag && a.header.Get("Etag") == tag && a.body == "" && !a.cut
}

// wire serves handlers over connections in memory, so that what is compared is
// what package net/http makes of a response.
type wire struct {
	client *http.Client
	dial   func() (net.Conn, error)
}

// A pipeListener is a net.Listener whose connections are pipes.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error   { l.once.Do(func() { close(l.closed) }); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

func newWire(t testing.TB, h http.Handler) *wire {
	l := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	dial := func() (net.Conn, error) {
		ours, theirs := net.Pipe()
		select {
		case l.conns <- theirs:
			return ours, nil
		case <-l.closed:
			return nil, net.ErrClosed
		}
	}
	transport := &http.Transport{
		DisableCompression: true,
		DialContext:        func(context.Context, string, string) (net.Conn, error) { return dial() },
	}
	server := &http.Server{Handler: h}
	go func() { _ = server.Serve(l) }() // ErrServerClosed, at the end
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
	})
	return &wire{client: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, dial: dial}
}

func (w *wire) ask(t testing.TB, method, target string, h http.Header) answered {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://site.example"+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = h.Clone()
	resp, err := w.client.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	b, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	return answered{resp.StatusCode, resp.Header, resp.Trailer, string(b), err != nil}
}

// request decodes one request of a program.
func (p *program) request(b byte) (method, target string, h http.Header) {
	method = []string{"GET", "GET", "GET", "HEAD", "POST", "OPTIONS", "FROB", "GET"}[b>>5]
	target = []string{"/", "/?q=1"}[b&1]
	h = make(http.Header)
	if v := programValues[b>>1&3]; v != "" {
		h.Set("X-A", v)
	}
	if v := programValues[b>>3&3]; v != "" {
		h.Set("X-B", v)
	}
	switch b >> 5 {
	case 1:
		h.Set("Authorization", "Basic eA==")
	case 2:
		h.Set("If-None-Match", programTag)
	}
	return method, target, h
}

func decode(data []byte) (*program, bool) {
	ops, requests, ok := bytes.Cut(data, []byte{0xff})
	if !ok || len(ops) > 24 || len(requests) == 0 || len(requests) > 12 {
		return nil, false
	}
	// A status that has no body, and a program that writes one, is an error
	// that both sides see; what matters is what they do otherwise.
	return &program{ops: ops, requests: requests}, true
}

// mayBeStored reports whether the program can give a response that may be
// stored where there is no configured lifetime.
func (p *program) mayBeStored() bool {
	return slices.ContainsFunc(p.ops, func(op byte) bool {
		return op>>5 == opHeader && int(op&31)%len(programHeaders) >= firstStorable
	})
}

// FuzzDifferential runs a handler bare and behind the cache.
//
// What the handler was asked for must be what it would have given without the
// cache. What comes from the store must be what it gave to a request with the
// same target and selecting fields, and may be stored (RFC 9111 §3, §4), and
// nothing that it gave before a purge.
func FuzzDifferential(f *testing.F) {
	op := func(code, arg int) byte { return byte(code<<5 | arg) }
	for _, ops := range [][]byte{
		{},
		{op(opWrite, 3)},
		{op(opHeader, 0), op(opWrite, 31), op(opFlush, 0), op(opWrite, 31)},
		{op(opHeader, 1), op(opStatus, 10), op(opLate, 0), op(opWrite, 2)},
		{op(opHeader, 22), op(opRead, 0), op(opRead, 1), op(opWrite, 5)},
		{op(opHeader, 22), op(opHeader, 19), op(opWrite, 5)},
		{op(opHeader, 22), op(opWrite, 5), op(opFlush, 0), op(opTrailer, 2)},
		{op(opHeader, 22), op(opTrailer, 1), op(opWrite, 5), op(opTrailer, 3)},
		{op(opHeader, 22), op(opHeader, 5), op(opWrite, 5), op(opFlush, 0), op(opLate, 0), op(opWrite, 5)},
		{op(opHeader, 22), op(opHeader, 5), op(opStatus, 0), op(opLate, 0), op(opFlush, 5)},
		{op(opHeader, 22), op(opHeader, 5), op(opWrite, 5), op(opLate, 0)},
		{op(opHeader, 22), op(opWrite, 5), op(opTrailer, 2)},
		{op(opHeader, 25), op(opTrailer, 12), op(opStatus, 14), op(opTrailer, 8)},
		{op(opHeader, 22), op(opHeader, 1), op(opWrite, 5)},
		{op(opHeader, 25), op(opHeader, 0), op(opWrite, 5)},
		{op(opHeader, 23), op(opHeader, 17), op(opInterim, 0), op(opStatus, 14), op(opWrite, 3)},
		{op(opHeader, 24), op(opStatus, 4)},
		{op(opStatus, 9)},
		{op(opHeader, 25), op(opWrite, 31), op(opWrite, 31), op(opWrite, 31), op(opFlush, 0)},
		{op(opInterim, 0), op(opHeader, 5), op(opHeader, 6), op(opFlush, 0), op(opLate, 0)},
		{op(opHeader, 22), op(opHeader, 4), op(opWrite, 1)},
		{op(opHeader, 22), op(opHeader, 3), op(opWrite, 1)},
		{op(opTrailer, 1), op(opHeader, 11), op(opWrite, 1)},
	} {
		f.Add(append(slices.Concat(ops, []byte{0xff}), 0x00, 0x00, 0x02, 0x20, 0x40, 0x60, 0x01, 0x80, 0x00, 0xe0, 0x40, 0x00))
	}
	// HEAD of what is stored and stale.
	f.Add([]byte{op(opHeader, 24), op(opHeader, 20), op(opHeader, 24), op(opWrite, 29), 0xff, 0x14, 0x74})
	f.Fuzz(func(t *testing.T, data []byte) {
		p, ok := decode(data)
		if !ok {
			return
		}
		b := memory.New(nil)
		defer b.Close()
		store, err := coherent.New(b, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		pages, err := pagecache.New(store, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer pages.Close()
		if p.mayBeStored() {
			playReuse(t, p, pages)
		} else {
			playSame(t, p, pages)
		}
	})
}

// playSame compares the program with itself behind the cache.
func playSame(t *testing.T, p *program, pages *pagecache.Cache) {
	other := &program{ops: p.ops}
	bare, cached := newWire(t, p), newWire(t, pages.Handler(other))
	for _, b := range p.requests {
		method, target, h := p.request(b)
		want, got := bare.ask(t, method, target, h), cached.ask(t, method, target, h)
		compareAnswers(t, fmt.Sprintf("%s %s %v", method, target, h), got, want)
	}
}

func compareAnswers(t *testing.T, request string, got, want answered) {
	t.Helper()
	if got.isNotModified(want) {
		return
	}
	// The inner member has to stay in front of ours.
	inner := want.header.Values("Cache-Status")
	if all := got.header.Values("Cache-Status"); len(all) != len(inner)+1 || !slices.Equal(all[:len(inner)], inner) {
		t.Errorf("%s: Cache-Status is %q, want one member behind %q", request, all, inner)
	}
	for _, a := range []answered{got, want} {
		delete(a.header, "Cache-Status")
		delete(a.header, "Date") // it may have become the next second
	}
	// A response that was held back has its length, which nothing forbids, and
	// one that is stored a validator.
	for _, name := range []string{"Content-Length", "Etag"} {
		if len(want.header[name]) == 0 {
			delete(got.header, name)
		}
	}
	// net/http drops a trailer that was not announced if it has not sent the
	// header yet; held back, the header can still make room for it.
	if len(want.trailer) == 0 && len(want.header["Content-Length"]) > 0 && len(got.header["Content-Length"]) == 0 {
		delete(want.header, "Content-Length")
		clear(got.trailer)
	}
	if told := toldBrowsers(want.header); strings.Join(got.header["Cache-Control"], "|") == strings.Join(told, "|") {
		delete(got.header, "Cache-Control") // it may be stored
		delete(want.header, "Cache-Control")
	}
	if got.status != want.status || got.body != want.body || got.cut != want.cut || !maps.EqualFunc(got.header, want.header, slices.Equal) || !maps.EqualFunc(got.trailer, want.trailer, slices.Equal) {
		t.Errorf("%s:\n got  %d %v %v, %d bytes, cut %v\n want %d %v %v, %d bytes, cut %v", request,
			got.status, got.header, got.trailer, len(got.body), got.cut, want.status, want.header, want.trailer, len(want.body), want.cut)
	}
}

// A given is what the handler gave, and to whom.
type given struct {
	method, target string
	asked          http.Header
	answer         answered
	purges         int // how many there had been when it was asked
}

// playReuse checks that what comes from the store is what was given before.
func playReuse(t *testing.T, p *program, pages *pagecache.Cache) {
	other := &program{ops: p.ops}
	bare, w := newWire(t, other), newWire(t, pages.Handler(p))
	seen := map[string]given{} // by X-Run
	purges := 0
	for _, b := range p.requests {
		method, target, h := p.request(b)
		if b>>5 == 7 { // a purge in place of a request
			dep := []cache.Dependency{cache.Path("/"), cache.All, cache.Prefix("/")}[b%3]
			if err := pages.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{dep}}); err != nil {
				t.Fatal(err)
			}
			purges++
			continue
		}
		before := p.runs.Load()
		got := w.ask(t, method, target, h)
		request := fmt.Sprintf("%s %s %v", method, target, h)
		ours := got.header.Values("Cache-Status")
		hit := len(ours) > 0 && strings.Contains(ours[len(ours)-1], "uncache; hit")
		if (p.runs.Load() == before) != hit {
			t.Errorf("%s: the handler ran %d times, and Cache-Status is %q", request, p.runs.Load()-before, ours)
		}
		run := got.header.Get("X-Run")
		if !hit {
			other.runs.Store(p.runs.Load() - 1)
			want := bare.ask(t, method, target, h)
			seen[want.header.Get("X-Run")] = given{method, target, h, want.clone(), purges}
			compareAnswers(t, request, got, want)
			continue
		}
		if run == "" && got.status == http.StatusNotModified { // the 304 does not say whose it is
			if got.header.Get("Etag") != programTag || h.Get("If-None-Match") == "" {
				t.Errorf("%s: a 304 for %s", request, got.header.Get("Etag"))
			}
			continue
		}
		g, ok := seen[run]
		if !ok {
			t.Fatalf("%s: a hit with the answer of run %q, which nobody has seen", request, run)
		}
		checkHit(t, request, method, target, h, got, g)
		if g.purges != purges {
			t.Errorf("%s: got what was given before a purge", request)
		}
	}
}

// toldBrowsers returns the Cache-Control of a response whose handler gave the header
// h, if it is stored, or says something to caches.
func toldBrowsers(h http.Header) []string {
	lines := slices.Clone(h["Cache-Control"])
	all := strings.Join(lines, ", ")
	toBrowsers := strings.ReplaceAll(all, "s-maxage", "")
	if len(h["Expires"]) > 0 || strings.Contains(toBrowsers, "max-age") || strings.Contains(all, "no-") || strings.Contains(all, "must-revalidate") {
		return lines
	}
	if len(lines) == 0 && len(h["Pragma"]) > 0 {
		return []string{"no-cache"}
	}
	if strings.Contains(all, "s-maxage") || strings.Contains(all, "public") {
		lines[len(lines)-1] += ", max-age=0, must-revalidate"
	}
	return lines
}

// checkHit compares a hit with what was given before (RFC 9111 §4).
func checkHit(t *testing.T, request, method, target string, h http.Header, got answered, g given) {
	t.Helper()
	if method != http.MethodGet && method != http.MethodHead || g.method != http.MethodGet || g.target != target {
		t.Errorf("%s: answered with what was given to %s %s", request, g.method, g.target)
	}
	for _, list := range g.answer.header.Values("Vary") {
		for name := range strings.SplitSeq(list, ",") {
			name = strings.TrimSpace(name)
			if name == "*" || !slices.Equal(h.Values(name), g.asked.Values(name)) {
				t.Errorf("%s: answered with what was given to %v, which varies by %s", request, g.asked, name)
			}
		}
	}
	want := g.answer
	if method == http.MethodHead {
		want.body = ""
	}
	if got.status != want.status || got.body != want.body || len(got.trailer) != 0 {
		t.Errorf("%s: a hit is %d with %d bytes and the trailer %v, want %d with %d bytes", request, got.status, len(got.body), got.trailer, want.status, len(want.body))
	}
	cc := strings.Join(want.header.Values("Cache-Control"), ", ")
	if len(want.trailer) != 0 || len(want.header.Values("Set-Cookie")) > 0 || strings.Contains(cc, "no-store") || strings.Contains(cc, "private") {
		t.Errorf("%s: a response with the header %v and the trailer %v was stored", request, want.header, want.trailer)
	}
	if (len(h["Authorization"]) > 0 || len(g.asked["Authorization"]) > 0) && !strings.Contains(cc, "public") && !strings.Contains(cc, "s-maxage") {
		t.Errorf("%s: answered with what was given to %v, and neither public nor s-maxage is in %q", request, g.asked, cc)
	}
	if got.header.Get("Age") == "" {
		t.Errorf("%s: a hit without an Age", request)
	}
	gotHeader, wantHeader := got.header.Clone(), want.header.Clone()
	if wantHeader["Cache-Control"] = toldBrowsers(wantHeader); len(wantHeader["Cache-Control"]) == 0 {
		delete(wantHeader, "Cache-Control")
	}
	// A response that was streamed could not have been given what the stored
	// one has.
	for _, name := range []string{"Age", "Cache-Status", "Date"} {
		delete(gotHeader, name)
		delete(wantHeader, name)
	}
	for _, name := range []string{"Content-Length", "Etag", "Content-Type"} {
		if len(wantHeader[name]) == 0 {
			delete(gotHeader, name)
		}
	}
	if !maps.EqualFunc(gotHeader, wantHeader, slices.Equal) {
		t.Errorf("%s: a hit has the header\n %v, want\n %v", request, gotHeader, wantHeader)
	}
}
