package django_test

import (
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/uncache/uncache/keys/django"
)

// A Django site's post is saved by a Go service that shares its Redis. Pages
// that vary on nothing can be named; others have to be looked for.
func ExampleSite() {
	site := django.Site{Prefix: "cwx", Language: "en-us", TimeZone: "UTC"}
	del, err := site.PurgeKeys("http://example.com/blog/")
	if err != nil {
		fmt.Println(err)
	}
	for _, key := range del {
		fmt.Println("DEL", key)
	}
	pattern, err := site.PurgePattern("http://example.com/blog/")
	if err != nil {
		fmt.Println(err)
	}
	fmt.Println("SCAN 0 MATCH", pattern)
	// Output:
	// DEL :1:views.decorators.cache.cache_header.cwx.3cb35933a0d4541ebf160b8a5c5d0595.en-us.UTC
	// DEL :1:views.decorators.cache.cache_page.cwx.GET.3cb35933a0d4541ebf160b8a5c5d0595.d41d8cd98f00b204e9800998ecf8427e.en-us.UTC
	// DEL :1:views.decorators.cache.cache_page.cwx.HEAD.3cb35933a0d4541ebf160b8a5c5d0595.d41d8cd98f00b204e9800998ecf8427e.en-us.UTC
	// SCAN 0 MATCH :1:views.decorators.cache.cache_page.cwx.*.3cb35933a0d4541ebf160b8a5c5d0595.????????????????????????????????*
}

// The keys of a site that has not been upgraded since 2007.
func ExampleSite_legacy() {
	site := django.Site{Prefix: "cwx", Layout: django.Layout10}
	r, err := http.NewRequest("GET", "http://example.com/blog/", nil)
	if err != nil {
		fmt.Println(err)
	}
	fmt.Println(site.PageKey(r, nil))
	// Output: views.decorators.cache.cache_page.cwx./blog/.d41d8cd98f00b204e9800998ecf8427e
}

type vector struct {
	Name        string              `json:"name"`
	Version     string              `json:"django_version"`
	Interface   string              `json:"interface"`
	IdenticalIn []string            `json:"keys_identical_in"`
	DifferIn    map[string][]string `json:"keys_differ_in"`
	Settings    struct {
		I18N     bool   `json:"USE_I18N"`
		TZ       bool   `json:"USE_TZ"`
		Language string `json:"LANGUAGE_CODE"`
		TimeZone string `json:"TIME_ZONE"`
		Active   string `json:"_activate_tz"`
		Prefix   string `json:"CACHE_MIDDLEWARE_KEY_PREFIX"`
		Cache    struct {
			KeyPrefix   string `json:"KEY_PREFIX"`
			Version     int    `json:"VERSION"`
			KeyFunction string `json:"KEY_FUNCTION"`
		} `json:"CACHES.default"`
		CachePage *struct{} `json:"_cache_page"`
	} `json:"settings"`
	Request struct {
		Method  string            `json:"method"`
		URL     string            `json:"url"`
		Headers map[string]string `json:"headers"`
	} `json:"request"`
	Vary       *string  `json:"response_vary"`
	HeaderList []string `json:"vary_header_list"`
	URLMD5     string   `json:"url_md5"`
	PageKey    string   `json:"final_key"`
	ListKey    string   `json:"final_header_key"`
	ByScheme   map[string]struct {
		MD5 string `json:"md5"`
	} `json:"header_hash_by_scheme"`
}

// joinOf says how the builds of the vectors join header values.
var joinOf = map[string]django.Join{
	"deb12u7":        django.JoinConcatMark,
	"6.1.x-20260727": django.JoinLengths,
}

var joinByScheme = map[string]django.Join{
	"H1_concat":           django.JoinConcat,
	"H1m_concat_marker":   django.JoinConcatMark,
	"H2_netstring":        django.JoinLengths,
	"H3_netstring_marker": django.JoinLengthsMark,
}

