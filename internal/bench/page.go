package main

import (
	"bytes"
	"net/http"
	"strconv"
)

// pageSize is the length of the pages that are measured: a page of HTML with
// little in it.
const pageSize = 4 << 10

var (
	html4K     = bytes.Repeat([]byte("<p>hello</p>\n   "), pageSize/16)
	htmlLength = strconv.Itoa(pageSize)
)

// fields are the four header fields of a page.
var fields = [...][2]string{
	{"Content-Type", "text/html; charset=utf-8"},
	{"Content-Length", htmlLength},
	{"Cache-Control", "max-age=3600"},
	{"Vary", "Accept-Language"},
}

// bare is the floor: nobody can answer with less than setting the header and
// writing the bytes.
func bare(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	for i := range fields {
		h.Set(fields[i][0], fields[i][1])
	}
	_, _ = w.Write(html4K)
}

// newRequest returns a request as a browser sends it, with ten header fields.
func newRequest(url string) *http.Request {
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		panic(failed{err})
	}
	r.RequestURI = r.URL.RequestURI()
	r.RemoteAddr = "192.0.2.1:1234"
	for name, value := range browser {
		r.Header.Set(name, value)
	}
	return r
}

var browser = map[string]string{
	"Accept":                    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
	"Accept-Encoding":           "gzip, deflate, br, zstd",
	"Accept-Language":           "en-GB,en;q=0.7,de;q=0.3",
	"Dnt":                       "1",
	"Referer":                   "http://example.com/blog/",
	"Sec-Fetch-Dest":            "document",
	"Sec-Fetch-Mode":            "navigate",
	"Sec-Fetch-Site":            "same-origin",
	"Upgrade-Insecure-Requests": "1",
	"User-Agent":                "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
}

// sink is a cheap ResponseWriter. Its header map is kept and cleared, as a
// server's is by its pool; the bytes are counted.
type sink struct {
	header http.Header
	status int
	bytes  int
	_      [104]byte // keeps two of them, of two processors, out of one cache line
}

func newSink() *sink { return &sink{header: make(http.Header, 16)} }

func (s *sink) Header() http.Header { return s.header }

func (s *sink) WriteHeader(status int) { s.status = status }

func (s *sink) Write(p []byte) (int, error) {
	s.bytes += len(p)
	return len(p), nil
}

// get answers r anew.
func (s *sink) get(h http.Handler, r *http.Request) {
	clear(s.header)
	s.status, s.bytes = http.StatusOK, 0
	h.ServeHTTP(s, r)
}

const pageURL = "http://example.com/blog/hello/"

// visits makes a worker that asks h for a page again and again, and makes sure
// first that it answers with the page.
func (b *bench) visits(h http.Handler, url string) func() func(int) {
	return func() func(int) {
		w, r := newSink(), newRequest(url)
		w.get(h, r)
		w.get(h, r)
		b.expect(w.status == http.StatusOK && w.bytes == pageSize, "GET %s: got %d and %d bytes, want 200 and %d", url, w.status, w.bytes, pageSize)
		return func(n int) {
			for range n {
				w.get(h, r)
			}
		}
	}
}
