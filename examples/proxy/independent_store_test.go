package main

import (
	"fmt"
	"strings"
)

// heuristics: a lifetime where none is given (§4.2.2).
func heuristics() []ruling {
	list := []ruling{
		{good, "4.2.2", "Last-Modified of long ago", hit("LM: {now-864000}")},
		{good, "4.2.2", "Last-Modified, RFC 850", hit("LM: {850-864000}")},
		{good, "4.2.2", "Last-Modified, asctime", hit("LM: {asc-864000}")},
		{good, "4.2.2", "Last-Modified and public", hit("CC: public | LM: {now-864000}")},
		{good, "4.2.2", "Last-Modified and an unknown directive", hit("CC: foo | LM: {now-864000}")},
		{good, "4.2.2", "Last-Modified, target with a query", "> ?a=1 // < 200 | LM: {now-864000} // = 1 // > ?a=1 // = 1"},
		{note, "4.2.2", "neither lifetime nor Last-Modified", miss("X-A: b")},
		{note, "4.2.2", "public only", miss("CC: public")},
		{must, "4.2.2", "Last-Modified of tomorrow", miss("LM: {now+86400}")},
		{must, "4.2.2", "Last-Modified is Date", miss("LM: {now+0}")},
		{good, "4.2.2", "Last-Modified is invalid", miss("LM: foo")},
		{good, "4.2.2", "ten percent are over", miss("LM: {now-864000} | Age: 100000")},
		{must, "4.2.2", "max-age=0 and Last-Modified", miss("CC: max-age=0 | LM: {now-864000}")},
		{must, "4.2.2", "s-maxage=0 and Last-Modified", miss("CC: s-maxage=0 | LM: {now-864000}")},
		{must, "4.2.2", "Expires is past, and Last-Modified", miss("Expires: {now-60} | LM: {now-864000}")},
		{must, "4.2.2", "Expires: 0 and Last-Modified", miss("Expires: 0 | LM: {now-864000}")},
		{good, "4.2.1", "max-age is nonsense, and Last-Modified", miss("CC: max-age=foo | LM: {now-864000}")},
		{must, "5.2.2.5", "no-store and Last-Modified", miss("CC: no-store | LM: {now-864000}")},
		{must, "5.2.2.4", "no-cache and Last-Modified", miss("CC: no-cache | LM: {now-864000}")},
		{must, "5.2.2.7", "private and Last-Modified", miss("CC: private | LM: {now-864000}")},
	}
	for _, code := range []string{"203", "204", "300", "301", "308", "404", "405", "410", "414", "501"} {
		list = append(list, ruling{good, "9110 15.1", code + " with Last-Modified", hitOf(code, "LM: {now-864000}")})
	}
	for _, code := range []string{"201", "202", "205", "302", "303", "307", "400", "401", "403", "406", "409", "412", "415", "416", "422", "429", "451", "500", "502", "503", "504", "299", "499", "599"} {
		list = append(list, ruling{must, "4.2.2", code + " with Last-Modified", missOf(code, "LM: {now-864000}")})
	}
	for _, code := range []string{"201", "302", "403", "503", "599"} {
		list = append(list, ruling{good, "4.2.2", code + " with Last-Modified and public", hitOf(code, "CC: public | LM: {now-864000}")})
	}
	return list
}

// statuses: any final status code may be stored (§3), but not those that
// another RFC forbids to store.
func statuses() []ruling {
	var list []ruling
	for _, code := range []int{
		200, 201, 202, 203, 204, 208, 300, 301, 302, 303, 305, 307, 308, 400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 411, 412, 413, 414,
		415, 417, 418, 421, 422, 423, 424, 426, 451, 500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 230, 299, 399, 499, 599,
	} {
		d := good
		if code == 421 {
			d = note // it is about the connection
		}
		list = append(list,
			ruling{d, "3", fmt.Sprintf("%d with max-age", code), hitOf(fmt.Sprint(code), "CC: max-age=3600 | X-A: b")},
			ruling{must, "3", fmt.Sprintf("%d with no-store", code), missOf(fmt.Sprint(code), "CC: no-store, max-age=3600")},
			ruling{must, "4.2", fmt.Sprintf("%d that is stale", code), missOf(fmt.Sprint(code), "CC: max-age=60 | Age: 100")})
	}
	return append(list,
		ruling{must, "3229 10.4.1", "226 with max-age", missOf("226", "CC: max-age=3600")},
		ruling{must, "6585 3", "428 with max-age", missOf("428", "CC: max-age=3600")},
		ruling{must, "6585 4", "429 with max-age", missOf("429", "CC: max-age=3600")},
		ruling{must, "6585 5", "431 with max-age", missOf("431", "CC: max-age=3600")},
		ruling{must, "6585 6", "511 with max-age", missOf("511", "CC: max-age=3600")},
		ruling{note, "9110 15", "205 with max-age", hitOf("205", "CC: max-age=3600 | Content-Length: 0")},
		ruling{note, "9110 15", "407 with max-age", hitOf("407", "CC: max-age=3600")},
		ruling{note, "9110 15", "416 with max-age", hitOf("416", "CC: max-age=3600")},
		ruling{note, "9110 15", "600 with max-age", hitOf("600", "CC: max-age=3600")},
		ruling{note, "9110 15", "999 with max-age", hitOf("999", "CC: max-age=3600")},
		ruling{must, "9110 15.5.2", "401 keeps WWW-Authenticate", "> // < 401 | CC: max-age=60 | WWW-Authenticate: Basic // = 1 | WWW-Authenticate: Basic // > // <? 401 | WWW-Authenticate: Basic // = * 401 | WWW-Authenticate: Basic"},
		ruling{good, "9110 15.4.2", "301 keeps Location", "> // < 301 | CC: max-age=60 | Location: /elsewhere // = 1 // > // = 1 | Location: /elsewhere"},
	)
}