// Every key that Django printed comes out equal.
func TestVectors(t *testing.T) {
	data, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Modern, Legacy []vector }
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Modern) != 41 || len(file.Legacy) != 27 {
		t.Fatalf("%d modern and %d legacy vectors, want 41 and 27", len(file.Modern), len(file.Legacy))
	}
	checked := 0
	for _, v := range slices.Concat(file.Modern, file.Legacy) {
		if v.PageKey == "" {
			if v.Name != "cc_private" {
				t.Errorf("%s: no key, want one for all but cc_private, which is not cached", v.Name)
			}
			continue
		}
		checked++
		t.Run(v.Name, func(t *testing.T) { checkVector(t, v) })
	}
	if checked != 67 {
		t.Errorf("%d vectors checked, want 67", checked)
	}
}

func checkVector(t *testing.T, v vector) {
	d := v.site(t)
	r := v.request(t)
	vary := ""
	if v.Vary != nil {
		vary = *v.Vary
	}
	if got := d.HeaderList(vary); !slices.Equal(got, v.HeaderList) {
		t.Errorf("HeaderList(%q) = %q, want %q", vary, got, v.HeaderList)
	}
	if got := d.ListKey(r); got != v.ListKey {
		t.Errorf("ListKey\n got %s\nwant %s", got, v.ListKey)
	}
	if got := d.PageKey(r, v.HeaderList); got != v.PageKey {
		t.Errorf("PageKey\n got %s\nwant %s", got, v.PageKey)
	}
	for build, want := range v.DifferIn {
		d := d
		d.Join = joinOf[build]
		if len(want) == 0 { // a Vary of * is not cached there
			continue
		}
		list := v.HeaderList
		if v.Name == "authorization_request_header" && build == "6.1.x-20260727" {
			list = d.HeaderList("Authorization") // which that build adds to the response
		}
		got := []string{d.ListKey(r), d.PageKey(r, list)}
		if !slices.Equal(got, want) {
			t.Errorf("in %s\n got %s\nwant %s", build, got, want)
		}
	}
	for _, build := range v.IdenticalIn {
		d := d
		d.Join = joinOf[build]
		if got := d.PageKey(r, v.HeaderList); got != v.PageKey {
			t.Errorf("PageKey in %s\n got %s\nwant %s", build, got, v.PageKey)
		}
	}
	for scheme, want := range v.ByScheme {
		d := d
		d.Join = joinByScheme[scheme]
		if got := d.PageKey(r, v.HeaderList); !strings.Contains(got, "."+v.URLMD5+"."+want.MD5) {
			t.Errorf("PageKey, %s: got %s, want %s in it", scheme, got, want.MD5)
		}
	}
	checkPurge(t, d, v, r)
}

