package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uncache/uncache/internal/redistest"
)

// The cases of TestIndependent were written from the RFCs by somebody who had
// not read the cache. A ruling is one: a clause (of RFC 9111 where no other is
// named), what it says in a few words, and a script that shows it.
type ruling struct {
	duty   duty
	clause string
	name   string
	script string
}

// A duty says what a failure means.
type duty string

const (
	must duty = "REQUIRED" // a MUST or MUST NOT is broken, or somebody is harmed
	good duty = "OPTIONAL" // allowed or advised, and a good cache would
	note duty = "CHECK"    // either is right: what it does is written down only
)

// A script is made of lines, separated by " // ". Parts of a line are separated
// by " | "; fields may be abbreviated: CC is Cache-Control, LM Last-Modified, INM
// If-None-Match, IMS If-Modified-Since.
//
//	> POST /a | F: v | =body   a request for the case's path and "/a"; GET and nothing
//	                           if left out; a target that has "http:" is absolute,
//	                           "HTTP/1.0" a part of its own
//	>>                         the same, until it is answered as wanted
//	< 200 | F: v | =body       the origin's answer: it must be asked. 1xx belong to the
//	                           one behind, "close" hangs up. Flags: chunked, eof (ends
//	                           with the connection), cut (its last byte is missing),
//	                           nodate, http10
//	<? 200                     the same, but it need not be asked
//	<< 200                     the same, maybe after the client has his answer
//	@ F: v                     what it must have been asked, the last time
//	= 1 200 | F: v             what the client must get: the body of answer 1, 'text',
//	                           - (no body), * (any) or cut (an error); and the status,
//	                           !304 for any other; without one, the answer's own
//	wait 1.2                   seconds
//
// Checks: "F: v" (lines are joined), "!F", "F ~ part", "F !~ part", "F >= 3",
// "F < 3". {path} is the case's, {host} the proxy; {now+9}, {850+9}, {asc+9} dates.
const _ = "script"

// hit is a response that must be reused, miss one that must not.
func hit(header string) string  { return hitOf("200", header) }
func miss(header string) string { return missOf("200", header) }

func hitOf(status, header string) string {
	return "> // < " + status + " | " + header + " // = 1 // >> // = 1 | Age >= 0"
}

func missOf(status, header string) string {
	return "> // < " + status + " | " + header + " // = 1 // > // < 200 | CC: no-store // = 2"
}

func TestIndependent(t *testing.T) { independent(t, 1) }

// What is stored as bytes elsewhere obeys the same rules. The proxy does without
// a Redis that takes half a second, and on a loaded machine one may: so a case
// has failed only when it fails again.
func TestIndependentWithRedis(t *testing.T) {
	independent(t, 2, "-redis", redistest.New(t, redistest.Config{}).Options().Addr)
}

func independent(t *testing.T, tries int, flags ...string) {
	s := newStage(t, flags...)
	var rulings []ruling
	for _, table := range [][]ruling{
		lifetimes(), expirations(), ages(), heuristics(), statuses(), responseDirectives(), targeted(), authorization(),
		methods(), variants(), targets(), updates(), validations(), conditions(), heads(), ranges(), partial(),
		stale(), requestDirectives(), unsafes(), groups(), interim(), fields(), cacheStatus(),
	} {
		rulings = append(rulings, table...)
	}
	seen := make(map[string]bool)
	// Those that wait do it while the others run.
	waiting := make(map[int]chan []string)
	for i, r := range rulings {
		if strings.Contains(r.script, " wait ") {
			done := make(chan []string, 1)
			waiting[i] = done
			go func() { done <- s.play(i, r.script) }()
		}
	}
	passed, failed := map[duty]int{}, map[duty]int{}
	for i, r := range rulings {
		name := r.clause + " " + r.name
		if seen[name] {
			t.Errorf("two cases are called %q", name)
		}
		seen[name] = true
		t.Run(string(r.duty)+"/"+name, func(t *testing.T) {
			var wrong []string
			if done, ok := waiting[i]; ok {
				wrong = <-done
			} else {
				wrong = s.play(i, r.script)
			}
			for try := 1; try < tries && len(wrong) > 0; try++ {
				wrong = s.play(i+try*len(rulings), r.script)
			}
			if len(wrong) == 0 {
				passed[r.duty]++
			} else {
				failed[r.duty]++
			}
			why, isKnown := known[name]
			switch {
			case len(wrong) == 0 && isKnown:
				t.Errorf("passes: take it out of known (%s)", why)
			case len(wrong) > 0 && (isKnown || r.duty == note):
				t.Logf("otherwise (%s): %s", why, strings.Join(wrong, "; "))
			case len(wrong) > 0:
				t.Errorf("%s\n%s", strings.ReplaceAll(r.script, " // ", "\n"), strings.Join(wrong, "\n"))
			}
		})
	}
	for name := range known {
		if !seen[name] {
			t.Errorf("known: there is no case %q", name)
		}
	}
	t.Logf("%d cases; passed %v, failed %v (known: %d)", len(rulings), passed, failed, len(known))
}

