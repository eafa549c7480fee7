package main

func rangeCases() []conformance {
	const whole = "> \n< 200 | Cache-Control: max-age=60 | ETag: \"a\" | Last-Modified: {now-1000} | =abcdefghij\n= 1\n"
	return []conformance{
		{optional, "9110 §14.1.2", "a range", whole + "> | Range: bytes=2-4\n= \"cde\" 206 | Content-Range: bytes 2-4/10 | Content-Length: 3 | ETag: \"a\" | Age >= 0"},
		{optional, "9110 §14.1.2", "a range without an end", whole + "> | Range: bytes=7-\n= \"hij\" 206 | Content-Range: bytes 7-9/10"},
		{optional, "9110 §14.1.2", "the last bytes", whole + "> | Range: bytes=-3\n= \"hij\" 206 | Content-Range: bytes 7-9/10"},
		{optional, "9110 §14.1.2", "more than the last bytes", whole + "> | Range: bytes=-30\n= \"abcdefghij\" 206 | Content-Range: bytes 0-9/10"},
		{optional, "9110 §14.1.2", "beyond the end", whole + "> | Range: bytes=8-20\n= \"ij\" 206 | Content-Range: bytes 8-9/10"},
		{optional, "9110 §14.6", "several", whole + "> | Range: bytes=0-1, 4-5\n= 206 | Content-Type ~ multipart/byteranges"},
		{required, "9110 §15.5.17", "none of it is there", whole + "> | Range: bytes=20-30\n= 416 | Content-Range: bytes */10"},
		{required, "9110 §14.2", "another unit is ignored", whole + "> | Range: lines=1-2\n= 1"},
		{optional, "9110 §14.1", "units have no case", whole + "> | Range: Bytes=2-4\n= \"cde\" 206"},
		{required, "9110 §14.2", "HEAD has no ranges", whole + "> HEAD | Range: bytes=2-4\n= 200 | Content-Length: 10 | !Content-Range"},
		{optional, "9110 §13.1.5", "If-Range, the same tag", whole + "> | Range: bytes=2-4 | If-Range: \"a\"\n= \"cde\" 206"},
		{required, "9110 §13.1.5", "If-Range, another tag", whole + "> | Range: bytes=2-4 | If-Range: \"b\"\n= 1"},
		{required, "9110 §13.1.5", "If-Range, a weak tag", whole + "> | Range: bytes=2-4 | If-Range: W/\"a\"\n= 1"},
		{optional, "9110 §13.1.5", "If-Range, the same date", whole + "> | Range: bytes=2-4 | If-Range: {now-1000}\n= \"cde\" 206"},
		{required, "9110 §13.1.5", "If-Range, a later date", whole + "> | Range: bytes=2-4 | If-Range: {now-500}\n= 1"},
		{required, "9110 §13.1.5", "If-Range, no date", whole + "> | Range: bytes=2-4 | If-Range: today\n= 1"},
		{required, "9110 §13.2.2", "If-None-Match goes before Range", whole + "> | Range: bytes=2-4 | If-None-Match: \"a\"\n= 304"},
		{required, "9110 §14.2", "a range of what is not stored is the origin's", "> | Range: bytes=2-4\n< 206 | Content-Range: bytes 2-4/10 | Cache-Control: max-age=60 | =cde\n? Range: bytes=2-4\n= \"cde\" 206\n> \n< 200 | =abcdefghij\n? !Range\n= 2"},
		{required, "9110 §14.2", "no part of an error", "> \n< 404 | Cache-Control: max-age=60 | =abcdefghij\n= 1\n> | Range: bytes=2-4\n= 1"},
		{required, "§4.3.4", "a stale whole is validated before a part of it is given", "> \n< 200 | Cache-Control: max-age=10 | Age: 20 | ETag: \"a\" | =abcdefghij\n= 1\n> | Range: bytes=2-4\n< 304 | Cache-Control: max-age=60\n? If-None-Match: \"a\"\n= \"cde\" 206"},
		{required, "§3.3", "a part of a newer whole replaces a stale one by nothing", "> \n< 200 | Cache-Control: max-age=10 | Age: 20 | ETag: \"a\" | =abcdefghij\n= 1\n> | Range: bytes=2-4\n< 206 | Content-Range: bytes 2-4/10 | ETag: \"b\" | =xyz\n= \"xyz\" 206\n> \n< 200\n= 3"},
		{required, "§3.3", "Content-Range in a 200 is no whole", notReused("200 | Cache-Control: max-age=60 | Content-Range: bytes 0-7/100")},
	}
}

