package torture

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
)

// host is where all nodes say that they are.
const host = "torture.example"

var languages = []string{"de", "en", "fr"}

// queries are those that readers ask with, and that a purge by URI names.
var queries = []url.Values{
	{},
	{"q": {"a b"}},
	{"q": {"é"}, "page": {"2"}},
	{"a": {"1"}, "b": {"2"}, "c": {"3/4"}},
}

// A page is something that readers ask for.
type page struct {
	path  string
	query url.Values
	lang  string // Accept-Language
}

func (p page) identity() string { return identity(p.path, p.query.Encode(), p.lang) }

// pick returns a page that shows record, or one of those on the index.
func pick(rng *rand.Rand, record int) page {
	dir := "/record/" + strconv.Itoa(record) + "/"
	switch rng.IntN(12) {
	case 0, 1, 2:
		return page{path: dir}
	case 3, 4:
		return page{path: dir + "search", query: queries[rng.IntN(len(queries))]}
	case 5, 6:
		return page{path: dir + "lang", lang: languages[rng.IntN(len(languages))]}
	case 7, 8:
		return page{path: dir + "value"}
	case 9:
		return page{path: dir + "gone/"}
	case 10:
		return page{path: "/pair/" + strconv.Itoa(record) + "/"}
	}
	return page{path: "/index", query: url.Values{"page": {strconv.Itoa(rng.IntN(indexPages))}}}
}

// request returns a request for p in some spelling.
func (p page) request(rng *rand.Rand, method string) *http.Request {
	r := httptest.NewRequest(method, spell(rng, p.path), nil)
	r.URL.RawQuery = spellQuery(rng, p.query)
	r.RequestURI = r.URL.RequestURI()
	r.Host = spellHost(rng)
	if p.lang != "" {
		r.Header.Set("Accept-Language", p.lang)
	}
	return r
}

// spell returns an escaped path that is the same as path: some letters are
// percent-encoded that need not be.
func spell(rng *rand.Rand, path string) string {
	if rng.IntN(2) == 0 {
		return path
	}
	var b strings.Builder
	for i := range len(path) {
		switch {
		case path[i] == '/' || rng.IntN(6) > 0:
			b.WriteByte(path[i])
		case rng.IntN(2) == 0:
			fmt.Fprintf(&b, "%%%02x", path[i])
		default:
			fmt.Fprintf(&b, "%%%02X", path[i])
		}
	}
	return b.String()
}

// spellQuery returns a query string that is the same as q: in any order, with a
// space as "+" or "%20", and with empty pairs.
func spellQuery(rng *rand.Rand, q url.Values) string {
	var pairs []string
	for name, values := range q { // in any order
		for _, v := range values {
			v = url.QueryEscape(v)
			if rng.IntN(2) == 0 {
				v = strings.ReplaceAll(v, "+", "%20")
			}
			pairs = append(pairs, spell(rng, name)+"="+v)
		}
	}
	if rng.IntN(8) == 0 {
		pairs = append(pairs, "")
	}
	return strings.Join(pairs, "&")
}

func spellHost(rng *rand.Rand) string {
	switch rng.IntN(6) {
	case 0:
		return "Torture.EXAMPLE"
	case 1:
		return host + ":80"
	}
	return host
}
