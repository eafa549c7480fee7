package torture

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"strconv"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/keys"
)

// A Way is how a purge names what a save has changed.
type Way string

// All pages that show a record can be named in each of these ways.
const (
	ByGroup  Way = "group"
	ByPath   Way = "path"
	ByURI    Way = "uri"
	ByPrefix Way = "prefix"
	ByRoute  Way = "route"
	ByAll    Way = "all"
)

// Ways are all ways, each as often as it is used: one that purges the whole
// site at every turn would leave nothing to be hit.
var Ways = []Way{
	ByGroup, ByGroup, ByGroup, ByGroup, ByGroup, ByGroup,
	ByPath, ByPath, ByPath, ByPath, ByPath, ByPath,
	ByURI, ByURI, ByURI, ByURI, ByURI, ByURI,
	ByPrefix, ByPrefix,
	ByRoute,
	ByAll,
}

// event returns the event that names, in one way, all that was made from
// records, with paths and URIs in any spelling.
func event(rng *rand.Rand, way Way, of int, records []int) (cache.Event, error) {
	e := cache.Event{Reason: "saved " + fmt.Sprint(records), Origin: "torture"}
	add := func(deps ...cache.Dependency) { e.Dependencies = append(e.Dependencies, deps...) }
	for _, n := range records {
		// What was fetched is not a page, and can be named by group only.
		add(cache.Group(valueGroup(n)))
		switch way {
		case ByAll:
			add(cache.All)
		case ByGroup:
			add(cache.Group(recordGroup(n)))
		case ByRoute:
			for _, r := range routes {
				add(cache.Route(r))
			}
		case ByPrefix:
			for _, p := range []string{"/record/" + strconv.Itoa(n), pairPath(n), pairPath((n + of - 1) % of), "/index"} {
				canonical, err := keys.Path(spell(rng, p))
				if err != nil {
					return e, err
				}
				add(cache.Prefix(canonical))
			}
		case ByPath:
			for _, p := range paths(n, of) {
				canonical, err := keys.Path(spell(rng, p))
				if err != nil {
					return e, err
				}
				add(cache.Path(canonical))
			}
		case ByURI:
			for _, u := range uris(rng, n, of) {
				canonical, err := keys.URI(u)
				if err != nil {
					return e, err
				}
				add(cache.URI(canonical))
			}
		default:
			return e, fmt.Errorf("torture: no way %q to purge", way)
		}
	}
	// Nobody here serves what is only stale: softly purged is purged.
	e.Soft = rng.IntN(8) == 0
	return e, nil
}

func pairPath(n int) string { return "/pair/" + strconv.Itoa(n) + "/" }

// paths returns the paths of all pages that may show record n of so many.
func paths(n, of int) []string {
	dir := "/record/" + strconv.Itoa(n) + "/"
	return []string{
		dir, dir + "search", dir + "lang", dir + "value", dir + "gone/",
		pairPath(n), pairPath((n + of - 1) % of), "/index",
	}
}

// uris returns the URIs of all pages that may show record n of so many, in any
// spelling, with a host and without.
func uris(rng *rand.Rand, n, of int) []string {
	var list []string
	add := func(path string, q url.Values) {
		u := spell(rng, path) + "?" + spellQuery(rng, q)
		switch rng.IntN(3) {
		case 0:
			u = "http://" + spellHost(rng) + u
		case 1:
			u = "https://" + host + u
		}
		list = append(list, u)
	}
	for _, p := range paths(n, of) {
		switch p {
		case "/index":
			add(p, url.Values{"page": {strconv.Itoa(n % indexPages)}})
		case "/record/" + strconv.Itoa(n) + "/search":
			for _, q := range queries {
				add(p, q)
			}
		default:
			add(p, nil)
		}
	}
	return list
}
