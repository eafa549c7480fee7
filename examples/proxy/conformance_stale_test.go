package main

import "fmt"

func staleCases() []conformance {
	cases := []conformance{
		{optional, "5861 §3", "stale-while-revalidate", "> \n< 200 | Cache-Control: max-age=10, stale-while-revalidate=60 | Age: 20\n= 1\n> \n<< 200 | Cache-Control: max-age=60\n= 1\n>> \n= 2"},
		{required, "5861 §3", "beyond the window of stale-while-revalidate", "> \n< 200 | Cache-Control: max-age=10, stale-while-revalidate=5 | Age: 20\n= 1\n> \n< 200\n= 2"},
		{required, "§5.2.2.2", "must-revalidate before stale-while-revalidate", "> \n< 200 | Cache-Control: max-age=10, stale-while-revalidate=60, must-revalidate | Age: 20\n= 1\n> \n< 200\n= 2"},
		{required, "§5.2.2.8", "proxy-revalidate before stale-while-revalidate", "> \n< 200 | Cache-Control: max-age=10, stale-while-revalidate=60, proxy-revalidate | Age: 20\n= 1\n> \n< 200\n= 2"},
		{required, "§5.2.2.4", "no-cache before stale-while-revalidate", "> \n< 200 | Cache-Control: max-age=10, stale-while-revalidate=60, no-cache | Age: 20\n= 1\n> \n< 200\n= 2"},
		{required, "§4.2.4", "without stale-while-revalidate", "> \n< 200 | Cache-Control: max-age=10 | Age: 20\n= 1\n> \n< 200\n= 2"},
		{optional, "5861 §3", "stale-while-revalidate validates", "> \n< 200 | Cache-Control: max-age=10, stale-while-revalidate=60 | Age: 20 | ETag: \"a\"\n= 1\n> \n<< 304 | Cache-Control: max-age=60 | X-A: 1\n= 1\n? If-None-Match: \"a\"\n>> \n= 1 | X-A: 1"},
		{required, "5861 §4", "beyond the window of stale-if-error", "> \n< 200 | Cache-Control: max-age=10, stale-if-error=5 | Age: 20\n= 1\n> \n< 503\n= 2"},
		{required, "5861 §4", "a 404 is no error that stale-if-error is for", "> \n< 200 | Cache-Control: max-age=10, stale-if-error=60 | Age: 20\n= 1\n> \n< 404\n= 2"},
		{required, "5861 §4", "501 is none, either", "> \n< 200 | Cache-Control: max-age=10, stale-if-error=60 | Age: 20\n= 1\n> \n< 501\n= 2"},
		{optional, "5861 §4", "a stale response survives an error", "> \n< 200 | Cache-Control: max-age=10, stale-if-error=60 | Age: 20 | ETag: \"a\"\n= 1\n> \n< 503\n? If-None-Match: \"a\"\n= 1\n> \n< 304 | Cache-Control: max-age=60\n= 1\n> \n= 1"},
		{required, "5861 §4", "an error is passed on where nothing is stored", "> \n< 503\n= 1"},
		{optional, "5861 §4", "a body that breaks off is an error", "> \n< 200 | Cache-Control: max-age=10, stale-if-error=60 | Age: 20\n= 1\n> \n< 200 | Cache-Control: max-age=60 | cut\n= 1"},
		{required, "§4.2.4", "purged is never served stale", "> \n< 200 | Cache-Control: max-age=60, stale-if-error=60\n= 1\n> POST\n< 204\n= 2\n> \n< 503\n= 3"},
	}
	for _, status := range []string{"500", "502", "503", "504", "close"} {
		cases = append(cases,
			conformance{optional, "5861 §4", "stale-if-error, " + status, "> \n< 200 | Cache-Control: max-age=10, stale-if-error=60 | Age: 20\n= 1\n> \n< " + status + "\n= 1 | Age >= 20"},
			conformance{optional, "§4.2.4", "stale within -stale-if-error, " + status, "> \n< 200 | Cache-Control: max-age=10 | Age: 20\n= 1\n> \n< " + status + "\n= 1"})
	}
	for _, cc := range []string{"max-age=10, must-revalidate", "max-age=10, proxy-revalidate", "s-maxage=10", "max-age=10, no-cache", "max-age=10, no-cache, stale-if-error=60", "max-age=10, must-revalidate, stale-if-error=60"} {
		cases = append(cases,
			conformance{required, "§4.2.4", cc + ", 503", fmt.Sprintf("> \n< 200 | Cache-Control: %s | Age: 20 | ETag: \"a\"\n= 1\n> \n< 503\n= 2", cc)},
			conformance{required, "§4.2.4", cc + ", close", fmt.Sprintf("> \n< 200 | Cache-Control: %s | Age: 20 | ETag: \"a\"\n= 1\n> \n< close\n= 504", cc)})
	}
	return cases
}