// responseDirectives: what the origin forbids and allows (§5.2.2).
func responseDirectives() []ruling {
	list := []ruling{
		{must, "5.2.2.4", "no-cache is asked about each time", miss("CC: max-age=3600, no-cache | ETag: \"a\"")},
		{good, "5.2.2.4", "no-cache is reused when validated", `> // < 200 | CC: no-cache, max-age=3600 | ETag: "a" // = 1 // > // < 304 | ETag: "a" // @ INM: "a" // = 1 200`},
		{good, "5.2.2.1", "unknown names beside no-store", hit("CC: max-age=3600, no-storex, xno-store, no-store-x, privately, no-cached")},
		{good, "5.2.2.8", "must-revalidate while fresh", hit("CC: max-age=3600, must-revalidate")},
		{good, "5.2.2.8", "proxy-revalidate while fresh", hit("CC: max-age=3600, proxy-revalidate")},
		{good, "5.2.2.9", "public and max-age", hit("CC: public, max-age=3600")},
		{good, "8246 2", "immutable while fresh", hit("CC: max-age=3600, immutable")},
		{must, "8246 2", "immutable and stale", miss("CC: max-age=60, immutable | Age: 100")},
		{must, "8246 2", "immutable without a lifetime", miss("CC: immutable")},
		{good, "5.2.2.6", "no-transform", hit("CC: max-age=3600, no-transform")},
		{must, "5.2.2.5", "no-store behind quotes", miss(`CC: max-age=3600, foo="a, b", no-store`)},
		{good, "9110 5.6.4", "no-store within quotes", hit(`CC: max-age=3600, foo="a, no-store, b"`)},
		{must, "5.2.2.5", "no-store behind an element that is broken", miss("CC: max-age=3600, =x, no-store")},
		{must, "5.2.2.5", "no-store behind an unknown one with an empty value", miss("CC: max-age=3600, foo=, no-store")},
		{must, "5.2.2.5", "no-store behind quotes in the middle", miss(`CC: max-age=3600, a"b, no-store, c"d`)},
		{must, "5.2.2.5", "no-store behind a quote that never ends", miss(`CC: max-age=3600, foo="bar, no-store`)},
		{must, "5.2.2.5", "no-store in a line behind one whose quote never ends", miss(`CC: max-age=3600, foo="bar | CC: no-store`)},
		{must, "5.2.2.5", "max-age of a quote that never ends, no-store", miss(`CC: max-age="3600, no-store`)},
		{good, "5.2.2.5", "no-store with an argument", miss("CC: max-age=3600, no-store=1")},
		{good, "5.2.2.5", "no-store with a list", miss(`CC: max-age=3600, no-store="X-A"`)},
		{must, "5.2.2.7", "private beats public", miss("CC: public, private, max-age=3600")},
		{must, "5.2.2.7", "private beats s-maxage", miss("CC: private, s-maxage=3600")},
		{must, "5.2.2.7", "private with Expires", miss("CC: private | Expires: {now+3600}")},
		{good, "5.2.2.3", "must-understand and no-store", hit("CC: must-understand, no-store, max-age=3600")},
		{good, "5.2.2.3", "no-store and must-understand, 404", hitOf("404", "CC: max-age=3600, no-store, must-understand")},
		{must, "5.2.2.3", "must-understand and private", miss("CC: must-understand, private, max-age=3600")},
		{must, "5.2.2.3", "must-understand, no lifetime", miss("CC: must-understand, no-store")},
		{must, "5.2.2.3", "must-understand, 599", missOf("599", "CC: must-understand, max-age=3600")},
		{must, "5.2.2.3", "must-understand, 299", missOf("299", "CC: must-understand, max-age=3600")},
		{must, "5.2.2.3", "must-understand and no-store, 599", missOf("599", "CC: must-understand, no-store, max-age=3600")},
		{must, "5.2.2.3", "MUST-UNDERSTAND, 499", missOf("499", "CC: MUST-UNDERSTAND, max-age=3600")},
		{note, "5.4", "Pragma in a response with max-age", hit("CC: max-age=3600 | Pragma: no-cache")},
		{note, "5.4", "Pragma in a response with Expires", hit("Expires: {now+3600} | Pragma: no-cache")},
		{note, "5.4", "Pragma in a response with Last-Modified", hit("LM: {now-864000} | Pragma: no-cache")},
		{good, "5.4", "unknown Pragma in a response", hit("CC: max-age=3600 | Pragma: foo")},
		{note, "7.3", "Set-Cookie with max-age", miss("CC: max-age=3600 | Set-Cookie: a=b")},
		{must, "5.2.2.5", "Set-Cookie with no-store", miss("CC: no-store | Set-Cookie: a=b")},
		{must, "5.2.2.4", "Set-Cookie in no-cache", `> // < 200 | CC: max-age=60, no-cache="Set-Cookie" | Set-Cookie: a=b // = 1 | Set-Cookie: a=b // > // <? 200 // = * | !Set-Cookie`},
	}
	for _, d := range []string{"no-store", "no-cache", "private"} {
		clause := map[string]string{"no-store": "5.2.2.5", "no-cache": "5.2.2.4", "private": "5.2.2.7"}[d]
		upper := map[string]string{"no-store": "NO-Store", "no-cache": "No-CACHE", "private": "PRIVATE"}[d]
		for name, field := range map[string]string{
			"before": "CC: " + d + ", max-age=3600", "behind": "CC: max-age=3600, " + d, "upper case": "CC: max-age=3600, " + upper,
			"first line": "CC: " + d + " | CC: max-age=3600", "second line": "CC: max-age=3600 | CC: " + d, "without a space": "CC: max-age=3600," + d,
			"tabs": `CC: max-age=3600\t,\t` + d + `\t`, "empty elements": "CC: ,,max-age=3600,, ," + d + ",", "twice": "CC: " + d + ", max-age=3600, " + d,
			"third line": "CC: max-age=3600 | CC: foo | CC: " + d, "Expires": "Expires: {now+3600} | CC: " + d, "public": "CC: public, max-age=3600, " + d,
			"s-maxage": "CC: " + d + ", s-maxage=3600", "lower-case field": "cache-control: max-age=3600, " + d,
		} {
			list = append(list, ruling{must, clause, d + ", " + name, miss(field)})
		}
	}
	// What is malformed is better not reused.
	for _, v := range []string{
		"no-store; max-age=60", "max-age=60; no-store", "private; max-age=60", "no-store max-age=60", "max-age=60 no-store", "no-store=, max-age=60", `no-store="", max-age=60`, "private=, max-age=60",
		"no-cache=, max-age=60", "no-store\t=1, max-age=60", "no-store =1, max-age=60", "max-age=60, no-store;", "max-age=60, private;x=1",
	} {
		list = append(list, ruling{good, "5.2", "malformed " + v, miss("CC: " + v)})
	}
	for _, v := range []string{"private=1, max-age=60", `private = "X-A", max-age=60`} {
		list = append(list, ruling{note, "5.2", "malformed " + v, miss("CC: " + v)})
	}
	// What must-understand asks for is understood of these.
	for _, code := range []string{"200", "203", "204", "300", "301", "308", "404", "405", "410", "414", "501"} {
		list = append(list, ruling{good, "5.2.2.3", "must-understand and no-store, " + code + " again", hitOf(code, "CC: max-age=60, must-understand, no-store")})
	}
	for _, code := range []string{"201", "302", "303", "307", "400", "403", "500", "503"} {
		list = append(list, ruling{note, "5.2.2.3", "must-understand and no-store, " + code, hitOf(code, "CC: max-age=60, must-understand, no-store")})
	}
	for _, code := range []string{"302", "303", "307", "403", "500", "599"} {
		list = append(list, ruling{good, "3", code + " with Expires", hitOf(code, "Expires: {now+600}")})
	}
	many := strings.Repeat("foo=\"a, b\", ", 300)
	list = append(list,
		ruling{good, "5.2.3", "many unknown directives", hit("CC: " + many + "max-age=60")},
		ruling{must, "5.2.2.5", "no-store behind many directives", miss("CC: max-age=60, " + many + "no-store")},
		ruling{must, "5.2.2.5", "no-store behind bytes beyond ASCII", miss("CC: max-age=60, é, no-store")},
		ruling{good, "5.2.3", "bytes beyond ASCII", hit("CC: max-age=60, é")},
		ruling{good, "3", "HTTP/1.0", hit("CC: max-age=60 | http10")},
		ruling{good, "3", "HTTP/1.0 without a length", hit("CC: max-age=60 | http10 | eof")},
		ruling{must, "5.2.2.5", "HTTP/1.0 with no-store", miss("Expires: {now+600} | CC: no-store | http10")})
	// With field names, the rest may be reused; those fields must not be stored
	// (private), or not be sent (no-cache). An unqualified reading is allowed.
	for _, d := range []string{"no-cache", "private"} {
		clause := map[string]string{"no-cache": "5.2.2.4", "private": "5.2.2.7"}[d]
		for name, v := range map[string]string{
			"quoted": `="X-A"`, "token": "=X-A", "lower case": `="x-a"`, "upper case": `="X-A"`, "behind another": `="X-B, X-A"`, "before another": `="X-A,X-B"`,
			"spaces": `="  X-A  , "`, "never ending": `="X-A`, "twice": `="X-B", ` + d + `="X-A"`, "escaped": `="X-\A"`,
		} {
			s := fmt.Sprintf("> // < 200 | CC: max-age=3600, %s%s | X-A: secret | X-C: d // = 1 | X-A: secret // > // <? 200 // = * | !X-A", d, v)
			list = append(list, ruling{must, clause, d + " of a field, " + name, s})
		}
		list = append(list,
			ruling{good, clause, d + " of a field, the rest", fmt.Sprintf(`> // < 200 | CC: max-age=3600, %s="X-A" | X-A: b | X-C: d // = 1 // > // = 1 | !X-A | X-C: d`, d)},
			ruling{good, clause, d + " of a field that is not there", hit(fmt.Sprintf(`CC: max-age=3600, %s="X-A"`, d))},
			ruling{must, clause, d + " of a field and of all", miss(fmt.Sprintf(`CC: max-age=3600, %s="X-A", %[1]s`, d))},
			ruling{note, clause, d + " of nothing", miss(fmt.Sprintf(`CC: max-age=3600, %s=""`, d))})
	}
	return list
}