// checkPurge checks that a purge of the URL of the vector deletes its page.
func checkPurge(t *testing.T, d django.Site, v vector, r *http.Request) {
	rawURL := latin1Bytes(v.Request.URL)
	pattern, err := d.PurgePattern(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	if !globMatch(pattern, v.PageKey) {
		t.Errorf("PurgePattern %s does not match %s", pattern, v.PageKey)
	}
	other, err := d.PurgePattern("http://other.example/other/")
	if err != nil {
		t.Fatal(err)
	}
	if globMatch(other, v.PageKey) {
		t.Errorf("PurgePattern of another URL, %s, matches %s", other, v.PageKey)
	}
	del, err := d.PurgeKeys(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(del, v.ListKey) {
		t.Errorf("PurgeKeys = %q, want %s among them", del, v.ListKey)
	}
	if len(v.HeaderList) == 0 && !slices.Contains(del, v.PageKey) {
		t.Errorf("PurgeKeys = %q, want %s among them", del, v.PageKey)
	}
}

func (v vector) site(t *testing.T) django.Site {
	s := v.Settings
	d := django.Site{
		KeyPrefix: s.Cache.KeyPrefix,
		Version:   s.Cache.Version,
		Prefix:    s.Prefix,
		ASGI:      v.Interface == "asgi",
	}
	if s.CachePage != nil {
		d.Prefix = ""
	}
	if s.Cache.KeyFunction != "" {
		d.KeyFunc = func(key, keyPrefix string, version int) string {
			return fmt.Sprintf("%s|v%d|%s", keyPrefix, version, key)
		}
	}
	if s.I18N {
		d.Language = s.Language
		if v.Name == "locale_de" { // LocaleMiddleware chose it
			d.Language = "de"
		}
	}
	if s.TZ {
		d.TimeZone = s.TimeZone
		if s.Active == "Europe/Paris" {
			d.TimeZone = s.Active
		}
	}
	if strings.HasPrefix(v.Name, "legacy_") {
		for prefix, layout := range map[string]django.Layout{
			"0.96": django.Layout096, "1.0": django.Layout10, "1.0.4": django.Layout103,
			"1.1": django.Layout103, "1.2": django.Layout12, "1.3.7": django.Layout13,
			"1.4.22": django.Layout14, "1.6.11": django.Layout16,
			"1.7.11": django.Layout17, "1.11.29": django.Layout17,
		} {
			if version, _, _ := strings.Cut(v.Version, " "); version == prefix {
				d.Layout = layout
				return d
			}
		}
		t.Fatalf("no layout for Django %s", v.Version)
	}
	return d
}

func (v vector) request(t *testing.T) *http.Request {
	u, err := url.Parse(latin1Bytes(v.Request.URL))
	if err != nil {
		t.Fatal(err)
	}
	r := &http.Request{Method: v.Request.Method, URL: u, Host: u.Host, Header: http.Header{}}
	for name, value := range v.Request.Headers {
		r.Header.Set(name, latin1Bytes(value))
	}
	return r
}

// latin1Bytes undoes how the file shows bytes.
func latin1Bytes(s string) string {
	var b []byte
	for _, r := range s {
		b = append(b, byte(r))
	}
	return string(b)
}

func TestPurge(t *testing.T) {
	d := django.Site{
		KeyPrefix: "shop[1]*", Prefix: `a?b\`, Language: "en-us", Languages: []string{"de", "en-us"},
		TimeZone: "UTC", TimeZones: []string{"Europe/Paris"},
	}
	del, err := d.PurgeKeys("https://example.com/x?b=1&a=2")
	if err != nil {
		t.Fatal(err)
	}
	if len(del) != 2*2*3 { // languages, zones, {GET, HEAD, list}
		t.Errorf("PurgeKeys: %d keys, want 12: %q", len(del), del)
	}
	pattern, err := d.PurgePattern("https://example.com/x?b=1&a=2")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range del {
		if got, want := globMatch(pattern, key), strings.Contains(key, "cache_page"); got != want {
			t.Errorf("%s matches %s: got %v, want %v", pattern, key, got, want)
		}
		similar := strings.Replace(key, `a?b\`, `aXb\`, 1)
		if globMatch(pattern, similar) {
			t.Errorf("%s matches %s of another site", pattern, similar)
		}
	}
	spelled, err := d.PurgeKeys("https://Example.com:443/x?b=1&a=2")
	if err != nil || slices.ContainsFunc(spelled, func(key string) bool { return slices.Contains(del, key) }) {
		t.Errorf("PurgeKeys of a host in another spelling = %q, %v; want none of %q", spelled, err, del)
	}
	if _, err := d.PurgeKeys("/x"); err == nil {
		t.Error("PurgeKeys of a URL without a host: no error, want one")
	}
	if _, err := d.PurgePattern("/x"); err == nil {
		t.Error("PurgePattern of a URL without a host: no error, want one")
	}
}

// What the vectors have no case of.
func TestRequest(t *testing.T) {
	r := func(header http.Header) *http.Request {
		return &http.Request{Host: "h", URL: &url.URL{Path: "/x\xff"}, Header: header}
	}
	var d django.Site
	for _, tt := range []struct {
		rule string
		list string
		x, y http.Header
		same bool
	}{
		{"lines are joined with a comma", "X-A", http.Header{"X-A": {"a", "b"}}, http.Header{"X-A": {"a,b"}}, true},
		{"cookies are joined with a semicolon", "Cookie", http.Header{"Cookie": {"a", "b"}}, http.Header{"Cookie": {"a; b"}}, true},
		{"WSGI has no HTTP_CONTENT_TYPE", "Content-Type", http.Header{"Content-Type": {"a"}}, nil, true},
		{"another value", "X-A", http.Header{"X-A": {"a"}}, nil, false},
	} {
		list := d.HeaderList(tt.list)
		if x, y := d.PageKey(r(tt.x), list), d.PageKey(r(tt.y), list); (x == y) != tt.same {
			t.Errorf("%s: %s and %s, want equal: %v", tt.rule, x, y, tt.same)
		}
	}
	if d.PageKey(r(nil), d.HeaderList("Host")) == d.PageKey(r(nil), nil) {
		t.Error("a page that varies on Host has the key of one that does not")
	}
	secure := r(nil)
	secure.TLS = &tls.ConnectionState{}
	if d.ListKey(secure) == d.ListKey(r(nil)) {
		t.Error("http and https share a key")
	}
	old := django.Site{Layout: django.Layout096, TimeZone: "UTC", Language: "de"}
	if got, want := old.ListKey(r(nil)), "views.decorators.cache.cache_header../x\xff"; got != want {
		t.Errorf("ListKey of Django 0.96 = %q, want %q", got, want)
	}
}

func TestKeyFunc(t *testing.T) {
	d := django.Site{KeyFunc: func(key, prefix string, version int) string { return fmt.Sprint(version, key, "!") }}
	del, err := d.PurgeKeys("http://h/")
	if err != nil {
		t.Fatal(err)
	}
	pattern, err := d.PurgePattern("http://h/")
	if err != nil {
		t.Fatal(err)
	}
	if page := del[1]; !strings.HasSuffix(page, "!") || !globMatch(pattern, page) {
		t.Errorf("%s does not match %s", pattern, page)
	}
}

// Dot segments are resolved as Python's urljoin does.
func TestDotSegments(t *testing.T) {
	var d django.Site
	get := func(path string) string {
		return d.PageKey(&http.Request{Method: "GET", Host: "example.com", URL: &url.URL{Path: path}}, nil)
	}
	for path, same := range map[string]string{
		"/a/../b": "/b", "/a/./b": "/a/b", "/../b": "/b", "/../../b": "/b",
		"/a/./b/..": "/a/", "/a/../b/": "/b/",
	} {
		if got, want := get(path), get(same); got != want {
			t.Errorf("PageKey of %s = %s, want that of %s, %s", path, got, same, want)
		}
	}
	if get("/a/..") == get("/") {
		t.Error("PageKey of /a/.. is that of /; Django resolves dot segments in the middle only")
	}
}

// globMatch matches as Redis's SCAN does, less the character classes that no
// pattern of ours has.
func globMatch(pattern, s string) bool {
	switch {
	case pattern == "":
		return s == ""
	case pattern[0] == '*':
		return globMatch(pattern[1:], s) || s != "" && globMatch(pattern, s[1:])
	case s == "":
		return false
	case pattern[0] == '?':
		return globMatch(pattern[1:], s[1:])
	case pattern[0] == '\\' && len(pattern) > 1:
		pattern = pattern[1:]
	}
	return pattern[0] == s[0] && globMatch(pattern[1:], s[1:])
}

func FuzzSite(f *testing.F) {
	f.Add("/a/../b%ff", "q=\xff", "Cookie, *", "a\xe9", 0)
	f.Fuzz(func(t *testing.T, path, query, vary, value string, n int) {
		d := django.Site{Layout: django.Layout(n&7 + n>>6&1), Join: django.Join(n >> 3 & 3), ASGI: n&32 != 0, Language: "de"}
		r := &http.Request{URL: &url.URL{Path: path, RawQuery: query}, Header: http.Header{"Cookie": {value}}}
		d.PageKey(r, d.HeaderList(vary))
		d.ListKey(r)
		raw := "http://example.com/" + hex.EncodeToString([]byte(path)) + "?" + query
		if _, err := url.Parse(raw); err != nil {
			return
		}
		del, err := d.PurgeKeys(raw)
		if err != nil || len(del) == 0 {
			t.Errorf("PurgeKeys(%q) = %q, %v", raw, del, err)
		}
	})
}
