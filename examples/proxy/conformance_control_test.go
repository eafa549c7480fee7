package main

func directiveCases() []conformance {
	var cases []conformance
	for _, cc := range []string{
		"MAX-AGE=60", "Max-Age=60", `max-age="60"`, "foo, max-age=60", "foo=bar, max-age=60", "max-age=60, foo", "max-age=60,", ", ,max-age=60",
		`foo="max-age=0", max-age=60`, `foo="a, no-store", max-age=60`, `foo="a\", no-store", max-age=60`, "max-age=60, no-storefront", "xmax-age=0, max-age=60",
		"max-age=60, must-revalidate", "max-age=60, proxy-revalidate", "max-age=60, public", "max-age=60, immutable", "max-age=060",
		"must-understand, no-store, max-age=60", "no-store, must-understand, max-age=60",
	} {
		cases = append(cases, conformance{optional, "§5.2", "Cache-Control: " + cc, reused("200 | Cache-Control: " + cc)})
	}
	for _, cc := range []string{
		"max-age=abc", "max-age=-1", "max-age=60.5", "max-age", "max-age=", `max-age=""`, "max-age='60'", "max-age=60s", "max-age=60, max-age=0", "max-age=0, max-age=60",
		"no-store", "no-store, max-age=60", "NO-STORE, max-age=60", "max-age=60, No-Store", "no-store=1, max-age=60",
		"private", "private, max-age=60", "max-age=60, PRIVATE", "private, s-maxage=60", "no-cache", "no-cache, max-age=60", "max-age=60, No-Cache", "no-cache, s-maxage=60",
	} {
		cases = append(cases, conformance{required, "§5.2", "Cache-Control: " + cc, notReused("200 | Cache-Control: " + cc)})
	}
	return append(cases,
		conformance{required, "§5.2", "no-store in another line", notReused("200 | Cache-Control: max-age=60 | Cache-Control: no-store")},
		conformance{optional, "§5.2", "max-age in another line", reused("200 | Cache-Control: public | Cache-Control: max-age=60")},
		conformance{required, "§5.2.2.3", "must-understand with an unknown status", notReused("299 | Cache-Control: must-understand, no-store, max-age=60")},
		conformance{required, "§5.2.2.7", "a private field is not stored", "> \n< 200 | Cache-Control: max-age=60, private=\"X-A\" | X-A: 1 | X-B: 1\n= 1 | X-A: 1\n> \n= 1 | !X-A | X-B: 1"},
		conformance{required, "§5.2.2.4", "a no-cache field is not served again", "> \n< 200 | Cache-Control: max-age=60, no-cache=\"X-A, x-c\" | X-A: 1 | X-B: 1 | X-C: 1\n= 1\n> \n= 1 | !X-A | X-B: 1 | !X-C"},
		conformance{optional, "§5.4", "Pragma means nothing beside Cache-Control", reused("200 | Cache-Control: max-age=60 | Pragma: no-cache")},
		conformance{optional, "§5.4", "Pragma alone is obeyed, a deliberate extension", notReused("200 | Expires: {now+60} | Pragma: no-cache")},
		conformance{optional, "§7.3", "Set-Cookie is not stored, a deliberate deviation", notReused("200 | Cache-Control: public, max-age=60 | Set-Cookie: a=b")},
	)
}

