package main

func conditionCases() []conformance {
	const tag = "> \n< 200 | Cache-Control: max-age=60 | ETag: \"a\"\n= 1\n"
	const date = "> \n< 200 | Cache-Control: max-age=60 | Last-Modified: {now-1000}\n= 1\n"
	return []conformance{
		{optional, "§4.3.2", "If-None-Match", tag + "> | If-None-Match: \"a\"\n= 304 | ETag: \"a\" | Cache-Control: max-age=60 | Age >= 0"},
		{optional, "9110 §13.1.2", "If-None-Match compares weakly", tag + "> | If-None-Match: W/\"a\"\n= 304"},
		{optional, "9110 §13.1.2", "a weak tag", "> \n< 200 | Cache-Control: max-age=60 | ETag: W/\"a\"\n= 1\n> | If-None-Match: \"a\"\n= 304"},
		{optional, "9110 §13.1.2", "a list", tag + "> | If-None-Match: \"x\", \"a\"\n= 304"},
		{optional, "9110 §13.1.2", "a list in two lines", tag + "> | If-None-Match: \"x\" | If-None-Match: \"a\"\n= 304"},
		{optional, "9110 §13.1.2", "*", tag + "> | If-None-Match: *\n= 304"},
		{required, "9110 §13.1.2", "another tag", tag + "> | If-None-Match: \"b\"\n= 1"},
		{required, "9110 §13.1.2", "tags have case", tag + "> | If-None-Match: \"A\"\n= 1"},
		{required, "9110 §8.8.3", "without quotes it is no tag", tag + "> | If-None-Match: a\n= 1"},
		{optional, "9110 §8.8.3", "what is no tag, given back as it came: a", "> \n< 200 | Cache-Control: max-age=60 | ETag: a\n= 1\n> | If-None-Match: a\n= 304"},
		{optional, "9110 §8.8.3", "what is no tag, given back as it came: a,b", "> \n< 200 | Cache-Control: max-age=60 | ETag: a,b\n= 1\n> | If-None-Match: a,b\n= 304"},
		{optional, "9110 §8.8.3", "what is no tag, given back as it came: w/\"a\"", "> \n< 200 | Cache-Control: max-age=60 | ETag: w/\"a\"\n= 1\n> | If-None-Match: w/\"a\"\n= 304"},
		{optional, "9110 §8.8.3", "what is no tag, given back as it came: W\"a\"", "> \n< 200 | Cache-Control: max-age=60 | ETag: W\"a\"\n= 1\n> | If-None-Match: W\"a\"\n= 304"},
		{required, "9110 §8.8.3", "what is no tag is not that tag", "> \n< 200 | Cache-Control: max-age=60 | ETag: a\n= 1\n> | If-None-Match: \"a\"\n= 1"},
		{required, "9110 §8.8.3", "half of what is no tag", "> \n< 200 | Cache-Control: max-age=60 | ETag: a,b\n= 1\n> | If-None-Match: a\n= 1"},
		{optional, "9110 §8.8.3", "a comma in a tag", "> \n< 200 | Cache-Control: max-age=60 | ETag: \"a,b\"\n= 1\n> | If-None-Match: \"x\",\"a,b\"\n= 304"},
		{required, "9110 §8.8.3", "half of a tag with a comma", "> \n< 200 | Cache-Control: max-age=60 | ETag: \"a, b\"\n= 1\n> | If-None-Match: \"a\"\n= 1"},
		{optional, "9110 §13.1.3", "If-Modified-Since, the same", date + "> | If-Modified-Since: {now-1000}\n= 304"},
		{optional, "§4.3.4", "the 304 has a validator by which a cache knows what it speaks of", date + "> | If-Modified-Since: {now-1000}\n= 304 | Last-Modified: {now-1000}"},
		{optional, "9110 §15.4.5", "and one is enough", "> \n< 200 | Cache-Control: max-age=60 | ETag: \"a\" | Last-Modified: {now-1000}\n= 1\n> | If-None-Match: \"a\"\n= 304 | ETag: \"a\" | !Last-Modified"},
		{optional, "9110 §13.1.3", "If-Modified-Since, later", date + "> | If-Modified-Since: {now-500}\n= 304"},
		{required, "9110 §13.1.3", "If-Modified-Since, earlier", date + "> | If-Modified-Since: {now-2000}\n= 1"},
		{required, "9110 §13.1.3", "If-Modified-Since that is no date", date + "> | If-Modified-Since: today\n= 1"},
		{required, "9110 §13.1.3", "If-Modified-Since without a Last-Modified", tag + "> | If-Modified-Since: {now-2000}\n= 1"},
		{required, "9110 §13.2.2", "If-None-Match goes before If-Modified-Since, other tag", "> \n< 200 | Cache-Control: max-age=60 | ETag: \"a\" | Last-Modified: {now-1000}\n= 1\n> | If-None-Match: \"b\" | If-Modified-Since: {now-500}\n= 1"},
		{optional, "9110 §13.2.2", "If-None-Match goes before If-Modified-Since, same tag", "> \n< 200 | Cache-Control: max-age=60 | ETag: \"a\" | Last-Modified: {now-1000}\n= 1\n> | If-None-Match: \"a\" | If-Modified-Since: {now-2000}\n= 304"},
		{required, "9110 §13.2.1", "conditions are for successes", "> \n< 404 | Cache-Control: max-age=60 | ETag: \"a\"\n= 1\n> | If-None-Match: \"a\"\n= 1"},
		{optional, "§4.3.2", "the condition of a miss is answered from what it stored", "> | If-None-Match: \"a\"\n< 200 | Cache-Control: max-age=60 | ETag: \"a\"\n= 304\n> \n= 1"},
		{required, "§4.3.2", "the condition of a miss is the origin's business", "> | If-None-Match: \"a\"\n< 304 | ETag: \"a\"\n? If-None-Match: \"a\"\n= 304 | ETag: \"a\""},
		{required, "§4.3.2", "a date of a miss is the origin's business", "> | If-Modified-Since: {now-100}\n< 304\n? If-Modified-Since ~ GMT\n= 304"},
		{optional, "§4.3.2", "what all visitors have is stored all the same", "> | If-None-Match: \"a\"\n< 304 | ETag: \"a\"\n= 304\n> | If-None-Match: \"a\"\n< 200 | Cache-Control: max-age=60 | ETag: \"a\"\n? !If-None-Match\n= 304\n> | If-None-Match: \"a\"\n= 304"},
		{optional, "§4.3.2", "If-Modified-Since of what has no Last-Modified, against its Date", "> \n< 200 | Cache-Control: max-age=60 | Date: {now-10}\n= 1\n> | If-Modified-Since: {now-10}\n= 304\n> | If-Modified-Since: {now-11}\n= 1"},
		{required, "§4.3.2", "a Last-Modified that is no date is not its Date", "> \n< 200 | Cache-Control: max-age=60 | Last-Modified: today\n= 1\n> | If-Modified-Since: {now+1}\n= 1"},
		{optional, "9110 §13.2.1", "conditions are for all successes", "> \n< 203 | Cache-Control: max-age=60 | ETag: \"a\"\n= 1\n> | If-None-Match: \"a\"\n= 304"},
		{required, "§4.3.2", "the condition of a miss that does not hold", "> | If-None-Match: \"b\"\n< 200 | Cache-Control: max-age=60 | ETag: \"a\"\n= 1\n> \n= 1"},
		{required, "9110 §13.1.1", "If-Match is the origin's business", tag + "> | If-Match: \"b\"\n< 412\n? If-Match: \"b\"\n= 2"},
		{required, "9110 §13.1.4", "If-Unmodified-Since is, too", date + "> | If-Unmodified-Since: {now-2000}\n< 412\n= 2"},
	}
}

