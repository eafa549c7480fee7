package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/uncache/uncache/internal/redistest"
)

// A conformance case is a clause, and requests through the proxy that show what
// it does about it. Clauses without a number before them are of RFC 9111.
type conformance struct {
	level  level
	clause string
	rule   string
	script string
}

// A level says what becomes of HTTP if the case fails.
type level string

const (
	// required: something that HTTP forbids was done, or not done that it demands.
	required level = "required"
	// optional: the cache was worse than it may be, or differs from what
	// docs/conformance.md says it does where HTTP leaves the choice.
	optional level = "optional"
)

// A script has a line for everything that happens. Behind "|" stand header
// fields.
//
//	> GET /x | Field: value      a request; GET and /x may be left out
//	>>                           the same, until it is answered as wanted
//	< 200 | Field: value | =body the origin's answer, which it must be asked for:
//	                             a status, 1xx before another one, or "close";
//	                             with "cut" the last byte is missing, with
//	                             "trailer" a chunked body has a trailer
//	<< 200                       the same in the background: the visitor does not wait
//	? Field: value               what the origin must have been asked, the last time
//	= 1 | Field: value           what the visitor must get: the body of the first
//	                             answer, or "text", and its status; 504: a status;
//	                             cut: a response that breaks off
//
// The origin must not be asked for more than it has lines. "!Field" wants no
// such field, "Field ~ text" one in which text stands, "Field >= 3" a number.
// {now+60}, {rfc850+60} and {asctime+60} are dates, {path} is what stands before
// every target of the case, {host} the proxy.
const _ = "script"

func reused(answer string) string {
	return "> \n< " + answer + "\n= 1\n> \n= 1"
}

func notReused(answer string) string {
	return "> \n< " + answer + "\n= 1\n> \n< 200\n= 2"
}

func TestConformance(t *testing.T) {
	if n := conform(t, byDefault(), nil); n < 150 {
		t.Errorf("%d cases: some are not played", n)
	}
}

// What visitors say of themselves, and directives about caching that no cache
// knows, change nothing: these are the fields of fetch in Node.js, with those by
// which a program keeps it from adding a no-cache of its own.
func TestConformanceToFetch(t *testing.T) {
	tables := byDefault()
	for i, table := range tables {
		tables[i] = slices.DeleteFunc(slices.Clone(table), func(c conformance) bool {
			return c.rule == "Pragma: no-cache" // it means nothing beside Cache-Control
		})
	}
	conform(t, tables, func(r *http.Request) {
		for name, value := range map[string]string{
			"Accept": "*/*", "Accept-Language": "*", "Accept-Encoding": "gzip, deflate", "Sec-Fetch-Mode": "cors", "User-Agent": "node",
		} {
			if len(r.Header[name]) == 0 {
				r.Header.Set(name, value)
			}
		}
		for name, value := range map[string]string{"Pragma": "foo", "Cache-Control": "nothing-to-see-here"} {
			r.Header.Set(name, strings.Join(append([]string{value}, r.Header[name]...), ", "))
		}
	})
}

// What is stored as bytes and read again obeys the same rules.
func TestConformanceWithRedis(t *testing.T) {
	conform(t, byDefault(), nil, "-redis", redistest.New(t, redistest.Config{}).Options().Addr)
}

// What is off by default, since not every origin is one that it is good for.
func TestConformanceOfFlags(t *testing.T) {
	for flag, cases := range map[string][]conformance{
		"-all-etags":               allETagsCases(),
		"-store-set-cookie":        setCookieCases(),
		"-targeted=X-Control":      otherTargetCases(),
		"-client-directives=false": ignoredDirectives(),
	} {
		t.Run(flag, func(t *testing.T) { conform(t, [][]conformance{cases}, nil, flag) })
	}
}

func byDefault() [][]conformance {
	return [][]conformance{
		freshnessCases(), statusCases(), directiveCases(), targetedCases(), varyCases(), conditionCases(),
		validationCases(), headCases(), staleCases(), authorizationCases(), requestCases(), rangeCases(),
		invalidationCases(), groupCases(), fieldCases(), cacheStatusCases(),
	}
}

