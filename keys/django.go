package keys

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
)

// Django makes the keys that Django's page cache uses (CacheMiddleware, or
// UpdateCacheMiddleware with FetchFromCacheMiddleware, or cache_page), so that a
// Go service can purge the pages of a Django site whose cache it shares.
//
// Its fields are the settings of that site. The zero value is a site of Django
// 6.0 or later with USE_I18N and USE_TZ off and everything else at its default.
// Over WSGI, keys of 1.7 and later are the same.
// The values under these keys are pickled Python objects: delete them, don't
// read or write them.
//
// A Django is not changed by its methods, which are safe for concurrent use. It
// makes keys as Django does, which are not injective: concatenated header values
// of two requests may be equal.
type Django struct {
	// KeyPrefix and Version are KEY_PREFIX and VERSION of the cache in CACHES.
	// A Version of zero is 1, Django's default. Django had neither before 1.3.
	KeyPrefix string
	Version   int

	// KeyFunc is the KEY_FUNCTION of the cache in CACHES. Nil: Django's own,
	// "KEY_PREFIX:VERSION:key".
	KeyFunc func(key, keyPrefix string, version int) string

	// Prefix is CACHE_MIDDLEWARE_KEY_PREFIX, or the key_prefix of cache_page,
	// which does not look at that setting.
	Prefix string

	// Language is the language active for the request ("en-us"), if USE_I18N is
	// on: LANGUAGE_CODE unless LocaleMiddleware chose another. Empty: USE_I18N
	// is off. Django has it in its keys since 1.2.
	Language string

	// TimeZone is the name of the time zone active for the request, if USE_TZ
	// is on: TIME_ZONE unless the site activated another. Empty: USE_TZ is off.
	// Django has it in its keys since 1.4.
	TimeZone string

	// Languages and TimeZones are the others that the site has pages in. They
	// matter to PurgeKeys only.
	Languages, TimeZones []string

	// Layout says which Django it is.
	Layout DjangoLayout

	// Join says how that Django joins the values of header fields.
	Join DjangoJoin

	// ASGI is set if the site is served over ASGI. Over WSGI, bytes of a query
	// that the client should have encoded come out encoded twice. Over ASGI,
	// Django 6.0 and later hash a Cookie field without what follows its last
	// cookie: "a=1; " is "a=1".
	ASGI bool
}

// DjangoLayout is a form that the keys of Django's page cache had in some of
// its releases.
type DjangoLayout int

// The layouts, by the first release that has them. Those before Django17 are
// those of Python 2, and were established for paths that are UTF-8. Django17 and
// Django60 hash header values that are not ASCII as Django does on Python 3.
const (
	Django60  DjangoLayout = iota // 6.0 and later: as 1.7, but for cookies over ASGI
	Django17                      // 1.7 to 5.2: method, digest of the absolute URI
	Django16                      // 1.6: as 1.4, but for Accept-Language
	Django14                      // 1.4 and 1.5: as 1.3, and the time zone
	Django13                      // 1.3: method, digest of path and query
	Django12                      // 1.2: digest of the path, language
	Django103                     // 1.0.3 to 1.1: digest of the path
	Django10                      // 1.0 to 1.0.2: the path, percent-encoded
	Django096                     // 0.96 and before: the path, byte for byte
)

// DjangoJoin is a way of joining the values of selecting header fields before
// they are hashed.
type DjangoJoin int

// The ways, by the releases that have them.
const (
	// DjangoConcat (up to 5.2.18 and 6.0.9) joins with nothing between; a field
	// that is absent adds nothing.
	DjangoConcat DjangoJoin = iota
	// DjangoConcatMark (5.2.19 and later 5.2, 6.0.10 and later 6.0, and what
	// distributions patched accordingly) does the same, but an absent field adds
	// "-,".
	DjangoConcatMark
	// DjangoLengths (6.1.0 to 6.1.2) adds "LENGTH:VALUE," for each field, "0:,"
	// for an absent one.
	DjangoLengths
	// DjangoLengthsMark (6.1.3 and later) does the same, but an absent field
	// adds "-,". It was inferred from its description, not seen running.
	DjangoLengthsMark
)

// HeaderList returns what Django stores, under ListKey, about the Vary field of
// a response: the names of the fields as WSGI has them, "HTTP_COOKIE".
//
// Since 1.6 they are sorted, and without Accept-Language if USE_I18N is on; that
// 1.6 sorts them was inferred. Before, they are as the response has them. Django
// 6.1, which Join names, strips them and drops empty ones; others keep the white
// space at both ends of the list, and find no such field in a request.
//
// The field is the one that a client sees: Django 6.1 adds Authorization to it
// where the request has that field and the response is not public.
func (d *Django) HeaderList(vary string) []string {
	if vary == "" {
		return []string{}
	}
	list := strings.Split(vary, ",")
	for i, name := range list {
		// Django splits at commas with the white space around them, and keeps
		// what stands before the first name and behind the last.
		if i > 0 {
			name = strings.TrimLeft(name, " \t")
		}
		if i < len(list)-1 {
			name = strings.TrimRight(name, " \t")
		}
		if d.since61() {
			name = strings.TrimSpace(name)
		}
		list[i] = "HTTP_" + strings.ReplaceAll(strings.ToUpper(name), "-", "_")
	}
	if d.since61() {
		list = slices.DeleteFunc(list, func(name string) bool { return name == "HTTP_" })
	}
	if d.Layout <= Django16 {
		if d.Language != "" {
			list = slices.DeleteFunc(list, func(name string) bool { return name == "HTTP_ACCEPT_LANGUAGE" })
		}
		slices.Sort(list)
	}
	return list
}