// A reply is an answer of the origin.
type reply struct {
	optional bool
	interim  []string // heads
	status   string
	fields   []string
	flags    map[string]bool
	body     string
}

// A scene is what the origin knows of one case.
type scene struct {
	mu    sync.Mutex
	queue []reply
	asked []*http.Request
}

// A stage is the proxy in front of an origin that writes its answers byte by byte.
type stage struct {
	proxy  string
	mu     sync.Mutex
	scenes map[string]*scene
}

var scenePath = regexp.MustCompile(`/i\d+`)

func newStage(t *testing.T, flags ...string) *stage {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	s := &stage{scenes: make(map[string]*scene)}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go s.serve(conn)
		}
	}()
	s.proxy, _ = inFront(t, "http://"+l.Addr().String(), flags...)
	return s
}

func (s *stage) scene(path string) *scene {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.scenes[path] == nil {
		s.scenes[path] = new(scene)
	}
	return s.scenes[path]
}

func (s *stage) serve(conn net.Conn) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	for {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		if req.Header.Get("Expect") != "" {
			fmt.Fprint(conn, "HTTP/1.1 100 Continue\r\n\r\n")
		}
		_, _ = io.Copy(io.Discard, req.Body) // what it was asked counts, not how much came
		c := s.scene(scenePath.FindString(req.RequestURI))
		c.mu.Lock()
		c.asked = append(c.asked, req)
		a := reply{status: "200", fields: []string{"Cache-Control: no-store"}, body: "the origin was asked once more"}
		if len(c.queue) > 0 {
			a, c.queue = c.queue[0], c.queue[1:]
		}
		c.mu.Unlock()
		if !a.write(conn, req.Method) {
			return
		}
	}
}

// write reports whether the connection may be used again.
func (a reply) write(conn net.Conn, method string) bool {
	if a.status == "close" {
		return false
	}
	var b strings.Builder
	for _, head := range a.interim {
		b.WriteString("HTTP/1.1 " + head + "\r\n\r\n")
	}
	version := "HTTP/1.1 "
	if a.flags["http10"] {
		version = "HTTP/1.0 "
	}
	b.WriteString(version + a.status + " Whatever\r\n")
	has := make(map[string]bool)
	for _, f := range a.fields {
		name, _, _ := strings.Cut(f, ":")
		has[strings.ToLower(name)] = true
		b.WriteString(f + "\r\n")
	}
	if !has["date"] && !a.flags["nodate"] {
		b.WriteString("Date: " + time.Now().UTC().Format(http.TimeFormat) + "\r\n")
	}
	keep := has["connection"]
	if !keep {
		b.WriteString("Connection: close\r\n")
	}
	body := a.body
	switch {
	case a.status == "204" || a.status == "304":
		body = ""
	case a.flags["chunked"]:
		b.WriteString("Transfer-Encoding: chunked\r\n")
		body = fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body)
	case !has["content-length"] && !a.flags["eof"]:
		b.WriteString("Content-Length: " + strconv.Itoa(len(body)) + "\r\n")
	}
	if a.flags["cut"] {
		body, keep = body[:len(body)-1], false
	}
	if method == http.MethodHead {
		body = ""
	}
	_, err := io.WriteString(conn, b.String()+"\r\n"+body)
	return keep && err == nil
}

// A result is what the client got.
type result struct {
	status int
	header http.Header // with Interim, the interim status codes, and their fields as Interim-*
	body   string
	err    error
}

func (s *stage) ask(request string) (res result) {
	conn, err := net.Dial("tcp", s.proxy)
	if err != nil {
		return result{err: err}
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		return result{err: err}
	}
	if _, err := io.WriteString(conn, request); err != nil {
		return result{err: err}
	}
	method, _, _ := strings.Cut(request, " ")
	r := bufio.NewReader(conn)
	early := make(http.Header)
	for {
		resp, err := http.ReadResponse(r, &http.Request{Method: method})
		if err != nil {
			return result{err: err, header: early}
		}
		if resp.StatusCode < 200 {
			early.Add("Interim", strconv.Itoa(resp.StatusCode))
			for name, values := range resp.Header {
				early["Interim-"+name] = values
			}
			continue
		}
		body, err := io.ReadAll(resp.Body)
		if len(resp.TransferEncoding) > 0 {
			resp.Header["Transfer-Encoding"] = resp.TransferEncoding
		}
		for name, values := range early {
			resp.Header[name] = values
		}
		return result{resp.StatusCode, resp.Header, string(body), err}
	}
}