func validationCases() []conformance {
	const stale = "> \n< 200 | Cache-Control: max-age=10 | Age: 20 | ETag: \"a\" | X-A: 1 | X-B: 1\n= 1\n"
	const dated = "> \n< 200 | Cache-Control: max-age=10 | Age: 20 | Last-Modified: {now-1000}\n= 1\n"
	return []conformance{
		{optional, "§4.3.1", "an entity tag", stale + "> \n< 304 | Cache-Control: max-age=60\n? If-None-Match: \"a\"\n= 1"},
		{optional, "§4.3.1", "a weak entity tag", "> \n< 200 | Cache-Control: max-age=0 | ETag: W/\"a\"\n= 1\n> \n< 304\n? If-None-Match: W/\"a\"\n= 1"},
		{optional, "§4.3.1", "a date", dated + "> \n< 304 | Cache-Control: max-age=60\n? If-Modified-Since ~ GMT\n= 1"},
		{optional, "§4.3.1", "both", "> \n< 200 | Cache-Control: max-age=0 | ETag: \"a\" | Last-Modified: {now-1000}\n= 1\n> \n< 304\n? If-None-Match: \"a\" | If-Modified-Since ~ GMT\n= 1"},
		{required, "§4.3.1", "nothing to validate by", "> \n< 200 | Cache-Control: max-age=0\n= 1\n> \n< 200\n? !If-None-Match | !If-Modified-Since\n= 2"},
		{required, "§4.3.1", "not a tag that we made up", "> \n< 200 | Cache-Control: max-age=10, stale-while-revalidate=0, stale-if-error=600 | Age: 20\n= 1\n> \n< 200\n? !If-None-Match\n= 2"},
		{optional, "§4.3.4", "a 304 freshens", stale + "> \n< 304 | Cache-Control: max-age=60\n= 1\n> \n= 1"},
		{required, "§4.3.4", "a 304 updates fields, and leaves others", stale + "> \n< 304 | Cache-Control: max-age=60 | X-A: 2 | X-C: 2\n= 1 | X-A: 2 | X-B: 1 | X-C: 2\n> \n= 1 | X-A: 2 | X-B: 1 | X-C: 2 | Cache-Control: max-age=60"},
		{required, "§3.2", "a 304 does not change Content-Length", stale + "> \n< 304 | Cache-Control: max-age=60 | Content-Length: 99\n= 1 | Content-Length: 8\n> \n= 1 | Content-Length: 8"},
		{required, "§3.2", "a 304 changes Content-Encoding", stale + "> \n< 304 | Cache-Control: max-age=60 | Content-Encoding: x-a\n= 1 | Content-Encoding: x-a\n> \n= 1 | Content-Encoding: x-a"},
		{required, "§3.2", "a 304 changes Content-Type, though a Content-Range it does not bring", stale + "> \n< 304 | Cache-Control: max-age=60 | Content-Type: a/b | Content-Range: bytes 0-1/2\n= 1 | Content-Type: a/b | !Content-Range\n> \n= 1 | Content-Type: a/b | !Content-Range"},
		{required, "§3.2", "a 304 changes a Content-Range that means nothing", "> \n< 200 | Cache-Control: max-age=10 | Age: 20 | ETag: \"a\" | Content-Range: x\n= 1\n> \n< 304 | Cache-Control: max-age=60 | Content-Range: y\n= 1 | Content-Range: y\n> \n= 1 | Content-Range: y"},
		{required, "§3.2", "a 304 does not bring hop-by-hop fields", stale + "> \n< 304 | Cache-Control: max-age=60 | Connection: X-D | X-D: 1\n= 1 | !X-D\n> \n= 1 | !X-D"},
		{required, "§4.3.4", "a 304 for another strong tag confirms nothing", stale + "> \n< 304 | ETag: \"b\"\n< 200\n? !If-None-Match\n= 3"},
		{optional, "§4.3.4", "a 304 for a weak tag that matches", stale + "> \n< 304 | ETag: W/\"a\" | Cache-Control: max-age=60\n= 1"},
		{required, "§4.3.4", "a 304 for another weak tag confirms nothing", stale + "> \n< 304 | ETag: W/\"b\"\n< 200\n= 3"},
		{required, "§4.3.3", "a 200 replaces", stale + "> \n< 200 | Cache-Control: max-age=60\n= 2\n> \n= 2"},
		{required, "§4.3.3", "a 200 that may not be stored replaces, too", stale + "> \n< 200 | Cache-Control: no-store\n= 2\n> \n< 200\n? !If-None-Match\n= 3"},
		{required, "§4.3.3", "a 404 replaces", stale + "> \n< 404\n= 2\n> \n< 200\n= 3"},
		{required, "§4.3.4", "a 304 with no-store is not kept", stale + "> \n< 304 | Cache-Control: no-store\n= 1\n> \n< 200\n? !If-None-Match\n= 3"},
		{required, "§4.3.4", "a 304 that is stale itself", stale + "> \n< 304 | Cache-Control: max-age=0\n= 1\n> \n< 304\n? If-None-Match: \"a\"\n= 1"},
		{required, "§4.3.2", "the visitor's condition, another tag, while validating", stale + "> | If-None-Match: \"x\"\n< 304 | Cache-Control: max-age=60\n? If-None-Match ~ \"a\"\n= 1"},
		{optional, "§4.3.2", "the visitor's condition, the same tag, while validating", stale + "> | If-None-Match: \"a\"\n< 304 | Cache-Control: max-age=60\n= 304"},
		{required, "§5.2.2.4", "no-cache is validated each time", "> \n< 200 | Cache-Control: no-cache | ETag: \"a\"\n= 1\n> \n< 304\n? If-None-Match: \"a\"\n= 1\n> \n< 304\n? If-None-Match: \"a\"\n= 1"},
		{required, "§5.2.2.4", "no-cache is validated though it is fresh", "> \n< 200 | Cache-Control: no-cache, max-age=60 | ETag: \"a\"\n= 1\n> \n< 200\n? If-None-Match: \"a\"\n= 2"},
		{required, "§4.1", "variants are validated by their own tags", "> | X-A: 1\n< 200 | Cache-Control: max-age=0 | Vary: X-A | ETag: \"a\"\n= 1\n> | X-A: 2\n< 200 | Cache-Control: max-age=0 | Vary: X-A | ETag: \"b\"\n= 2\n> | X-A: 1\n< 304 | ETag: \"a\"\n? If-None-Match: \"a\"\n= 1"},
		{optional, "§4.3.1", "a miss is not asked about other variants", "> | X-A: 1\n< 200 | Cache-Control: max-age=60 | Vary: X-A | ETag: \"a\"\n= 1\n> | X-A: 2\n< 200 | Cache-Control: max-age=60 | Vary: X-A | ETag: \"a\"\n? !If-None-Match\n= 2\n> | X-A: 1\n= 1"},
		{required, "§4.2.3", "the Age of a 304 counts", stale + "> \n< 304 | Cache-Control: max-age=60 | Age: 30\n= 1 | Age >= 30\n> \n= 1 | Age >= 30"},
		{required, "§4.2.3", "a 304 without an Age begins anew", stale + "> \n< 304 | Cache-Control: max-age=60\n= 1\n> \n= 1 | Age: 0"},
		{required, "§4.3.4", "a 304 with a later Expires", "> \n< 200 | Expires: {now-10} | ETag: \"a\"\n= 1\n> \n< 304 | Expires: {now+60}\n= 1\n> \n= 1"},
		{required, "§4.3.3", "a 304 to what was not asked becomes a 200", "> | If-None-Match: \"x\"\n< 200 | ETag: \"a\" | Cache-Control: max-age=60\n= 1"},
	}
}

