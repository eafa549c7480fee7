package main

import "fmt"

// stale: what may be served when it is stale (§4.2.4, RFC 5861).
func stale() []ruling {
	// A response that became stale 40 s ago.
	old := func(directives string) string {
		return `> // < 200 | CC: max-age=60` + directives + ` | Age: 100 | ETag: "a" | LM: {now-86400} // = 1 // > // `
	}
	var list []ruling
	for _, code := range []string{"500", "502", "503", "504"} {
		list = append(list,
			ruling{good, "5861 4", "stale-if-error, " + code, old(", stale-if-error=600") + "< " + code + " // = 1 200 | Age >= 100"},
			ruling{must, "5.2.2.2", "must-revalidate, " + code, old(", stale-if-error=600, must-revalidate") + "< " + code + " // = 2"},
			ruling{must, "5.2.2.8", "proxy-revalidate, " + code, old(", stale-if-error=600, proxy-revalidate") + "< " + code + " // = 2"},
			ruling{must, "5.2.2.4", "no-cache, " + code, old(", stale-if-error=600, no-cache") + "< " + code + " // = 2"},
			ruling{must, "5.2.2.10", "s-maxage, " + code, old(", stale-if-error=600, s-maxage=60") + "< " + code + " // = 2"},
			ruling{good, "5861 4", "beyond stale-if-error, " + code, old(", stale-if-error=10") + "< " + code + " // = 2"},
			ruling{good, "5861 4", "stale-if-error=0, " + code, old(", stale-if-error=0") + "< " + code + " // = 2"})
	}
	for _, code := range []string{"400", "401", "403", "404", "405", "410", "429", "501", "505", "507", "302"} {
		list = append(list, ruling{must, "5861 4", "stale-if-error is not for " + code, old(", stale-if-error=600") + "< " + code + " // = 2"})
	}
	for _, d := range []string{", must-revalidate", ", proxy-revalidate", ", no-cache", ", s-maxage=60", ", MUST-REVALIDATE", `, foo="x", must-revalidate`, ", s-maxage=60, stale-if-error=600", ", must-revalidate, stale-if-error=600"} {
		list = append(list,
			ruling{must, "4.2.4", "the origin is gone" + d, old(d) + "< close // = * !200"},
			ruling{note, "5.2.2.2", "504" + d, old(d) + "< close // = * 504"})
	}
	for _, d := range []string{", must-revalidate", ", proxy-revalidate", ", no-cache", ", s-maxage=60"} {
		list = append(list, ruling{must, "4.2.4", "stale-while-revalidate" + d, old(", stale-while-revalidate=600"+d) + "< 200 // = 2"},
			ruling{must, "4.2.4", "max-stale" + d, `> // < 200 | CC: max-age=60` + d + ` | Age: 100 | ETag: "a" // = 1 // > | CC: max-stale=600 // < 200 // = 2`})
	}
	return append(list,
		ruling{good, "4.2.4", "the origin is gone", old("") + "< close // = 1 200 | Age >= 100"},
		ruling{good, "5861 4", "stale-if-error, the origin is gone", old(", stale-if-error=600") + "< close // = 1 200"},
		ruling{must, "4.2.4", "the origin is there", old("") + "< 200 // = 2"},
		ruling{must, "4.2.4", "stale-if-error, the origin is there", old(", stale-if-error=600") + "< 200 // = 2"},
		ruling{must, "5861 4", "stale-if-error, 304", old(", stale-if-error=600") + `< 304 | ETag: "a" // = 1 200`},
		ruling{good, "5861 4", "stale-if-error in capitals and quotes", old(`, Stale-If-Error="600"`) + "< 503 // = 1 200"},
		ruling{note, "5861 4", "503 without stale-if-error", old("") + "< 503 // = 1 200"},
		ruling{note, "5861 4", "503 to a max-age of a day ago", `> // < 200 | CC: max-age=60 | Age: 90000 | ETag: "a" // = 1 // > // < 503 // = 2`},
		ruling{good, "5861 4", "an error of the origin is not stored over what is good", old(", stale-if-error=600") + "< 503 | CC: max-age=60 // = * // > // < 200 // = 3"},
		ruling{good, "5861 4", "stale-if-error for a HEAD", old(", stale-if-error=600") + "< 503 // = 1 200 // > HEAD // < 503 // = - 200"},
		ruling{must, "4.2.4", "a variant is not served for another", `> | A: 1 // < 200 | CC: max-age=60, stale-if-error=600 | Vary: A | Age: 100 // = 1 // > | A: 2 // < 503 // = 2`},
		ruling{must, "4.2.4", "no-store is not served in an error", `> // < 200 | CC: no-store, stale-if-error=600 // = 1 // > // < 503 // = 2`},
		ruling{must, "4.2.4", "private is not served in an error", `> // < 200 | CC: private, max-age=60, stale-if-error=600 // = 1 // > // < close // = * !200`},
		ruling{must, "4.4", "what was invalidated is not served in an error", `> // < 200 | CC: max-age=60, stale-if-error=600 | ETag: "a" // = 1 // > POST | =x // < 200 // = 2 // > // < 503 // = 3`},
		ruling{must, "4.4", "what was invalidated is not served to a gone origin", `> // < 200 | CC: max-age=60 | ETag: "a" // = 1 // > POST | =x // < 200 // = 2 // > // < close // = * !200`},
		ruling{must, "4.4", "what was invalidated is not served while it is validated", `> // < 200 | CC: max-age=60, stale-while-revalidate=600 | ETag: "a" // = 1 // > POST | =x // < 200 // = 2 // > // < 200 // = 3`},
		ruling{good, "5861 3", "stale-while-revalidate", `> // < 200 | CC: max-age=1, stale-while-revalidate=60 // = 1 // wait 2.2 // > // << 200 | CC: max-age=600 // = 1 200 | Age >= 1 // >> // = 2`},
		ruling{good, "5861 3", "stale-while-revalidate of what came stale", old(", stale-while-revalidate=600") + "<< 200 | CC: max-age=600 // = 1 200 | Age >= 100 // >> // = 2"},
		ruling{good, "5861 3", "stale-while-revalidate, in capitals and quotes", old(`, Stale-While-Revalidate="600"`) + "<< 200 | CC: max-age=600 // = 1 // >> // = 2"},
		ruling{good, "5861 3", "stale-while-revalidate validates", `> // < 200 | CC: max-age=60, stale-while-revalidate=600 | Age: 100 | ETag: "a" // = 1 // > // << 304 | CC: max-age=600 | ETag: "a" // @ INM: "a" // = 1 200 // >> // = 1 200 | CC: max-age=600`},
		ruling{good, "5861 3", "stale-while-revalidate of a 404", `> // < 404 | CC: max-age=60, stale-while-revalidate=600 | Age: 100 // = 1 // > // << 404 | CC: max-age=600 // = 1 // >> // = 2`},
		ruling{good, "5861 3", "stale-while-revalidate for a HEAD", `> // < 200 | CC: max-age=60, stale-while-revalidate=600 | Age: 100 // = 1 // > HEAD // << 200 | CC: max-age=600 // = - 200`},
		ruling{must, "5861 3", "beyond stale-while-revalidate", old(", stale-while-revalidate=10") + "< 200 // = 2"},
		ruling{must, "5861 3", "stale-while-revalidate=0", old(", stale-while-revalidate=0") + "< 200 // = 2"},
		ruling{must, "5861 3", "stale-while-revalidate is nonsense", old(", stale-while-revalidate=foo") + "< 200 // = 2"},
		ruling{must, "5861 3", "stale-while-revalidate of another variant", `> | A: 1 // < 200 | CC: max-age=60, stale-while-revalidate=600 | Vary: A | Age: 100 // = 1 // > | A: 2 // < 200 // = 2`},
		ruling{must, "4.2.4", "immutable and stale, no validator", old(", immutable") + "< 200 // = 2"},
		ruling{good, "5.5", "no Warning is made up", old("") + "< close // = 1 200 | !Warning"},
	)
}

