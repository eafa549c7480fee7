package main

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// An act is a request of the client, and what belongs to it.
type act struct {
	request string
	repeat  bool // until it is answered as wanted
	late    bool // the origin may be asked after the client was answered
	replies []reply
	asked   []string // checks of what the origin was asked
	want    []string // the parts of the line "="
}

// play runs a script and returns what was not as it says.
func (s *stage) play(n int, script string) []string {
	p := &player{stage: s, path: fmt.Sprintf("/i%d", n), now: time.Now().UTC()}
	p.scene = s.scene(p.path)
	var a *act
	for _, line := range strings.Split(script, " // ") {
		sign, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		rest = p.expand(rest)
		switch sign {
		case ">", ">>":
			p.perform(a)
			a = &act{request: p.request(rest), repeat: sign == ">>"}
		case "<", "<?", "<<":
			a.late = a.late || sign == "<<"
			p.answer(a, rest, sign == "<?")
		case "@":
			a.asked = append(a.asked, parts(rest)...)
		case "=":
			a.want = parts(rest)
		case "wait":
			p.perform(a)
			a = nil
			seconds, err := strconv.ParseFloat(rest, 64)
			if err != nil {
				return []string{"the script: " + line}
			}
			time.Sleep(time.Duration(seconds * float64(time.Second)))
		default:
			return []string{"the script: " + line}
		}
	}
	p.perform(a)
	return p.wrong
}

type player struct {
	*stage
	path    string
	scene   *scene
	replies []reply   // all that were queued; what "= 1" counts
	now     time.Time // of all dates: a second may pass between two lines
	interim []string
	wrong   []string
	acts    int
}

func parts(s string) []string { return strings.Split(" "+s+" ", " | ") }

var (
	dates  = regexp.MustCompile(`\{(now|850|asc)([+-]\d+)\}`)
	abbrev = regexp.MustCompile(`(^|\| *|!)(CC|LM|INM|IMS)(:| ~| !~| *\||$)`)
	long   = map[string]string{"CC": "Cache-Control", "LM": "Last-Modified", "INM": "If-None-Match", "IMS": "If-Modified-Since"}
	layout = map[string]string{"now": http.TimeFormat, "850": "Monday, 02-Jan-06 15:04:05 GMT", "asc": time.ANSIC}
)

func (p *player) expand(s string) string {
	for range 2 { // neighbours share a "|"
		s = abbrev.ReplaceAllStringFunc(s, func(m string) string {
			g := abbrev.FindStringSubmatch(m)
			return g[1] + long[g[2]] + g[3]
		})
	}
	s = dates.ReplaceAllStringFunc(s, func(m string) string {
		g := dates.FindStringSubmatch(m)
		seconds, _ := strconv.Atoi(g[2])
		return p.now.Add(time.Duration(seconds) * time.Second).Format(layout[g[1]])
	})
	return strings.NewReplacer("{path}", p.path, "{host}", p.proxy, `\t`, "\t").Replace(s)
}

func (p *player) request(rest string) string {
	method, target, version := "GET", p.path, "HTTP/1.1"
	host, fields, body := "Host: "+p.proxy+"\r\n", "", ""
	for i, part := range parts(rest) {
		part = strings.TrimPrefix(strings.TrimSuffix(part, " "), " ")
		switch {
		case i == 0:
			for _, word := range strings.Fields(part) {
				switch {
				case strings.HasPrefix(word, "HTTP/"):
					version = word
				case strings.HasPrefix(word, "http:"):
					target = word
				case strings.ContainsAny(word[:1], "/?;.%#"):
					target = p.path + word
				default:
					method = word
				}
			}
		case strings.HasPrefix(part, "="):
			body = part[1:]
			fields += fmt.Sprintf("Content-Length: %d\r\n", len(body))
		case strings.HasPrefix(part, "Host:"):
			host = part + "\r\n"
		default:
			fields += part + "\r\n"
		}
	}
	if version == "HTTP/1.1" && !strings.Contains(fields, "Connection:") {
		fields += "Connection: close\r\n"
	}
	return method + " " + target + " " + version + "\r\n" + host + fields + "\r\n" + body
}

func (p *player) answer(a *act, rest string, optional bool) {
	r := reply{optional: optional, flags: make(map[string]bool)}
	r.body = fmt.Sprintf("answer %d to %s", len(p.replies)+1, p.path)
	for i, part := range parts(rest) {
		part = strings.TrimPrefix(strings.TrimSuffix(part, " "), " ")
		switch {
		case i == 0:
			r.status = part
		case strings.HasPrefix(part, "="):
			r.body = part[1:]
		case !strings.Contains(part, ":"):
			r.flags[part] = true
		default:
			r.fields = append(r.fields, part)
		}
	}
	if r.status[0] == '1' && r.status != "101" {
		p.interim = append(p.interim, strings.Join(append([]string{r.status + " Early"}, r.fields...), "\r\n"))
		return
	}
	r.interim, p.interim = p.interim, nil
	p.replies = append(p.replies, r)
	a.replies = append(a.replies, r)
}

