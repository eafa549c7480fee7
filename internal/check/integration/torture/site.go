package torture

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
)

// The routes of the site. Each page shows the versions of the records that it
// was made from.
const (
	routeRecord = "GET /record/{id}/{$}"      // one record
	routeSearch = "GET /record/{id}/search"   // one record, and a query string
	routeLang   = "GET /record/{id}/lang"     // one record, in the visitor's language
	routeValue  = "GET /record/{id}/value"    // one record, by way of coherent.Fetch
	routePair   = "GET /pair/{id}/{$}"        // a record and the next, read one after the other
	routeIndex  = "GET /index"                // a quarter of all records
	routeGone   = "GET /record/{id}/gone/{$}" // a 404 that shows a record
)

var routes = []string{routeRecord, routeSearch, routeLang, routeValue, routePair, routeIndex, routeGone}

// validates are the routes whose handlers give an entity tag of their own, and
// confirm it with a 304. To the others the cache gives one.
var validates = map[string]bool{routeSearch: true, routePair: true}

// indexPages is over how many pages the index is spread.
const indexPages = 4

// VersionsField is the response field in which a page repeats the versions that
// its body shows.
const VersionsField = "Torture-Versions"

// A Site is the handler of one node.
type Site struct {
	// Source is where it reads.
	Source Source
	// Records is how many records there are.
	Records int
	// Values stores what is fetched within a page; nil fetches nothing.
	Values *coherent.Cache
	// Dawdle is how long a fill takes at the most, after it has read. Most
	// fills take much less.
	Dawdle time.Duration
	// Seed makes the time that fills take repeatable.
	Seed uint64

	mu  sync.Mutex
	rng *rand.Rand
}

// Handler returns the site.
func (s *Site) Handler() http.Handler {
	s.rng = rand.New(rand.NewPCG(s.Seed, 1))
	mux := http.NewServeMux()
	own := func(*http.Request) []int { return nil }
	mux.HandleFunc(routeRecord, s.page(own, http.StatusOK))
	mux.HandleFunc(routeSearch, s.page(own, http.StatusOK))
	mux.HandleFunc(routeLang, s.page(own, http.StatusOK))
	mux.HandleFunc(routeGone, s.page(own, http.StatusNotFound))
	mux.HandleFunc(routePair, s.page(func(r *http.Request) []int {
		id, _ := strconv.Atoi(r.PathValue("id"))
		return []int{(id + 1) % s.Records}
	}, http.StatusOK))
	mux.HandleFunc(routeIndex, s.page(func(r *http.Request) []int {
		page, _ := strconv.Atoi(r.URL.Query().Get("page"))
		return indexed(page, s.Records)
	}, http.StatusOK))
	mux.HandleFunc(routeValue, s.value)
	return mux
}

// indexed returns the records on one page of the index.
func indexed(page, records int) []int {
	var list []int
	for n := page; n < records; n += indexPages {
		list = append(list, n)
	}
	return list
}

// page returns a handler that reads the record in the path, if there is one,
// and others, and names the groups when all is done.
func (s *Site) page(others func(*http.Request) []int, status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		records := others(r)
		if id, err := strconv.Atoi(r.PathValue("id")); err == nil {
			records = append([]int{id}, records...)
		}
		versions := make([]Version, len(records))
		for i, n := range records {
			var err error
			if versions[i], err = s.Source.Read(r.Context(), n); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			s.dawdle(r.Context(), s.Dawdle/time.Duration(len(records)))
		}
		s.write(w, r, status, records, versions)
	}
}

// value is a page around a value that is fetched, and that depends on a group
// which the page does not name.
func (s *Site) value(w http.ResponseWriter, r *http.Request) {
	id, _ := strconv.Atoi(r.PathValue("id"))
	load := func(ctx context.Context, deps *coherent.Deps) (Version, error) {
		v, err := s.Source.Read(ctx, id)
		s.dawdle(ctx, s.Dawdle)
		deps.AddGroups(valueGroup(id))
		return v, err
	}
	var v Version
	var err error
	if s.Values == nil {
		v, err = load(r.Context(), new(coherent.Deps))
	} else {
		v, err = coherent.Fetch(r.Context(), s.Values, "record:"+strconv.Itoa(id), time.Hour, load)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.dawdle(r.Context(), s.Dawdle/4)
	s.write(w, r, http.StatusOK, []int{id}, []Version{v})
}

// write writes a page: what was asked, so that a reader sees that it got its
// own page and not another's, and the versions, here and in a field. The groups
// come last, long after the data was read.
func (s *Site) write(w http.ResponseWriter, r *http.Request, status int, records []int, versions []Version) {
	shown := formatVersions(records, versions)
	w.Header().Set(VersionsField, shown)
	lang := ""
	if r.Pattern == routeLang {
		w.Header().Set("Vary", "Accept-Language")
		lang = r.Header.Get("Accept-Language")
	}
	w.Header().Set("Content-Type", "text/plain")
	if etag := `"` + strings.ReplaceAll(shown, " ", ",") + `"`; validates[r.Pattern] {
		w.Header().Set("Etag", etag)
		if strings.Contains(r.Header.Get("If-None-Match"), etag) {
			status = http.StatusNotModified
		}
	}
	w.WriteHeader(status)
	if status != http.StatusNotModified {
		fmt.Fprintf(w, "%s\n%s\n", identity(r.URL.Path, r.URL.Query().Encode(), lang), shown)
	}
	if r.Pattern != routeValue {
		for _, n := range records {
			pagecache.AddGroups(r.Context(), recordGroup(n))
		}
	}
}

// identity says which page it is, whatever the spelling of the request was.
func identity(path, query, lang string) string {
	return path + "?" + query + " " + lang
}

func (s *Site) dawdle(ctx context.Context, most time.Duration) {
	if most <= 0 {
		return
	}
	s.mu.Lock()
	u := s.rng.Float64()
	d := time.Duration(u * u * float64(most))
	s.mu.Unlock()
	sleep(ctx, d)
}

func recordGroup(n int) string { return "record:" + strconv.Itoa(n) }
func valueGroup(n int) string  { return "value:" + strconv.Itoa(n) }

// formatVersions writes versions as "3=17 5=2", by record.
func formatVersions(records []int, versions []Version) string {
	shown := make([]string, len(records))
	for i, n := range records {
		shown[i] = fmt.Sprintf("%d=%d", n, versions[i])
	}
	slices.Sort(shown)
	return strings.Join(shown, " ")
}

// parseVersions reads what formatVersions wrote.
func parseVersions(s string) (map[int]Version, error) {
	versions := make(map[int]Version)
	for field := range strings.FieldsSeq(s) {
		record, version, _ := strings.Cut(field, "=")
		n, err := strconv.Atoi(record)
		if err != nil {
			return nil, fmt.Errorf("torture: versions %q: %w", s, err)
		}
		v, err := strconv.ParseInt(version, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("torture: versions %q: %w", s, err)
		}
		versions[n] = Version(v)
	}
	if len(versions) == 0 {
		return nil, fmt.Errorf("torture: versions %q: none", s)
	}
	return versions, nil
}