func invalidationCases() []conformance {
	const get = "> /a\n< 200 | Cache-Control: max-age=60\n= 1\n"
	const again = "\n> /a\n= 1"
	const anew = "\n> /a\n< 200\n= 3"
	var cases []conformance
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "M-SEARCH", "FROB"} {
		cases = append(cases,
			conformance{required, "§4.4", method, get + "> " + method + " /a\n< 200\n= 2" + anew},
			conformance{optional, "§4.4", "a failed " + method, get + "> " + method + " /a\n< 500\n= 2" + again},
			conformance{required, "§4.4", method + ", Location", get + "> " + method + " /b\n< 201 | Location: {path}/a\n= 2" + anew},
			conformance{required, "§4.4", method + ", Content-Location", get + "> " + method + " /b\n< 200 | Content-Location: {path}/a\n= 2" + anew},
			conformance{optional, "§4.4", method + " of another URI", get + "> " + method + " /b\n< 200\n= 2" + again})
	}
	for _, status := range []string{"200", "201", "202", "204", "303", "302"} {
		cases = append(cases, conformance{required, "§4.4", "POST " + status, get + "> POST /a\n< " + status + "\n= 2" + anew})
	}
	for _, status := range []string{"400", "403", "404", "412", "500", "503"} {
		cases = append(cases, conformance{optional, "§4.4", "POST " + status, get + "> POST /a\n< " + status + "\n= 2" + again})
	}
	return append(cases,
		conformance{required, "§4.4", "an absolute Location", get + "> POST /b\n< 201 | Location: http://{host}{path}/a\n= 2" + anew},
		conformance{required, "§4.4", "a relative Location", get + "> POST /b\n< 201 | Location: a\n= 2" + anew},
		conformance{required, "§4.4", "Location of another origin", get + "> POST /b\n< 201 | Location: http://other.example{path}/a\n= 2" + again},
		conformance{required, "§4.4", "Location of another port", get + "> POST /b\n< 201 | Location: http://127.0.0.1:1{path}/a\n= 2" + again},
		conformance{required, "§4.4", "Content-Location of another origin", get + "> POST /b\n< 200 | Content-Location: //other.example{path}/a\n= 2" + again},
		conformance{optional, "§4.4", "Location of a failure", get + "> POST /b\n< 400 | Location: {path}/a\n= 2" + again},
		conformance{required, "§4.4", "Location of a GET", get + "> /b\n< 200 | Content-Location: {path}/a\n= 2" + again},
		conformance{required, "§4.4", "OPTIONS is safe", get + "> OPTIONS /a\n< 200\n= 2" + again},
		conformance{required, "§4.4", "all variants", "> | X-A: 1\n< 200 | Cache-Control: max-age=60 | Vary: X-A\n= 1\n> | X-A: 2\n< 200 | Cache-Control: max-age=60 | Vary: X-A\n= 2\n> POST\n< 200\n= 3\n> | X-A: 1\n< 200\n= 4\n> | X-A: 2\n< 200\n= 5"},
		conformance{required, "§4.4", "with its query", "> ?a=1\n< 200 | Cache-Control: max-age=60\n= 1\n> POST ?a=1\n< 200\n= 2\n> ?a=1\n< 200\n= 3"},
		conformance{required, "9110 §9.3", "POST is not stored for GET", "> POST\n< 200 | Cache-Control: max-age=60\n= 1\n> \n< 200\n= 2"},
		conformance{required, "9110 §9.3", "POST is not answered from the store", "> \n< 200 | Cache-Control: max-age=60\n= 1\n> POST\n< 200 | Cache-Control: max-age=60\n= 2\n> POST\n< 200\n= 3"},
		conformance{required, "9110 §9.3", "OPTIONS is not stored", "> OPTIONS\n< 200 | Cache-Control: max-age=60\n= 1\n> OPTIONS\n< 200\n= 2"},
	)
}

func groupCases() []conformance {
	const get = "> /a\n< 200 | Cache-Control: max-age=60 | Cache-Groups: \"g\", \"h, i\"\n= 1\n"
	const again = "\n> /a\n= 1"
	const anew = "\n> /a\n< 200\n= 3"
	return []conformance{
		{optional, "9875 §3", "an unsafe method invalidates a group", get + "> POST /b\n< 200 | Cache-Group-Invalidation: \"g\"\n= 2" + anew},
		{optional, "9875 §3", "a list of groups", get + "> POST /b\n< 200 | Cache-Group-Invalidation: \"x\", \"h, i\";p=1\n= 2" + anew},
		{required, "9875 §3", "another group", get + "> POST /b\n< 200 | Cache-Group-Invalidation: \"x\"\n= 2" + again},
		{required, "9875 §2", "groups have case", get + "> POST /b\n< 200 | Cache-Group-Invalidation: \"G\"\n= 2" + again},
		{required, "9875 §3", "a safe method does not", get + "> /b\n< 200 | Cache-Group-Invalidation: \"g\"\n= 2" + again},
		{required, "9875 §2", "of another origin", get + "> POST /b | Host: other.example\n< 200 | Cache-Group-Invalidation: \"g\"\n= 2" + again},
		{required, "9651 §4.2", "tokens are no groups", get + "> POST /b\n< 200 | Cache-Group-Invalidation: g\n= 2" + again},
		{required, "9651 §4.2", "what is no list names no groups", get + "> POST /b\n< 200 | Cache-Group-Invalidation: \"g\",\n= 2" + again},
	}
}