// authorization: answers to requests that had it (§3.5).
func authorization() []ruling {
	then := func(cc string) string {
		return "> | Authorization: Basic eA== // < 200 | CC: " + cc + " // = 1 // > // "
	}
	same := func(cc string) string {
		return "> | Authorization: Basic eA== // < 200 | CC: " + cc + " // = 1 // > | Authorization: Basic eA== // "
	}
	var list []ruling
	for _, cc := range []string{"max-age=3600", "max-age=3600, proxy-revalidate", "max-age=3600, immutable", "max-age=3600, foo=public", `max-age=3600, foo="x, public"`, "max-age=3600, must-understand", "private, max-age=3600, public", "no-store, public, max-age=3600"} {
		list = append(list,
			ruling{must, "3.5", "Authorization first, " + cc, then(cc) + "< 200 | CC: no-store // = 2"},
			ruling{must, "3.5", "Authorization twice, " + cc, same(cc) + "< 200 | CC: no-store // = 2"})
	}
	for _, cc := range []string{"max-age=3600, public", "PUBLIC, max-age=3600", "s-maxage=3600", "max-age=3600, must-revalidate"} {
		list = append(list,
			ruling{good, "3.5", "Authorization first, " + cc, then(cc) + "= 1"},
			ruling{good, "3.5", "Authorization twice, " + cc, same(cc) + "= 1"})
	}
	return append(list,
		ruling{must, "3.5", "Authorization, Expires only", "> | Authorization: x // < 200 | Expires: {now+3600} // = 1 // > // < 200 // = 2"},
		ruling{must, "3.5", "Authorization, heuristic only", "> | Authorization: x // < 200 | LM: {now-864000} // = 1 // > // < 200 // = 2"},
		ruling{must, "3.5", "Authorization, stale and must-revalidate", then("max-age=60, must-revalidate | Age: 100") + "< 200 // = 2"},
		ruling{must, "3.5", "Authorization in lower case", "> | authorization: x // < 200 | CC: max-age=3600 // = 1 // > // < 200 // = 2"},
		ruling{note, "3.5", "Authorization that is empty", "> | Authorization: // < 200 | CC: max-age=3600 // = 1 // > // < 200 // = 2"},
		ruling{note, "3.5", "Authorization asks for what another stored", "> // < 200 | CC: max-age=3600 // = 1 // > | Authorization: x // = 1"},
		ruling{must, "3.5", "401, then let in", "> // < 401 | WWW-Authenticate: Basic // = 1 // > | Authorization: x // < 200 | CC: max-age=60 // = 2 // > // < 401 | WWW-Authenticate: Basic // = 3"},
	)
}