// conform plays the cases of tables, with what visitor does to each request if it
// is not nil, and returns how many there are.
func conform(t *testing.T, tables [][]conformance, visitor func(*http.Request), flags ...string) int {
	o := newOrigin(t)
	addr, _ := inFront(t, o.URL, flags...)
	// A connection that was used before would make it ask again what broke off.
	client := &http.Transport{DisableCompression: true, DisableKeepAlives: true}
	n := 0
	for _, table := range tables {
		for _, c := range table {
			n++
			path := fmt.Sprintf("/case%d", n)
			t.Run(string(c.level)+" "+c.clause+" "+c.rule, func(t *testing.T) {
				s := &play{t: t, origin: o, client: client, proxy: addr, path: path, visitor: visitor}
				s.run(c.script)
				if t.Failed() {
					t.Logf("the script:\n%s", c.script)
				}
			})
		}
	}
	return n
}

// A play is a script that is being run.
type play struct {
	t       *testing.T
	origin  *origin
	client  *http.Transport
	proxy   string
	path    string
	visitor func(*http.Request) // or nil
	answers []answer            // all that were queued
	asked   int                 // how often the origin is to have been asked for target
	step    step
}

// A step is a request, and what belongs to it.
type step struct {
	line     string
	method   string
	target   string
	fields   []string
	repeat   bool
	interim  []string
	expected int // answers queued for it
	checked  []string
	want     string
}

func (s *play) run(script string) {
	s.t.Helper()
	begun := false
	for line := range strings.SplitSeq(script, "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		sign, rest, _ := strings.Cut(line, " ")
		rest = s.expand(rest)
		switch sign {
		case ">", ">>":
			if begun {
				s.finish()
			}
			begun = true
			s.begin(sign, rest)
		case "<", "<<":
			s.answer(rest)
		case "?":
			s.step.checked = append(s.step.checked, split(rest)...)
		case "=":
			s.step.want = rest
		default:
			s.t.Fatalf("script: %q", line)
		}
	}
	s.finish()
}

func split(s string) []string {
	var parts []string
	for part := range strings.SplitSeq(s, " | ") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

var placeholder = regexp.MustCompile(`\{(now|rfc850|asctime)([+-]\d+)\}`)

func (s *play) expand(line string) string {
	line = strings.NewReplacer("{path}", s.path, "{host}", s.proxy).Replace(line)
	return placeholder.ReplaceAllStringFunc(line, func(m string) string {
		parts := placeholder.FindStringSubmatch(m)
		n, _ := strconv.Atoi(parts[2]) // digits, says the pattern
		layout := map[string]string{"now": http.TimeFormat, "rfc850": "Monday, 02-Jan-06 15:04:05 GMT", "asctime": time.ANSIC}[parts[1]]
		return time.Now().UTC().Add(time.Duration(n) * time.Second).Format(layout)
	})
}

func (s *play) begin(sign, rest string) {
	s.step = step{line: sign + " " + rest, method: "GET", repeat: sign == ">>"}
	words, fields, _ := strings.Cut(rest, "|")
	for word := range strings.FieldsSeq(words) {
		if strings.HasPrefix(word, "/") || strings.HasPrefix(word, "?") {
			s.step.target = word
		} else {
			s.step.method = word
		}
	}
	s.step.fields = split(fields)
	s.asked = len(s.origin.requests(s.originPath()))
}

func (s *play) originPath() string {
	path, _, _ := strings.Cut(s.path+s.step.target, "?")
	return path
}

// answer queues what the origin will say.
func (s *play) answer(rest string) {
	parts := split(rest)
	if strings.HasPrefix(parts[0], "1") {
		s.step.interim = append(s.step.interim, strings.Join(append([]string{parts[0] + " Early"}, parts[1:]...), "\r\n"))
		return
	}
	n := len(s.answers) + 1
	a := answer{status: parts[0], interim: s.step.interim, body: fmt.Sprintf("answer %d", n)}
	s.step.interim = nil
	for _, part := range parts[1:] {
		switch {
		case part == "cut":
			a.cut = true
		case part == "trailer":
			a.chunked = []string{"X-Trailer: 1"}
		case strings.HasPrefix(part, "="):
			a.body = part[1:]
		default:
			a.header = append(a.header, part)
		}
	}
	if a.status == "204" {
		a.header = append(a.header, "X-Answer: "+a.body)
	}
	s.answers = append(s.answers, a)
	s.step.expected++
	s.origin.queue(s.originPath(), a)
}

// finish makes the request, and looks at what came of it.
func (s *play) finish() {
	s.t.Helper()
	wrong := s.try()
	for deadline := time.Now().Add(5 * time.Second); s.step.repeat && wrong != "" && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
		wrong = s.try()
	}
	if wrong != "" {
		s.t.Errorf("%s: %s", s.step.line, wrong)
	}
	if !s.origin.await(s.originPath(), s.asked+s.step.expected) {
		s.t.Errorf("%s: the origin was not asked as often as it should have been", s.step.line)
	}
	got := s.origin.requests(s.originPath())
	if n := len(got) - s.asked; n != s.step.expected {
		s.t.Errorf("%s: the origin was asked %d times, want %d", s.step.line, n, s.step.expected)
	}
	for _, check := range s.step.checked {
		if len(got) == 0 {
			break
		}
		if wrong := compare(got[len(got)-1].Header, check); wrong != "" {
			s.t.Errorf("%s: the origin was asked %s", s.step.line, wrong)
		}
	}
}