func authorizationCases() []conformance {
	const request = "> | Authorization: Basic eA==\n< 200 | Cache-Control: "
	const again = "\n= 1\n> | Authorization: Basic eA==\n"
	return []conformance{
		{required, "§3.5", "max-age", request + "max-age=60" + again + "< 200\n= 2"},
		{required, "§3.5", "max-age, and nobody then", request + "max-age=60\n= 1\n> \n< 200\n= 2"},
		{required, "§3.5", "Expires", "> | Authorization: Basic eA==\n< 200 | Expires: {now+60}\n= 1\n> \n< 200\n= 2"},
		{required, "§3.5", "proxy-revalidate does not allow it", request + "max-age=60, proxy-revalidate" + again + "< 200\n= 2"},
		{required, "§3.5", "private", request + "private, max-age=60" + again + "< 200\n= 2"},
		{optional, "§3.5", "public", request + "public, max-age=60" + again + "= 1"},
		{optional, "§3.5", "s-maxage", request + "s-maxage=60" + again + "= 1"},
		{optional, "§3.5", "must-revalidate", request + "max-age=60, must-revalidate" + again + "= 1"},
		{optional, "§3.5", "public, for another visitor", request + "public, max-age=60\n= 1\n> | Authorization: Basic eQ==\n= 1"},
		{optional, "§3.5", "what nobody got is not for somebody, a deliberate deviation", "> \n< 200 | Cache-Control: max-age=60\n= 1\n> | Authorization: Basic eA==\n< 200\n= 2"},
	}
}