func headCases() []conformance {
	const stale = "> \n< 200 | Cache-Control: max-age=10 | Age: 20 | ETag: \"a\" | X-A: 1\n= 1\n"
	return []conformance{
		{optional, "§4", "HEAD is answered by what GET stored", "> \n< 200 | Cache-Control: max-age=60\n= 1\n> HEAD\n= 1 | Content-Length: 8"},
		{required, "§4", "HEAD stores nothing for GET", "> HEAD\n< 200 | Cache-Control: max-age=60\n= 1\n> \n< 200\n= 2"},
		{optional, "§4.3.5", "HEAD freshens", stale + "> HEAD\n< 200 | Cache-Control: max-age=60 | ETag: \"a\" | X-A: 2 | Content-Length: 8\n= 200 | X-A: 2\n> \n= 1 | X-A: 2"},
		{required, "§4.3.5", "HEAD with another tag", stale + "> HEAD\n< 200 | Cache-Control: max-age=60 | ETag: \"b\"\n= 200\n> \n< 200\n= 3"},
		{required, "§4.3.5", "HEAD with another length", stale + "> HEAD\n< 200 | Cache-Control: max-age=60 | Content-Length: 99\n= 200\n> \n< 200\n= 3"},
		{optional, "§4.3.5", "HEAD freshens by the length alone", "> \n< 200 | Cache-Control: max-age=10 | Age: 20 | X-A: 1\n= 1\n> HEAD\n< 200 | Cache-Control: max-age=60 | X-A: 2 | Content-Length: 8\n= 200 | X-A: 2\n> \n= 1 | X-A: 2"},
		{required, "§4.3.5", "HEAD 410", stale + "> HEAD\n< 410\n= 410\n> \n< 200\n= 3"},
		{optional, "§4.3.2", "If-None-Match of a HEAD", "> \n< 200 | Cache-Control: max-age=60 | ETag: \"a\"\n= 1\n> HEAD | If-None-Match: \"a\"\n= 304"},
	}
}