// PageKey returns the key of the page that answers r, given the list that
// Django stored for its URL. A HEAD that Django did not find as a GET has a page
// of its own.
func (d *Django) PageKey(r *http.Request, list []string) string {
	method := r.Method
	if method == "" {
		method = http.MethodGet
	}
	return d.pageKey(method, d.resource(requestTarget(r)), d.headerDigest(list, r), d.Language, d.TimeZone)
}

// ListKey returns the key of the list of header fields on which the pages of
// r's URL depend.
func (d *Django) ListKey(r *http.Request) string {
	return d.listKey(d.resource(requestTarget(r)), d.Language, d.TimeZone)
}

func (d *Django) pageKey(method, resource, headers, language, zone string) string {
	key := "views.decorators.cache.cache_page." + d.Prefix + "."
	if d.hasMethod() {
		key += method + "."
	}
	return d.final(key + resource + "." + headers + d.suffix(language, zone))
}

func (d *Django) listKey(resource, language, zone string) string {
	return d.final("views.decorators.cache.cache_header." + d.Prefix + "." + resource + d.suffix(language, zone))
}

// since61 reports whether the site is of Django 6.1 or later, which joins header
// values in its own way.
func (d *Django) since61() bool { return d.Join == DjangoLengths || d.Join == DjangoLengthsMark }

func (d *Django) hasMethod() bool { return d.Layout <= Django13 }

// suffix is what the middleware appends for the language and the time zone.
func (d *Django) suffix(language, zone string) string {
	s := ""
	if language != "" && d.Layout <= Django12 {
		s = "." + language
	}
	if zone != "" && d.Layout <= Django14 {
		s += "." + zone
	}
	return s
}

// final is what the cache makes of a key that the middleware gave it.
func (d *Django) final(key string) string {
	if d.Layout > Django13 {
		return key
	}
	if d.KeyFunc != nil {
		return d.KeyFunc(key, d.KeyPrefix, d.version())
	}
	return d.KeyPrefix + ":" + strconv.Itoa(d.version()) + ":" + key
}

func (d *Django) version() int {
	if d.Version == 0 {
		return 1
	}
	return d.Version
}

// headerDigest hashes the values of the header fields in list.
func (d *Django) headerDigest(list []string, r *http.Request) string {
	var data []byte
	for _, name := range list {
		value, ok := d.headerValue(r, name)
		switch {
		case !ok && (d.Join == DjangoConcatMark || d.Join == DjangoLengthsMark):
			data = append(data, "-,"...)
		case d.Join == DjangoLengths || d.Join == DjangoLengthsMark:
			data = fmt.Appendf(data, "%d:%s,", len(value), value)
		default:
			data = append(data, value...)
		}
	}
	return md5Hex(string(data))
}

// headerValue returns the value that WSGI's environment has under name.
func (d *Django) headerValue(r *http.Request, name string) (string, bool) {
	field, ok := strings.CutPrefix(name, "HTTP_")
	field = textproto.CanonicalMIMEHeaderKey(strings.ReplaceAll(field, "_", "-"))
	separator := ","
	switch field {
	case "Content-Type", "Content-Length": // they have no HTTP_ there, and are not found
		return "", false
	case "Host":
		return r.Host, r.Host != ""
	case "Cookie":
		separator = "; "
	}
	lines := r.Header[field]
	if !ok || len(lines) == 0 {
		return "", false
	}
	if field == "Cookie" && d.ASGI {
		lines, separator = d.cookiesOverASGI(lines)
	}
	value := strings.Join(lines, separator)
	if d.Layout <= Django17 {
		value = latin1(value) // Python 3 decodes header fields so, and encodes what it hashes
	}
	return value, true
}

// cookiesOverASGI returns the lines of a Cookie field as Django takes them from
// the server, and what it joins them with. Before 6.0 it treats Cookie as any
// other field.
func (d *Django) cookiesOverASGI(lines []string) (cut []string, separator string) {
	if d.Layout != Django60 && !d.since61() {
		return lines, ","
	}
	for _, line := range lines {
		cut = append(cut, strings.TrimRight(line, "; "))
	}
	return cut, "; "
}

// latin1 reads s as ISO 8859-1.
func latin1(s string) string {
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
	}
	return string(runes)
}

func md5Hex(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}