func requestCases() []conformance {
	const fresh = "> \n< 200 | Cache-Control: max-age=60 | Age: 30\n= 1\n"
	const stale = "> \n< 200 | Cache-Control: max-age=10 | Age: 20 | ETag: \"a\"\n= 1\n"
	return []conformance{
		{optional, "§5.2.1.1", "max-age=0", fresh + "> | Cache-Control: max-age=0\n< 200\n= 2"},
		{optional, "§5.2.1.1", "max-age less than the age", fresh + "> | Cache-Control: max-age=20\n< 200\n= 2"},
		{optional, "§5.2.1.1", "max-age more than the age", fresh + "> | Cache-Control: max-age=50\n= 1"},
		{optional, "§5.2.1.3", "min-fresh that is not met", fresh + "> | Cache-Control: min-fresh=40\n< 200\n= 2"},
		{optional, "§5.2.1.3", "min-fresh that is met", fresh + "> | Cache-Control: min-fresh=10\n= 1"},
		{optional, "§5.2.1.2", "max-stale", stale + "> | Cache-Control: max-stale=60\n= 1"},
		{optional, "§5.2.1.2", "max-stale without a number", stale + "> | Cache-Control: max-stale\n= 1"},
		{required, "§5.2.1.2", "max-stale less than it is stale", stale + "> | Cache-Control: max-stale=5\n< 200\n= 2"},
		{required, "§5.2.2.2", "max-stale against must-revalidate", "> \n< 200 | Cache-Control: max-age=10, must-revalidate | Age: 20 | ETag: \"a\"\n= 1\n> | Cache-Control: max-stale=60\n< 200\n= 2"},
		{required, "§5.2.2.8", "max-stale against proxy-revalidate", "> \n< 200 | Cache-Control: max-age=10, proxy-revalidate | Age: 20 | ETag: \"a\"\n= 1\n> | Cache-Control: max-stale=60\n< 200\n= 2"},
		{required, "§5.2.2.10", "max-stale against s-maxage", "> \n< 200 | Cache-Control: s-maxage=10 | Age: 20 | ETag: \"a\"\n= 1\n> | Cache-Control: max-stale=60\n< 200\n= 2"},
		{optional, "§5.2.1.1", "max-age less than the age, beside max-stale", fresh + "> | Cache-Control: max-age=20, max-stale=60\n< 200\n= 2"},
		{optional, "§5.2.1.1", "max-age less than the age of what is stale, beside max-stale", stale + "> | Cache-Control: max-age=15, max-stale=60\n< 200\n= 2"},
		{optional, "§5.2.1.2", "max-age more than the age of what is stale, beside max-stale", stale + "> | Cache-Control: max-age=50, max-stale=60\n= 1"},
		{optional, "§5.2.1.1", "max-age alone wants nothing stale, whatever stale-while-revalidate allows", "> \n< 200 | Cache-Control: max-age=10, stale-while-revalidate=60 | Age: 20\n= 1\n> | Cache-Control: max-age=50\n< 200\n= 2"},
		{optional, "§5.2.1.4", "no-cache", fresh + "> | Cache-Control: no-cache\n< 200 | Cache-Control: max-age=60\n= 2\n> \n= 2"},
		{optional, "§5.2.1.4", "no-cache validates", "> \n< 200 | Cache-Control: max-age=60 | ETag: \"a\"\n= 1\n> | Cache-Control: no-cache\n< 304\n? If-None-Match: \"a\"\n= 1"},
		{optional, "§5.4", "Pragma: no-cache", fresh + "> | Pragma: no-cache\n< 200\n= 2"},
		{optional, "§5.4", "Pragma beside Cache-Control", fresh + "> | Pragma: no-cache | Cache-Control: max-age=60\n= 1"},
		{required, "§5.2.1.5", "no-store", "> | Cache-Control: no-store\n< 200 | Cache-Control: max-age=60\n= 1\n> \n< 200\n= 2"},
		{optional, "§5.2.1.5", "no-store wants nothing that is stored, and leaves it", fresh + "> | Cache-Control: no-store\n< 200 | Cache-Control: max-age=60\n= 2\n> \n= 1"},
		{optional, "§5.2.1.2", "max-stale of what came stale, without a validator", "> \n< 200 | Cache-Control: max-age=1500 | Age: 1900\n= 1\n> | Cache-Control: max-stale=1000\n= 1"},
		{required, "§5.2.1.2", "and only so", "> \n< 200 | Cache-Control: max-age=1500 | Age: 1900\n= 1\n> | Cache-Control: max-stale=300\n< 200 | Cache-Control: no-store\n= 2"},
		{optional, "§5.2.1.2", "what was never fresh is not kept for max-stale", "> \n< 200 | Cache-Control: max-age=0 | Age: 100\n= 1\n> | Cache-Control: max-stale=1000\n< 200\n= 2"},
		{required, "§5.2.2.2", "nor what must be validated", "> \n< 200 | Cache-Control: max-age=1500, must-revalidate | Age: 1900\n= 1\n> | Cache-Control: max-stale=1000\n< 200\n= 2"},
		{optional, "§5.2.1.7", "only-if-cached, and it is not", "> | Cache-Control: only-if-cached\n= 504"},
		{optional, "§5.2.1.7", "only-if-cached, and it is", fresh + "> | Cache-Control: only-if-cached\n= 1"},
		{required, "§5.2.1.7", "only-if-cached, but stale", stale + "> | Cache-Control: only-if-cached\n= 504"},
		{optional, "§5.2.3", "a directive that is not known", fresh + "> | Cache-Control: foo=1\n= 1"},
	}
}

// ignoredDirectives are those of a proxy that no visitor can make ask its origin.
func ignoredDirectives() []conformance {
	const fresh = "> \n< 200 | Cache-Control: max-age=60 | Age: 30 | ETag: \"a\"\n= 1\n"
	var cases []conformance
	for _, field := range []string{
		"Cache-Control: no-cache", "Cache-Control: no-store", "Cache-Control: max-age=0", "Cache-Control: min-fresh=50",
		"Pragma: no-cache", "Cache-Control: no-cache | Pragma: no-cache", "Cache-Control: no-cache, no-store, must-revalidate, max-age=0",
	} {
		cases = append(cases, conformance{optional, "§5.2.1", field, fresh + "> | " + field + "\n= 1"})
	}
	return append(cases,
		conformance{required, "§5.2.1.5", "no-store is not stored", "> | Cache-Control: no-store\n< 200 | Cache-Control: max-age=60\n= 1\n> \n< 200\n= 2"},
		conformance{optional, "§5.2.1.2", "max-stale", "> \n< 200 | Cache-Control: max-age=10 | Age: 20 | ETag: \"a\"\n= 1\n> | Cache-Control: max-stale=60\n< 200\n= 2"},
	)
}