// try makes the request and returns what is wrong with the answer.
func (s *play) try() string {
	target, query, _ := strings.Cut(s.path+s.step.target, "?")
	r := &http.Request{
		Method: s.step.method,
		URL:    &url.URL{Scheme: "http", Host: s.proxy, Path: target, RawQuery: query},
		Header: make(http.Header),
	}
	for _, line := range s.step.fields {
		name, value, _ := strings.Cut(line, ":")
		if value = strings.TrimSpace(value); name == "Host" {
			r.Host = value
		} else {
			r.Header.Add(name, value)
		}
	}
	if s.visitor != nil {
		s.visitor(r)
	}
	resp, err := s.client.RoundTrip(r.WithContext(s.t.Context()))
	var body []byte
	if err == nil {
		body, err = io.ReadAll(resp.Body)
		resp.Body.Close()
	}
	wants := split(s.step.want)
	if wants[0] == "cut" {
		if err == nil {
			return fmt.Sprintf("got a whole response, %s %q, of one that broke off", resp.Status, body)
		}
		return ""
	}
	if err != nil {
		return err.Error()
	}
	if wrong := s.wrongBody(wants[0], resp, body); wrong != "" {
		return fmt.Sprintf("%s; Cache-Status: %s", wrong, resp.Header.Get("Cache-Status"))
	}
	for _, check := range wants[1:] {
		if wrong := compare(resp.Header, check); wrong != "" {
			return "got " + wrong
		}
	}
	return ""
}

// wrongBody compares a response with what stands first behind "=".
func (s *play) wrongBody(want string, resp *http.Response, body []byte) string {
	status, text := 200, ""
	if rest, ok := strings.CutPrefix(want, `"`); ok {
		var code string
		text, code, _ = strings.Cut(rest, `"`)
		if code = strings.TrimSpace(code); code != "" {
			status, _ = strconv.Atoi(code)
		}
	} else if status, _ = strconv.Atoi(want); status < 100 {
		a := s.answers[status-1]
		status, _ = strconv.Atoi(a.status)
		text = a.body
		if status == 204 {
			body = []byte(resp.Header.Get("X-Answer"))
		}
	} else {
		text = string(body)
	}
	if s.step.method == http.MethodHead {
		text = ""
	}
	if resp.StatusCode != status || !bytes.Equal(body, []byte(text)) {
		return fmt.Sprintf("got %d %q, want %d %q", resp.StatusCode, body, status, text)
	}
	return ""
}

// compare returns what is wrong with a header by a check of a script.
func compare(h http.Header, check string) string {
	if name, ok := strings.CutPrefix(check, "!"); ok {
		if values := h.Values(name); len(values) > 0 {
			return fmt.Sprintf("with %s: %q, want none", name, values)
		}
		return ""
	}
	if name, text, ok := strings.Cut(check, " ~ "); ok {
		if got := strings.Join(h.Values(name), ", "); !strings.Contains(got, text) {
			return fmt.Sprintf("with %s: %q, want %q in it", name, got, text)
		}
		return ""
	}
	if name, text, ok := strings.Cut(check, " >= "); ok {
		least, _ := strconv.Atoi(text)
		if n, err := strconv.Atoi(h.Get(name)); err != nil || n < least {
			return fmt.Sprintf("with %s: %q, want at least %d", name, h.Get(name), least)
		}
		return ""
	}
	name, want, _ := strings.Cut(check, ":")
	if got := strings.Join(h.Values(name), ", "); got != strings.TrimSpace(want) {
		return fmt.Sprintf("with %s: %q, want %q", name, got, strings.TrimSpace(want))
	}
	return ""
}