func targetedCases() []conformance {
	const store, not = " | Cache-Control: max-age=60", " | Cache-Control: no-store"
	var cases []conformance
	for _, field := range []string{
		"CDN-Cache-Control: max-age=60", "CDN-Cache-Control: max-age=60;x=1", "CDN-Cache-Control: max-age=60, foo=bar", `CDN-Cache-Control: max-age=60, foo="no-store"`,
		"CDN-Cache-Control: max-age=0, max-age=60", "CDN-Cache-Control: s-maxage=60", "CDN-Cache-Control: foo=(a b), max-age=60",
		"Uncache-Cache-Control: max-age=60", "Uncache-Cache-Control: max-age=60 | CDN-Cache-Control: no-store",
		"CDN-Cache-Control: max-age=60, no-store=?0", "CDN-Cache-Control: public | CDN-Cache-Control: max-age=60",
		"Surrogate-Control: max-age=60", "Surrogate-Control: max-age=60, content=\"ESI/1.0\"", "Surrogate-Control: max-age=60;uncache",
		"CDN-Cache-Control: max-age=60 | Surrogate-Control: no-store",
	} {
		cases = append(cases, conformance{optional, "9213 §2.1", field + " before no-store", reused("200 | " + field + not)})
	}
	for _, field := range []string{
		"CDN-Cache-Control: no-store", "CDN-Cache-Control: private", "CDN-Cache-Control: no-cache", "CDN-Cache-Control: max-age=0", "CDN-Cache-Control: no-store=?1",
		"CDN-Cache-Control: max-age=60, max-age=0", "CDN-Cache-Control: max-age=60, no-store;x=1", "Uncache-Cache-Control: no-store | CDN-Cache-Control: max-age=60",
		"CDN-Cache-Control: foo", "CDN-Cache-Control: max-age=10 | Age: 20", "CDN-Cache-Control: max-age=-1",
		"Surrogate-Control: no-store", "Surrogate-Control: no-store, content=\"ESI/1.0\"", "Surrogate-Control: max-age=0", "Surrogate-Control: max-age=10 | Age: 20",
		"CDN-Cache-Control: no-store | Surrogate-Control: max-age=60",
	} {
		cases = append(cases, conformance{required, "9213 §2.1", field + " before max-age", notReused("200 | " + field + store)})
	}
	for _, field := range []string{
		"no-store,", "no-store, ,x", "NO-STORE", "no-store; =", "no-store=", "no-store, max-age=60.", `no-store, a="b`, "no-store, 1a=1", "no-store a", "",
	} {
		cases = append(cases, conformance{required, "9213 §2.1", "CDN-Cache-Control: " + field + ": invalid or empty, falls back", reused("200 | CDN-Cache-Control: " + field + store)})
	}
	return append(cases,
		conformance{required, "9213 §2.1", "invalid, falls back to no-store", notReused("200 | CDN-Cache-Control: max-age=60, &" + not)},
		conformance{required, "9213 §2.1", "in place of Expires too", notReused("200 | CDN-Cache-Control: foo | Expires: {now+60}")},
		conformance{optional, "9213 §2.1", "a value of the wrong type is ignored", notReused("200 | CDN-Cache-Control: max-age=\"60\"" + not)},
		conformance{required, "§5.2.2.7", "a Surrogate-Control that is not about storing sets no private aside", notReused("200 | Cache-Control: private | Last-Modified: {now-36000} | Surrogate-Control: content=\"ESI/1.0\"")},
		conformance{optional, "§5.2.2.1", "and no max-age", reused("200 | Surrogate-Control: content=\"ESI/1.0\"" + store)},
		conformance{optional, "9213 §3.1", "it goes on downstream", "> \n< 200 | CDN-Cache-Control: max-age=60 | Cache-Control: max-age=5\n= 1\n> \n= 1 | CDN-Cache-Control: max-age=60 | Cache-Control: max-age=5"},
	)
}

// otherTargetCases are those of a proxy that is told to obey X-Control.
func otherTargetCases() []conformance {
	return []conformance{
		{optional, "9213 §2.1", "X-Control before no-store", reused("200 | Cache-Control: no-store | X-Control: max-age=60")},
		{required, "9213 §2.1", "X-Control before max-age", notReused("200 | Cache-Control: max-age=60 | X-Control: no-store")},
		{required, "9213 §2.1", "CDN-Cache-Control is somebody else's", notReused("200 | Cache-Control: no-store | CDN-Cache-Control: max-age=60")},
		{required, "9213 §2.1", "so is Surrogate-Control", reused("200 | Cache-Control: max-age=60 | Surrogate-Control: no-store")},
	}
}

// setCookieCases are those of an origin that says so where a response is for one
// visitor.
func setCookieCases() []conformance {
	return []conformance{
		{optional, "§7.3", "Set-Cookie is stored", "> \n< 200 | Cache-Control: max-age=60 | Set-Cookie: a=b\n= 1 | Set-Cookie: a=b\n> \n= 1 | Set-Cookie: a=b"},
		{optional, "§7.3", "each of them", "> \n< 200 | Cache-Control: max-age=60 | Set-Cookie: a=b | Set-Cookie: c=d\n= 1\n> \n= 1 | Set-Cookie: a=b, c=d"},
		{required, "§3.2", "a 304 changes it", "> \n< 200 | Cache-Control: max-age=10 | Age: 20 | ETag: \"a\" | Set-Cookie: a=b\n= 1\n> \n< 304 | Cache-Control: max-age=60 | Set-Cookie: c=d\n= 1 | Set-Cookie: c=d\n> \n= 1 | Set-Cookie: c=d"},
		{required, "§5.2.2.4", "no-cache names it", "> \n< 200 | Cache-Control: max-age=60, no-cache=\"Set-Cookie\" | Set-Cookie: a=b\n= 1 | Set-Cookie: a=b\n> \n= 1 | !Set-Cookie"},
		{required, "§5.2.2.7", "private", notReused("200 | Cache-Control: private, max-age=60 | Set-Cookie: a=b")},
		{required, "§4.2.2", "it gets no lifetime by being stored", notReused("200 | Set-Cookie: a=b")},
	}
}

