package route_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/uncache/uncache/keys"
	"github.com/uncache/uncache/keys/route"
)

func Example() {
	postPage := route.MustParse("GET /blog/{slug}/")

	mux := http.NewServeMux()
	mux.HandleFunc(postPage.Pattern(), func(w http.ResponseWriter, r *http.Request) {
		fmt.Println("the post called", r.PathValue("slug"))
	})

	path, err := postPage.Path("cats & dogs: 50% each?")
	if err != nil {
		fmt.Println(err)
	}
	fmt.Println(path)
	mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil))
	// Output:
	// /blog/cats%20&%20dogs:%2050%25%20each%3F/
	// the post called cats & dogs: 50% each?
}

func ExampleRoute_Path_error() {
	_, err := route.MustParse("GET /blog/{slug}/").Path("")
	fmt.Println(err)
	fmt.Println(errors.Is(err, route.ErrValue))
	// Output:
	// route: path of "GET /blog/{slug}/": "" for "{slug}": no path with such values: an empty segment
	// true
}

type (
	slug   string
	number uint8
	day    struct{ y, m int }
	broken struct{}
)

func (d day) String() string                { return fmt.Sprintf("%d-%02d", d.y, d.m) }
func (broken) MarshalText() ([]byte, error) { return nil, errBroken }

var errBroken = errors.New("broken")

func TestPath(t *testing.T) {
	var none *netip.Addr
	tests := []struct {
		pattern string
		values  []any
		want    string // "": an error
	}{
		{"/", nil, "/"},
		{"/{$}", nil, "/"},
		{"GET /blog/{$}", nil, "/blog/"},
		{"GET example.com/blog", nil, "/blog"},
		{"/a%2Fb/%7euser/caf%c3%a9", nil, "/a%2Fb/~user/caf%C3%A9"},
		{"/100%", nil, "/100%25"},
		{"/b/{id}", []any{42}, "/b/42"},
		{"/b/{id}", []any{int64(-1)}, "/b/-1"},
		{"/b/{id}", []any{number(200)}, "/b/200"},
		{"/b/{id}", []any{slug("x y")}, "/b/x%20y"},
		{"/b/{id}", []any{day{2007, 3}}, "/b/2007-03"},
		{"/b/{id}", []any{netip.MustParseAddr("::1")}, "/b/::1"},
		{"/b/{id}", []any{"a/b"}, "/b/a%2Fb"},
		{"/b/{id}", []any{"..."}, "/b/..."},
		{"/b/{id}", []any{"\xff\x00"}, "/b/%FF%00"},
		{"/{a}/{b}/", []any{"1", 2}, "/1/2/"},
		{"/f/{path...}", []any{"a b/c"}, "/f/a%20b/c"},
		{"/f/{path...}", []any{"a/"}, "/f/a/"},

		{"/b/{id}", nil, ""},
		{"/b/{id}", []any{"1", "2"}, ""},
		{"/b", []any{"1"}, ""},
		{"/b/{id}", []any{""}, ""},
		{"/b/{id}", []any{"."}, ""},
		{"/b/{id}", []any{".."}, ""},
		{"/b/{id}", []any{"/"}, ""},
		{"/b/{id}", []any{nil}, ""},
		{"/b/{id}", []any{none}, ""},
		{"/b/{id}", []any{1.5}, ""},
		{"/b/{id}", []any{true}, ""},
		{"/b/{id}", []any{[]byte("x")}, ""},
		{"/b/{id}", []any{broken{}}, ""},
		{"/f/{path...}", []any{""}, ""},
		{"/f/{path...}", []any{"/"}, ""},
		{"/f/{path...}", []any{"/a"}, ""},
		{"/f/{path...}", []any{"a//b"}, ""},
		{"/f/{path...}", []any{"a/../b"}, ""},
		{"/f/{path...}", []any{"a/.."}, ""},
		{"/f/{path...}", []any{"a//"}, ""},
		{"/a//b", nil, ""},
		{"/a/../b", nil, ""},
		{"/a/%2e%2E", nil, ""},
	}
	for _, tt := range tests {
		got, err := route.MustParse(tt.pattern).Path(tt.values...)
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("MustParse(%q).Path(%q) = %q, %v; want %q", tt.pattern, tt.values, got, err, tt.want)
		}
		if err != nil && !errors.Is(err, route.ErrValue) {
			t.Errorf("MustParse(%q).Path(%q): %v is not ErrValue", tt.pattern, tt.values, err)
		}
	}
	if _, err := route.MustParse("/{x}").Path(broken{}); !errors.Is(err, errBroken) {
		t.Errorf("the error of MarshalText is lost in %v", err)
	}
	if _, err := (route.Route{}).Path(); !errors.Is(err, route.ErrValue) {
		t.Errorf("the zero Route: %v, want ErrValue", err)
	}
}

func TestParts(t *testing.T) {
	r := route.MustParse("GET \t example.com/{a}/x/{b...}")
	if r.Method() != "GET" || r.Host() != "example.com" || r.String() != r.Pattern() || !slices.Equal(r.Wildcards(), []string{"a", "b"}) {
		t.Errorf("parts of %q: %q %q %q", r, r.Method(), r.Host(), r.Wildcards())
	}
	r.Wildcards()[0] = "changed"
	if got := r.Wildcards()[0]; got != "a" {
		t.Errorf("a caller changed the wildcard a of %q to %q", r, got)
	}
}