func (p *player) perform(a *act) {
	if a == nil {
		return
	}
	p.acts++
	p.scene.mu.Lock()
	p.scene.queue = append([]reply(nil), a.replies...)
	before := len(p.scene.asked)
	p.scene.mu.Unlock()
	asked := func() []*http.Request {
		p.scene.mu.Lock()
		defer p.scene.mu.Unlock()
		return p.scene.asked[before:]
	}
	res := p.ask(a.request)
	wrong := p.judge(a, res)
	deadline := time.Now().Add(5 * time.Second)
	for a.repeat && len(wrong) > 0 && len(asked()) <= len(a.replies) && time.Now().Before(deadline) {
		time.Sleep(2 * time.Millisecond)
		res = p.ask(a.request)
		wrong = p.judge(a, res)
	}
	least := 0
	for _, r := range a.replies {
		if !r.optional {
			least++
		}
	}
	for a.late && len(asked()) < least && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	got := asked()
	if len(got) < least || len(got) > len(a.replies) {
		wrong = append(wrong, fmt.Sprintf("the origin was asked %d times, not %d", len(got), len(a.replies)))
	}
	for _, check := range a.asked {
		if len(got) == 0 {
			break // it is said already, or it needed not be asked
		}
		req := got[len(got)-1]
		req.Header["Request-Line"] = []string{req.Method + " " + req.RequestURI}
		req.Header["Host"] = []string{req.Host}
		if w := compareField(req.Header, strings.TrimSpace(check)); w != "" {
			wrong = append(wrong, "the origin was asked "+w)
		}
	}
	for _, w := range wrong {
		p.wrong = append(p.wrong, fmt.Sprintf("request %d: %s (got %d, %v, %.60q)", p.acts, w, res.status, brief(res.header), res.body))
	}
}

// judge returns what is wrong about what the client got.
func (p *player) judge(a *act, res result) (wrong []string) {
	if len(a.want) == 0 {
		return nil
	}
	head := strings.Fields(a.want[0])
	if head[0] == "cut" {
		if res.err == nil {
			wrong = append(wrong, "what broke off seems complete")
		}
		return wrong
	}
	if res.err != nil {
		return []string{res.err.Error()}
	}
	status := ""
	switch want := head[0]; {
	case want == "*":
	case want == "-":
		if res.body != "" {
			wrong = append(wrong, "there is a body")
		}
	case want[0] == '\'':
		if res.body != strings.Trim(want, "'") {
			wrong = append(wrong, "another body than "+want)
		}
	default:
		n, err := strconv.Atoi(want)
		if err != nil || n > len(p.replies) {
			return []string{"the script: " + want}
		}
		status = p.replies[n-1].status
		if body := p.replies[n-1].body; res.body != body && status != "204" && status != "304" {
			wrong = append(wrong, fmt.Sprintf("another body than %q", body))
		}
	}
	if len(head) > 1 {
		status = head[1]
	}
	if not, ok := strings.CutPrefix(status, "!"); ok {
		if strconv.Itoa(res.status) == not {
			wrong = append(wrong, "status "+not)
		}
	} else if status != "" && strconv.Itoa(res.status) != status {
		wrong = append(wrong, "a status other than "+status)
	}
	for _, check := range a.want[1:] {
		if w := compareField(res.header, strings.TrimSpace(check)); w != "" {
			wrong = append(wrong, w)
		}
	}
	return wrong
}

// compareField returns how h fails a check.
func compareField(h http.Header, check string) string {
	if check == "" {
		return ""
	}
	if name, ok := strings.CutPrefix(check, "!"); ok {
		if v, there := h[http.CanonicalHeaderKey(name)]; there {
			return fmt.Sprintf("with %s: %q", name, v)
		}
		return ""
	}
	i := strings.IndexAny(check, ": ")
	if i < 0 {
		return "the script: " + check
	}
	name := check[:i]
	values, there := h[http.CanonicalHeaderKey(name)]
	value := strings.Join(values, ", ")
	op, want, _ := strings.Cut(strings.TrimSpace(check[i:]), " ")
	ok := there
	switch op {
	case ":":
		ok = ok && value == want
	case "~":
		ok = ok && strings.Contains(value, want)
	case "!~":
		ok = !strings.Contains(value, want)
	case ">=", "<":
		limit, err := strconv.Atoi(want)
		n, err2 := strconv.Atoi(value)
		ok = ok && err == nil && err2 == nil && (op == ">=") == (n >= limit)
	default:
		return "the script: " + check
	}
	if !ok {
		return fmt.Sprintf("with %s: %q, not %s", name, values, strings.TrimSpace(check[i:]))
	}
	return ""
}

// brief is a header in one short line.
func brief(h http.Header) string {
	var b strings.Builder
	for _, name := range []string{"Age", "Cache-Status", "Etag", "Content-Range", "Content-Length"} {
		if v, ok := h[name]; ok {
			fmt.Fprintf(&b, "%s=%q ", name, v)
		}
	}
	return strings.TrimSpace(b.String())
}