func varyCases() []conformance {
	const a = " | Cache-Control: max-age=60 | Vary: X-A"
	return []conformance{
		{optional, "§4.1", "the same value", "> | X-A: 1\n< 200" + a + "\n= 1\n> | X-A: 1\n= 1"},
		{required, "§4.1", "another value", "> | X-A: 1\n< 200" + a + "\n= 1\n> | X-A: 2\n< 200\n= 2"},
		{required, "§4.1", "present, then absent", "> | X-A: 1\n< 200" + a + "\n= 1\n> \n< 200\n= 2"},
		{required, "§4.1", "absent, then present", "> \n< 200" + a + "\n= 1\n> | X-A: 1\n< 200\n= 2"},
		{required, "§4.1", "absent, then empty", "> \n< 200" + a + "\n= 1\n> | X-A:\n< 200\n= 2"},
		{optional, "§4.1", "absent twice", "> \n< 200" + a + "\n= 1\n> \n= 1"},
		{optional, "§4.1", "two variants are kept", "> | X-A: 1\n< 200" + a + "\n= 1\n> | X-A: 2\n< 200" + a + "\n= 2\n> | X-A: 1\n= 1\n> | X-A: 2\n= 2"},
		{required, "§4.1", "values have case", "> | X-A: a\n< 200" + a + "\n= 1\n> | X-A: A\n< 200\n= 2"},
		{optional, "§4.1", "names have none", "> | X-A: 1\n< 200 | Cache-Control: max-age=60 | Vary: x-a\n= 1\n> | X-A: 1\n= 1"},
		{optional, "§4.1", "space around is nothing", "> | X-A:  1\n< 200" + a + "\n= 1\n> | X-A: 1\n= 1"},
		{optional, "§4.1", "lines are combined", "> | X-A: 1 | X-A: 2\n< 200" + a + "\n= 1\n> | X-A: 1, 2\n= 1"},
		{required, "§4.1", "the order of members counts", "> | X-A: 1, 2\n< 200" + a + "\n= 1\n> | X-A: 2, 1\n< 200\n= 2"},
		{required, "§4.1", "two fields, the second differs", "> | X-A: 1 | X-B: 1\n< 200" + a + ", X-B\n= 1\n> | X-A: 1 | X-B: 2\n< 200\n= 2"},
		{required, "§4.1", "two lines, the second differs", "> | X-A: 1 | X-B: 1\n< 200" + a + " | Vary: X-B\n= 1\n> | X-A: 1 | X-B: 2\n< 200\n= 2"},
		{optional, "§4.1", "two fields, both the same", "> | X-A: 1 | X-B: 1\n< 200" + a + ", X-B\n= 1\n> | X-B: 1 | X-A: 1\n= 1"},
		{required, "§4.1", "values don't move from one field to the next", "> | X-A: 1 | X-B: 2\n< 200" + a + ", X-B\n= 1\n> | X-A: 1, 2\n< 200\n= 2"},
		{optional, "§4.1", "other fields don't count", "> | X-A: 1 | X-C: 1\n< 200" + a + "\n= 1\n> | X-A: 1 | X-C: 2\n= 1"},
		{required, "§4.1", "*", notReused("200 | Cache-Control: max-age=60 | Vary: *")},
		{required, "§4.1", "* in a list", notReused("200 | Cache-Control: max-age=60 | Vary: X-A, *")},
		{required, "§4.1", "* in another line", notReused("200 | Cache-Control: max-age=60 | Vary: X-A | Vary: *")},
		{required, "§4.1", "* before others", notReused("200 | Cache-Control: max-age=60 | Vary: *, X-A")},
		{required, "§4.1", "empty members", "> | X-A: 1\n< 200 | Cache-Control: max-age=60 | Vary: , X-A, ,\n= 1\n> | X-A: 2\n< 200\n= 2"},
		{optional, "§4.1", "an empty Vary selects by nothing", reused("200 | Cache-Control: max-age=60 | Vary:")},
		{required, "§4.1", "what selects may change", "> | X-A: 1 | X-B: 1\n< 200" + a + "\n= 1\n> | X-A: 2 | X-B: 1\n< 200 | Cache-Control: max-age=60 | Vary: X-A, X-B\n= 2\n> | X-A: 2 | X-B: 2\n< 200\n= 3"},
		{required, "§2", "query strings are of different pages", "> ?a=1\n< 200 | Cache-Control: max-age=60\n= 1\n> ?a=2\n< 200\n= 2"},
		{required, "§2", "hosts are of different pages", "> | Host: a.example\n< 200 | Cache-Control: max-age=60\n= 1\n> | Host: b.example\n< 200\n= 2"},
		{optional, "§2", "a query string is part of the key", "> ?a=1\n< 200 | Cache-Control: max-age=60\n= 1\n> ?a=1\n= 1"},
	}
}
