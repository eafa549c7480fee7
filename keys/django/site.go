package django

import (
	"crypto/md5"
	"encoding/hex"
	"net/http"
	"strconv"
)

// A Site makes the keys of one Django site.
//
// Its fields are the settings of that site. The zero value is a site of Django
// 6.0 or later, with USE_I18N and USE_TZ off and everything else at its default.
// Over WSGI, keys of 1.7 and later are the same.
//
// The methods do not change a Site. They are safe for concurrent use. Keys are
// made as Django makes them, which is not injective: the concatenated header
// values of two requests may be equal.
type Site struct {
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
	Layout Layout

	// Join says how that Django joins the values of header fields.
	Join Join

	// ASGI is set if the site is served over ASGI. Over WSGI, bytes of a query
	// that the client should have encoded come out encoded twice. Over ASGI,
	// Django 6.0 and later hash a Cookie field without what follows its last
	// cookie: "a=1; " is "a=1".
	ASGI bool
}

// PageKey returns the key of the page that answers r, given the list that
// Django stored for its URL. A HEAD that Django did not find as a GET has a page
// of its own.
func (s *Site) PageKey(r *http.Request, list []string) string {
	method := r.Method
	if method == "" {
		method = http.MethodGet
	}
	return s.pageKey(method, s.resource(requestTarget(r)), s.headerDigest(list, r), s.Language, s.TimeZone)
}

// ListKey returns the key of the list of header fields on which the pages of
// r's URL depend.
func (s *Site) ListKey(r *http.Request) string {
	return s.listKey(s.resource(requestTarget(r)), s.Language, s.TimeZone)
}

func (s *Site) pageKey(method, resource, headers, language, zone string) string {
	key := "views.decorators.cache.cache_page." + s.Prefix + "."
	if s.hasMethod() {
		key += method + "."
	}
	return s.final(key + resource + "." + headers + s.suffix(language, zone))
}

func (s *Site) listKey(resource, language, zone string) string {
	return s.final("views.decorators.cache.cache_header." + s.Prefix + "." + resource + s.suffix(language, zone))
}

func (s *Site) hasMethod() bool { return s.Layout <= Layout13 }

// suffix is what the middleware appends for the language and the time zone.
func (s *Site) suffix(language, zone string) string {
	suffix := ""
	if language != "" && s.Layout <= Layout12 {
		suffix = "." + language
	}
	if zone != "" && s.Layout <= Layout14 {
		suffix += "." + zone
	}
	return suffix
}

// final is what the cache makes of a key that the middleware gave it.
func (s *Site) final(key string) string {
	if s.Layout > Layout13 {
		return key
	}
	if s.KeyFunc != nil {
		return s.KeyFunc(key, s.KeyPrefix, s.version())
	}
	return s.KeyPrefix + ":" + strconv.Itoa(s.version()) + ":" + key
}

func (s *Site) version() int {
	if s.Version == 0 {
		return 1
	}
	return s.Version
}

func md5Hex(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}
