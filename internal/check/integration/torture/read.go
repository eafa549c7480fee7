package torture

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

// A memory is what a reader got, for conditional requests. A 304 says that it
// is still good.
type memory struct {
	etag     string
	versions map[int]Version
}

// read asks for pages and judges the answers.
func (c *Config) read(ctx context.Context, rng *rand.Rand, t *tally) error {
	remembered := make(map[string]memory)
	for ctx.Err() == nil {
		p := pick(rng, c.record(rng))
		node := rng.IntN(len(c.Nodes))
		method := http.MethodGet
		if rng.IntN(16) == 0 {
			method = http.MethodHead
		}
		r := p.request(rng, method)
		old, conditional := remembered[p.identity()]
		if conditional = conditional && rng.IntN(4) == 0; conditional {
			r.Header.Set("If-None-Match", old.etag)
		}

		began := time.Now() // whatever purge had returned by now binds
		resp, err := c.Nodes[node].Do(r)
		if err != nil {
			return fmt.Errorf("torture: %s %s from node %d: %w", method, r.URL, node, err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			return fmt.Errorf("torture: %s %s from node %d: %w", method, r.URL, node, err)
		}
		a := &answer{page: p, method: method, node: node, began: began, status: parseStatus(resp.Header)}
		switch {
		case resp.StatusCode == http.StatusNotModified && conditional:
			a.versions = old.versions
			a.notModified = true
		default:
			if a.versions, err = p.check(method, resp, string(body)); err != nil {
				t.broken(a, err)
				continue
			}
			if etag := resp.Header.Get("Etag"); etag != "" {
				remembered[p.identity()] = memory{etag, a.versions}
			}
		}
		c.judge(a, t)
	}
	return nil
}

// check returns the versions that a page shows. An error says that it is not
// the page that was asked for.
func (p page) check(method string, resp *http.Response, body string) (map[int]Version, error) {
	want := http.StatusOK
	if strings.HasSuffix(p.path, "/gone/") {
		want = http.StatusNotFound
	}
	if resp.StatusCode != want {
		return nil, fmt.Errorf("status %d, want %d", resp.StatusCode, want)
	}
	shown := resp.Header.Get(VersionsField)
	if method == http.MethodGet {
		if page := p.identity() + "\n" + shown + "\n"; body != page {
			return nil, fmt.Errorf("body %q, want %q", body, page)
		}
	}
	return parseVersions(shown)
}

// judge compares what an answer shows with what it has to, and counts it.
func (c *Config) judge(a *answer, t *tally) {
	oldest := a.began.Add(-c.MaxStale)
	now := time.Now()
	outrun := false
	for record, shown := range a.versions {
		if want := c.Register.Purged(record, oldest); shown < want {
			t.stale(a, record, shown, want)
		}
		outrun = outrun || shown < c.Register.Purged(record, now)
	}
	t.count(a, outrun)
}

// An answer is one response, and what came of it.
type answer struct {
	page        page
	method      string
	node        int
	began       time.Time
	status      cacheStatus
	versions    map[int]Version
	notModified bool
}

func (a *answer) String() string {
	return fmt.Sprintf("%s %s from node %d (%s)", a.method, a.page.identity(), a.node, a.status.text)
}

// A cacheStatus is what the last member of Cache-Status says (RFC 9211).
type cacheStatus struct {
	text      string
	hit       bool
	collapsed bool
	purged    bool // because of a purge the handler was asked, or its answer not stored
	forward   string
}

func parseStatus(h http.Header) cacheStatus {
	members := h["Cache-Status"]
	if len(members) == 0 {
		return cacheStatus{}
	}
	s := cacheStatus{text: members[len(members)-1]}
	for param := range strings.SplitSeq(s.text, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(param), "=")
		switch name {
		case "hit":
			s.hit = true
		case "collapsed":
			s.collapsed = true
		case "fwd":
			s.forward = value
		case "detail":
			s.purged = value == "purged"
		}
	}
	return s
}
