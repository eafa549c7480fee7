package django

import (
	"net/http"
	"slices"
	"strings"

	"github.com/uncache/uncache/internal/glob"
)

// PurgeKeys returns every key under which Django may keep a page of an absolute
// URL if no page of that URL varies on a header field: those of a GET and a
// HEAD, in each language and time zone, and the lists of header fields. Before
// 1.3 Django cached no URL with a query; the keys are those of its path.
//
// The host is hashed as it is written here. Browsers send it in lower case and
// without the default port of the scheme: write it so.
//
// Where pages vary, SCAN for PurgePattern. To delete the list alone is not
// enough: the next visitor has Django learn it again, and the old pages of other
// variants come back.
func (s *Site) PurgeKeys(rawURL string) ([]string, error) {
	t, err := urlTarget(rawURL)
	if err != nil {
		return nil, err
	}
	resource := s.resource(t)
	empty := md5Hex("")
	var keys []string
	for _, language := range withFirst(s.Language, s.Languages) {
		for _, zone := range withFirst(s.TimeZone, s.TimeZones) {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				keys = append(keys, s.pageKey(method, resource, empty, language, zone))
			}
			keys = append(keys, s.listKey(resource, language, zone))
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys), nil
}

// PurgePattern returns the pattern for Redis's SCAN of every page of an absolute
// URL, whatever it varies on, with the host as it is written, see PurgeKeys. It
// matches no list of header fields; those may stay.
func (s *Site) PurgePattern(rawURL string) (string, error) {
	t, err := urlTarget(rawURL)
	if err != nil {
		return "", err
	}
	begin, end := "*", "*" // a KEY_FUNCTION may put anything there
	if s.KeyFunc == nil {
		begin = glob.Escape(s.final(""))
	}
	pattern := begin + "views.decorators.cache.cache_page." + glob.Escape(s.Prefix) + "."
	if s.hasMethod() {
		pattern += "*."
	}
	return pattern + glob.Escape(s.resource(t)) + "." + strings.Repeat("?", 32) + end, nil
}

// withFirst returns first and others, without duplicates.
func withFirst(first string, others []string) []string {
	all := []string{first}
	for _, s := range others {
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}