func TestMustParsePanics(t *testing.T) {
	defer func() {
		if got, ok := recover().(string); !ok || !strings.HasPrefix(got, "route: ") {
			t.Errorf("MustParse panicked with %v, want a message of route", got)
		}
	}()
	route.MustParse("GET")
}

// muxError returns what a ServeMux says when pattern is registered.
func muxError(mux *http.ServeMux, pattern string, h http.HandlerFunc) (err any) {
	defer func() { err = recover() }()
	mux.HandleFunc(pattern, h)
	return nil
}

var patterns = []string{
	"", "/", "GET /", "GET  \t/a", " /a", "\t", "G(T /a", "GET", "GET a", "a", "a/", "a.b:80/c/{d}",
	"{a}/", "GET {a}/", "/{", "/}", "/{}", "/{$}", "/{$}/", "/a{$}", "/{a}b", "/{a...}", "/{a...}/", "/{...}",
	"/{1}", "/{a1}", "/{é}", "/{a}/{a}", "/{a }", "/{a}/{b...}", "//", "GET //", "/a//b", "GET /a/../b", "CONNECT /a/../b",
	"GET /a/.", "GET /a/./", "POST /%", "/%zz/%2f", "/%2F", "/a/%2e", "GET /%2e%2e/", "/ a", "GET / a", "\xff /", "/{\xff}",
	"Ä /", "/{{}", "/{a}}", "/{$...}", "/{$}{$}", "/a b/{c}",
}

// FuzzParse holds Parse against a real ServeMux.
func FuzzParse(f *testing.F) {
	for _, p := range patterns {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, pattern string) {
		_, err := route.Parse(pattern)
		mux := muxError(http.NewServeMux(), pattern, func(http.ResponseWriter, *http.Request) {})
		if (err == nil) != (mux == nil) {
			t.Errorf("Parse(%q): %v, but ServeMux: %v", pattern, err, mux)
		}
		if err != nil && !errors.Is(err, route.ErrPattern) {
			t.Errorf("Parse(%q): %v is not ErrPattern", pattern, err)
		}
	})
}

// FuzzPath sends a request for what Path returns through a real ServeMux.
func FuzzPath(f *testing.F) {
	for _, p := range patterns {
		f.Add(p, "x", "y/z")
	}
	for _, v := range []string{"", ".", "..", "/", "a/", "//", "a//b", "%2F", "%", "?#;&+ ", "\x00\xff", "é", "a/./b", ":", "*"} {
		f.Add("GET /{a}/b/{c...}", v, "c")
		f.Add("example.com/{a}/{c...}", "a", v)
		f.Add("/{a}/{c}", v, v)
		f.Add("/{a}/{c}/{$}", v, v)
	}
	f.Fuzz(func(t *testing.T, pattern, first, second string) {
		r, err := route.Parse(pattern)
		if err != nil {
			return
		}
		values := map[string]string{}
		var args []any
		for i, name := range r.Wildcards() {
			values[name] = []string{first, second}[i%2]
			args = append(args, values[name])
		}
		path, err := r.Path(args...)
		if err != nil {
			checkRefusal(t, r, args, err)
			return
		}
		if canonical, err := keys.Path(path); err != nil || canonical != path {
			t.Errorf("%q.Path(%q) = %q, of which keys.Path makes %q, %v", pattern, args, path, canonical, err)
		}
		// A ServeMux looks hosts up without the port, and as they are written.
		if strings.ContainsAny(r.Host(), ":") {
			return
		}
		served := false
		mux := http.NewServeMux()
		if err := muxError(mux, pattern, func(w http.ResponseWriter, req *http.Request) {
			served = true
			for name, want := range values {
				if got := req.PathValue(name); got != want {
					t.Errorf("%q: PathValue(%q) = %q from %q, want %q", pattern, name, got, path, want)
				}
			}
		}); err != nil {
			t.Fatalf("ServeMux refuses %q: %v", pattern, err)
		}
		method := r.Method()
		if method == "" {
			method = "GET"
		}
		req := httptest.NewRequest("GET", path, nil)
		req.Method, req.Host = method, r.Host()
		rec := httptest.NewRecorder()
		mux.ServeHTTP(rec, req)
		if !served {
			t.Errorf("%q.Path(%q) = %q, which the pattern does not match: %d %v", pattern, args, path, rec.Code, rec.Header())
		}
	})
}

// checkRefusal checks that Path had a reason: an empty or dot segment, or a
// slash alone, in a value or in the pattern.
func checkRefusal(t *testing.T, r route.Route, args []any, err error) {
	if !errors.Is(err, route.ErrValue) {
		t.Errorf("%q.Path(%q): %v is not ErrValue", r, args, err)
	}
	bad := func(segment string) bool {
		return segment == "" || segment == "." || segment == ".." || segment == "/"
	}
	for _, arg := range args {
		if bad(arg.(string)) || slices.ContainsFunc(strings.Split(arg.(string), "/"), bad) {
			return
		}
	}
	path := strings.TrimPrefix(r.Pattern()[strings.IndexByte(r.Pattern(), '/'):], "/")
	for _, s := range strings.Split(path, "/") {
		s = strings.NewReplacer("%2e", ".", "%2E", ".", "%2f", "/", "%2F", "/").Replace(s)
		if bad(s) {
			return
		}
	}
	t.Errorf("%q.Path(%q) refused without need: %v", r, args, err)
}