// allETagsCases are those of an origin whose entity tags differ wherever its
// responses do.
func allETagsCases() []conformance {
	const variants = "> | X-A: 1\n< 200 | Cache-Control: max-age=60 | Vary: X-A | ETag: \"a\"\n= 1\n> | X-A: 2\n< 200 | Cache-Control: max-age=60 | Vary: X-A | ETag: \"b\"\n= 2\n"
	return []conformance{
		{required, "§4.1", "variants are validated by their own tags", "> | X-A: 1\n< 200 | Cache-Control: max-age=0 | Vary: X-A | ETag: \"a\"\n= 1\n> | X-A: 2\n< 200 | Cache-Control: max-age=0 | Vary: X-A | ETag: \"b\"\n= 2\n> | X-A: 1\n< 304 | ETag: \"a\"\n? If-None-Match: \"a\", \"b\"\n= 1"},
		{optional, "§4.3.1", "a miss is asked about all variants", variants + "> | X-A: 3\n< 304 | ETag: \"a\" | Vary: X-A | Cache-Control: max-age=60\n? If-None-Match: \"b\", \"a\"\n= 1 | ETag: \"a\"\n> | X-A: 3\n= 1\n> | X-A: 1\n= 1\n> | X-A: 2\n= 2"},
		{required, "§4.3.4", "a variant is not given to those who were not meant", variants + "> | X-A: 3\n< 304 | ETag: \"b\" | Vary: X-A\n= 2\n> | X-A: 4\n< 200\n= 4"},
		{required, "§4.3.2", "a 304 for a variant becomes a 200 for who does not have it", variants + "> | X-A: 3 | If-None-Match: \"x\"\n< 304 | ETag: \"a\" | Vary: X-A\n= 1"},
		{optional, "§4.3.2", "and stays a 304 for who does", variants + "> | X-A: 3 | If-None-Match: \"a\"\n< 304 | ETag: \"a\" | Vary: X-A\n= 304"},
		{required, "§4.3.4", "a 304 without a tag, to a list of them", variants + "> | X-A: 3\n< 304 | Vary: X-A\n< 200\n? !If-None-Match\n= 4"},
	}
}