// requestDirectives: what a client may ask for (§5.2.1).
func requestDirectives() []ruling {
	from := func(stored, asked, then string) string {
		return "> // < 200 | " + stored + " // = 1 // > | " + asked + " // " + then
	}
	const fresh = `CC: max-age=600 | Age: 100 | ETag: "a"`
	const old = `CC: max-age=60 | Age: 100 | ETag: "a"`
	const again, stored = "< 200 // = 2", "= 1"
	list := []ruling{
		{must, "5.2.1.5", "no-store is not stored", "> | CC: no-store // < 200 | CC: max-age=60 // = 1 // > // < 200 // = 2"},
		{must, "5.2.1.5", "No-Store in a list is not stored", "> | CC: foo, No-Store // < 200 | CC: max-age=60 // = 1 // > // < 200 // = 2"},
		{must, "5.2.1.5", "no-store in a second line is not stored", "> | CC: max-age=60 | CC: no-store // < 200 | CC: max-age=60 // = 1 // > // < 200 // = 2"},
		{note, "5.2.1.5", "no-store of what is stored", from(fresh, "CC: no-store", stored)},
		{good, "5.2.1.4", "no-cache validates", from(fresh, "CC: no-cache", `< 304 | ETag: "a" // @ INM: "a" // = 1 200`)},
		{good, "5.2.1.4", "no-cache without a validator", from("CC: max-age=600", "CC: no-cache", again)},
		{good, "5.2.1.4", "the answer to no-cache is stored", from(fresh, "CC: no-cache", "< 200 | CC: max-age=600 // = 2 // > // = 2")},
		{note, "5.4", "Pragma: no-cache", from(fresh, "Pragma: no-cache", again)},
		{good, "5.4", "Pragma: no-cache beside Cache-Control", from(fresh, "Pragma: no-cache | CC: max-stale=10", stored)},
		{good, "5.4", "Pragma: foo", from(fresh, "Pragma: foo", stored)},
		{good, "5.2.1.7", "only-if-cached is there", from(fresh, "CC: only-if-cached", stored)},
		{good, "5.2.1.7", "only-if-cached is not there", "> | CC: only-if-cached // = * 504"},
		{good, "5.2.1.7", "Only-If-Cached in a list", "> | CC: foo, ,Only-If-Cached // = * 504"},
		{good, "5.2.1.7", "only-if-cached is stale", from(old, "CC: only-if-cached", "= * 504")},
		{good, "5.2.1.7", "only-if-cached is another variant", "> | A: 1 // < 200 | CC: max-age=60 | Vary: A // = 1 // > | A: 2 | CC: only-if-cached // = * 504"},
		{good, "5.2.1.7", "only-if-cached and no-cache", from(fresh, "CC: only-if-cached, no-cache", "= * 504")},
		{good, "5.2.1.7", "only-if-cached and max-age", from(fresh, "CC: only-if-cached, max-age=10", "= * 504")},
		{good, "5.2.1.7", "only-if-cached and max-stale", from(old, "CC: only-if-cached, max-stale", stored)},
		{good, "5.2.1.7", "only-if-cached for a HEAD", "> HEAD | CC: only-if-cached // = - 504"},
		{good, "5.2.1.2", "max-stale of a must-revalidate that is fresh", from("CC: max-age=600, must-revalidate", "CC: max-stale", stored)},
		{note, "5861 4", "stale-if-error in a request", from(old, "CC: stale-if-error=600", "< 503 // = 1")},
		{must, "5.2.1", "a client cannot make a no-store stored", "> | CC: max-age=60, public // < 200 | CC: no-store // = 1 // > // < 200 // = 2"},
		{must, "5.2.1", "a client's max-age makes nothing fresh", from(old, "CC: max-age=6000", again)},
		{must, "5.2.1", "a client's max-age gives no lifetime", "> | CC: max-age=60 // < 200 | CC: max-age=0 // = 1 // > | CC: max-age=60 // < 200 // = 2"},
	}
	for _, c := range [][2]string{
		{"max-age=0", again}, {"MAX-AGE=0", again}, {`max-age="0"`, again}, {"max-age=50", again}, {"max-age=3600, max-age=50", again}, {"foo, max-age=0", again}, {"min-fresh=600", again}, {"min-fresh=3600", again}, {"Min-Fresh=3600", again},
		{"min-fresh=99999999999999999999", again}, {`min-fresh="3600"`, again}, {"no-cache, max-age=600", again}, {"max-age=600, min-fresh=3600", again}, {`foo="x, y", no-cache`, again}, {"No-Cache", again},
		{"max-age=3600", stored}, {"max-age=300", stored}, {"min-fresh=100", stored}, {"max-stale=0", stored}, {"max-stale", stored}, {"foo=bar", stored}, {`foo="no-cache"`, stored}, {"no-transform", stored}, {"max-age=99999999999999999999", stored}, {"min-fresh=0", stored}, {"public", stored}, {"private", stored}, {"must-revalidate", stored}, {"s-maxage=0", stored}, {"immutable", stored}, {"", stored},
	} {
		list = append(list, ruling{good, "5.2.1", fmt.Sprintf("fresh, %q", c[0]), from(fresh, "CC: "+c[0], c[1])})
	}
	for _, c := range [][2]string{
		{"max-stale", stored}, {"max-stale=600", stored}, {"Max-Stale=600", stored}, {`max-stale="600"`, stored}, {"max-stale=99999999999999999999", stored}, {"foo, max-stale=600", stored}, {"max-stale=600, max-age=6000", stored},
		{"max-stale=10", again}, {"max-stale=0", again}, {"max-stale=foo", again}, {"max-stale=-1", again}, {"max-stale=600, no-cache", again}, {"max-stale=600, min-fresh=10", again}, {"foo=\"max-stale\"", again},
	} {
		list = append(list, ruling{good, "5.2.1.2", fmt.Sprintf("stale, %q", c[0]), from(old, "CC: "+c[0], c[1])})
	}
	for _, v := range []string{"max-age=foo", "max-age=-1", "max-age", "max-age=", "min-fresh=foo", "min-fresh", "min-fresh=-1", "max-age=0.5", "no_cache", "no-cache=foo", "max-stale=600, max-age=50"} {
		list = append(list, ruling{note, "5.2.1", "malformed " + v, from(fresh, "CC: "+v, stored)})
	}
	return list
}