func fieldCases() []conformance {
	cases := []conformance{
		{required, "§3.1", "a field that Connection names", "> \n< 200 | Cache-Control: max-age=60 | Connection: X-A, x-b | X-A: 1 | X-B: 1 | X-C: 1\n= 1 | !X-A | !X-B | X-C: 1\n> \n= 1 | !X-A | !X-B | X-C: 1"},
		{required, "§3.1", "two lines of a field stay two members", "> \n< 200 | Cache-Control: max-age=60 | X-A: 1 | X-A: 2\n= 1\n> \n= 1 | X-A: 1, 2"},
		{required, "§3.1", "an empty field stays", "> \n< 200 | Cache-Control: max-age=60 | X-A:\n= 1\n> \n= 1 | X-A:"},
		{required, "9110 §6.5", "a trailer comes, the response is not stored", "> \n< 200 | Cache-Control: max-age=60 | trailer\n= 1\n> \n< 200\n= 2"},
		{optional, "9110 §8.4", "an encoded body is stored as it is", "> | Accept-Encoding: gzip\n< 200 | Cache-Control: max-age=60 | Content-Encoding: gzip | =xyz\n= 1 | Content-Encoding: gzip\n> \n= \"xyz\" | Content-Encoding: gzip"},
		{required, "9110 §8.3", "a type is not guessed", "> \n< 200 | Cache-Control: max-age=60 | =<html>\n= 1 | !Content-Type\n> \n= 1 | !Content-Type\n> POST\n< 200 | =<html>\n= 2 | !Content-Type"},
		{required, "9110 §8.3", "a type is not guessed, behind an interim response", "> \n< 103\n< 200 | Cache-Control: max-age=60 | =<html>\n= 1 | !Content-Type\n> \n= 1 | !Content-Type"},
		{required, "§3.1", "Content-Length is right", "> \n< 200 | Cache-Control: max-age=60\n= 1 | Content-Length: 8\n> \n= 1 | Content-Length: 8"},
	}
	for _, name := range []string{"Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "TE", "Upgrade", "Proxy-Authentication-Info"} {
		cases = append(cases, conformance{required, "§3.1", name + " is not stored", "> \n< 200 | Cache-Control: max-age=60 | " + name + ": a\n= 1\n> \n= 1 | !" + name})
	}
	for _, field := range []string{"X-Unknown: a", "Content-Type: text/x-test", "Link: </a>; rel=b", "Warning: 110 - \"a\"", "Content-Disposition: inline", "Content-Language: de", "Allow: GET", "Content-MD5: abc", "Strict-Transport-Security: max-age=1", "Content-Security-Policy: default-src 'self'", "Access-Control-Allow-Origin: *"} {
		cases = append(cases, conformance{required, "§3.1", field + " is stored", "> \n< 200 | Cache-Control: max-age=60 | " + field + "\n= 1 | " + field + "\n> \n= 1 | " + field})
	}
	return cases
}

func cacheStatusCases() []conformance {
	return []conformance{
		{optional, "9211 §2.1", "hit", "> \n< 200 | Cache-Control: max-age=60\n= 1 | Cache-Status: uncache; fwd=miss; stored\n> \n= 1 | Cache-Status ~ uncache; hit; ttl="},
		{optional, "9211 §2.2", "stale", "> \n< 200 | Cache-Control: max-age=0 | ETag: \"a\"\n= 1\n> \n< 304\n= 1 | Cache-Status ~ uncache; fwd=stale; fwd-status=304"},
		{optional, "9211 §2.2", "request", "> \n< 200 | Cache-Control: max-age=60\n= 1\n> | Cache-Control: no-cache\n< 200\n= 2 | Cache-Status ~ fwd=request"},
		{optional, "9211 §2.2", "method", "> POST\n< 200\n= 1 | Cache-Status: uncache; fwd=method"},
		{optional, "9211 §2.2", "not stored, and why", "> \n< 200 | Cache-Control: private\n= 1 | Cache-Status: uncache; fwd=miss; detail=private"},
		{required, "9211 §2", "behind the members of others", "> \n< 200 | Cache-Control: max-age=60 | Cache-Status: Other; hit\n= 1 | Cache-Status: Other; hit, uncache; fwd=miss; stored\n> \n= 1 | Cache-Status ~ Other; hit, uncache; hit"},
		{optional, "9211 §2.2", "a purged one is a miss", "> \n< 200 | Cache-Control: max-age=60\n= 1\n> POST\n< 200\n= 2\n> \n< 200 | Cache-Control: max-age=60\n= 3 | Cache-Status ~ uncache; fwd=miss; stored; detail=purged"},
	}
}
