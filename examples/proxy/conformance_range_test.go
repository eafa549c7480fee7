package main

import "strings"

func rangeCases() []conformance {
	const whole = "> \n< 200 | Cache-Control: max-age=60 | ETag: \"a\" | Last-Modified: {now-1000} | =abcdefghij\n= 1\n"
	const part = "> | Range: bytes=2-5\n< 206 | Content-Range: bytes 2-5/10 | Cache-Control: max-age=60 | ETag: \"a\" | X-A: 1 | =cdef\n? Range: bytes=2-5\n= \"cdef\" 206\n"
	const next = "> | Range: bytes=6-9\n< 206 | Content-Range: bytes 6-9/10 | Cache-Control: max-age=60 | ETag: \"a\" | X-A: 2 | =ghij\n= \"ghij\" 206\n"
	const first = "> | Range: bytes=0-3\n< 206 | Content-Range: bytes 0-3/10 | Cache-Control: max-age=60 | ETag: \"a\" | X-A: 3 | =abcd\n= \"abcd\" 206\n"
	return []conformance{
		{optional, "§3.3", "a part answers for itself", part + "> | Range: bytes=2-5\n= \"cdef\" 206 | Content-Range: bytes 2-5/10 | Content-Length: 4 | X-A: 1 | Age >= 0 | Cache-Status ~ hit"},
		{optional, "§3.3", "a part answers for what is in it", part + "> | Range: bytes=3-4\n= \"de\" 206 | Content-Range: bytes 3-4/10 | Content-Length: 2"},
		{required, "§3.3", "a part is not the whole", part + "> \n< 200 | =abcdefghij\n? !Range\n= 2"},
		{required, "§3.3", "a part has no more than it has", part + "> | Range: bytes=3-6\n< 206 | Content-Range: bytes 3-6/10 | =defg\n? Range: bytes=3-6\n= \"defg\" 206"},
		{required, "§3.3", "nor does it begin earlier", part + "> | Range: bytes=1-4\n< 206 | Content-Range: bytes 1-4/10 | =bcde\n= \"bcde\" 206"},
		{required, "§3.3", "a part is no part for HEAD", part + "> HEAD\n< 200 | Content-Length: 10\n= 200"},
		{required, "§4.2", "a stale part is not used", "> | Range: bytes=2-5\n< 206 | Content-Range: bytes 2-5/10 | Cache-Control: max-age=10 | Age: 20 | =cdef\n= \"cdef\" 206\n> | Range: bytes=2-5\n< 206 | Content-Range: bytes 2-5/10 | =CDEF\n= \"CDEF\" 206"},
		{required, "§5.2.2.5", "a part that must not be stored", "> | Range: bytes=2-5\n< 206 | Content-Range: bytes 2-5/10 | Cache-Control: no-store | =cdef\n= \"cdef\" 206\n> | Range: bytes=2-5\n< 206 | Content-Range: bytes 2-5/10 | =CDEF\n= \"CDEF\" 206"},
		{required, "§4.1", "a part that varies is not stored", "> | X-A: 1 | Range: bytes=2-5\n< 206 | Content-Range: bytes 2-5/10 | Cache-Control: max-age=60 | Vary: X-A | =cdef\n= \"cdef\" 206\n> | X-A: 2 | Range: bytes=2-5\n< 206 | Content-Range: bytes 2-5/10 | =CDEF\n= \"CDEF\" 206"},
		{required, "§3.5", "a part is not for who is known", part + "> | Range: bytes=2-5 | Authorization: Basic eA==\n< 206 | Content-Range: bytes 2-5/10 | =CDEF\n= \"CDEF\" 206"},
		{required, "§3.3", "a part that breaks off", "> | Range: bytes=2-5\n< 206 | Content-Range: bytes 2-5/10 | Cache-Control: max-age=60 | cut | =cdef\n= cut\n> | Range: bytes=2-5\n< 206 | Content-Range: bytes 2-5/10 | =CDEF\n= \"CDEF\" 206"},
		{required, "9110 §14.4", "a part that is not as long as it says", "> | Range: bytes=2-5\n< 206 | Content-Range: bytes 2-5/10 | Cache-Control: max-age=60 | =cde\n= \"cde\" 206\n> | Range: bytes=2-5\n< 206 | Content-Range: bytes 2-5/10 | =CDEF\n= \"CDEF\" 206"},
		{required, "§4.4", "a part is purged with its URI", part + "> POST\n< 204\n= 2\n> | Range: bytes=2-5\n< 206 | Content-Range: bytes 2-5/10 | =CDEF\n= \"CDEF\" 206"},
		{optional, "§3.4", "parts that meet are one part", part + next + "> | Range: bytes=3-8\n= \"defghi\" 206 | Content-Range: bytes 3-8/10 | X-A: 2\n> | Range: bytes=-7\n= \"defghij\" 206"},
		{required, "9875 §3", "put together, they are of the groups of all", strings.ReplaceAll(strings.Replace(part, "X-A: 1", "Cache-Groups: \"g\"", 1)+next, "> |", "> /a |") + "> POST /b\n< 200 | Cache-Group-Invalidation: \"g\"\n= 3\n> /a | Range: bytes=6-9\n< 206 | Content-Range: bytes 6-9/10 | =GHIJ\n= \"GHIJ\" 206"},
		{optional, "§3.4", "all parts are the whole", part + next + first + "> \n= \"abcdefghij\" | Content-Length: 10 | !Content-Range | ETag: \"a\" | X-A: 3\n> | Range: bytes=0-1\n= \"ab\" 206"},
		{optional, "§3.4", "a part that is all of it is the whole", "> | Range: bytes=0-\n< 206 | Content-Range: bytes 0-7/8 | Cache-Control: max-age=60\n= 1\n> \n= \"answer 1\" | Content-Length: 8"},
		{required, "§3.4", "parts of two versions are not put together", part + "> | Range: bytes=6-9\n< 206 | Content-Range: bytes 6-9/10 | Cache-Control: max-age=60 | ETag: \"b\" | =GHIJ\n= \"GHIJ\" 206\n> | Range: bytes=4-7\n< 206 | Content-Range: bytes 4-7/10 | =EFGH\n= \"EFGH\" 206"},
		{required, "§3.4", "parts without a strong validator are not, either", strings.ReplaceAll(part+next, "\"a\"", "W/\"a\"") + "> | Range: bytes=4-7\n< 206 | Content-Range: bytes 4-7/10 | =EFGH\n= \"EFGH\" 206"},
		{required, "§3.4", "nor parts with a gap", part + "> | Range: bytes=7-9\n< 206 | Content-Range: bytes 7-9/10 | Cache-Control: max-age=60 | ETag: \"a\" | =hij\n= \"hij\" 206\n> | Range: bytes=4-7\n< 206 | Content-Range: bytes 4-7/10 | =efgh\n= \"efgh\" 206"},
		{required, "§3.4", "nor parts of bodies of two sizes", part + strings.ReplaceAll(next, "/10", "/11") + "> | Range: bytes=4-7\n< 206 | Content-Range: bytes 4-7/11 | =efgh\n= \"efgh\" 206"},
		{required, "9110 §14.6", "several parts are not stored", "> | Range: bytes=0-1, 4-5\n< 206 | Content-Type: multipart/byteranges; boundary=x | Cache-Control: max-age=60 | =--x\n= 206\n> | Range: bytes=0-1\n< 206 | Content-Range: bytes 0-1/10 | =ab\n= \"ab\" 206"},
		{optional, "9110 §14.2", "a 200 to a Range is the whole", "> | Range: bytes=0-1\n< 200 | Cache-Control: max-age=60\n= 1\n> \n= 1"},
		{required, "9110 §15.5.17", "a 416 is not stored", "> | Range: bytes=99-\n< 416 | Cache-Control: max-age=60 | Content-Range: bytes */10\n= 1\n> \n< 200\n= 2"},
		{optional, "§5.2.1.7", "only-if-cached, and a part is", part + "> | Range: bytes=2-5 | Cache-Control: only-if-cached\n= \"cdef\" 206"},
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
		{required, "§3.3", "Content-Range in a 200, in another case and of no size", notReused("200 | Cache-Control: max-age=60 | Content-Range: Bytes 0-7/*")},
		{required, "9110 §14.4", "Content-Range that names no bytes means nothing in a 200", "> \n< 200 | Cache-Control: max-age=60 | Content-Range: x\n= 1 | Content-Range: x\n> \n= 1 | Content-Range: x"},
		{required, "9110 §14.4", "and nothing to a part of it", "> \n< 200 | Cache-Control: max-age=60 | Content-Range: x | =abcdefghij\n= 1\n> | Range: bytes=2-5\n= \"cdef\" 206 | Content-Range: bytes 2-5/10"},
		{required, "9110 §15.3.7.2", "nor may several parts have it", "> \n< 200 | Cache-Control: max-age=60 | Content-Range: x | =abcdefghij\n= 1\n> | Range: bytes=0-1, 4-5\n= 206 | Content-Type ~ multipart/byteranges | !Content-Range"},
		{required, "§3.3", "a 200 to a Range that has a Content-Range is no whole", "> | Range: bytes=0-1\n< 200 | Cache-Control: max-age=60 | Content-Range: x\n= 1\n> \n< 200\n= 2"},
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
		{required, "9112 §5.1", "space before the colon: Cache-Control", "> \n< 200 | Cache-Control : no-store | Last-Modified: {now-36000}\n= 1 | Cache-Control: no-store\n> \n< 200\n= 2"},
		{required, "9112 §5.1", "space before the colon: Vary", "> | X-A: 1\n< 200 | Cache-Control: max-age=60 | vary : X-A\n= 1 | Vary: X-A\n> | X-A: 2\n< 200\n= 2"},
		{required, "9112 §5.1", "space before the colon: Connection", "> \n< 200 | Cache-Control: max-age=60 | Connection : X-A | X-A: 1 | X-B : 1 | X-B: 2\n= 1 | !X-A | X-B ~ 1\n> \n= 1 | !X-A | X-B ~ 1"},
		{required, "9112 §5.1", "space before the colon: what says where the body ends", "> \n< 200 | Cache-Control: max-age=60 | Content-Length : 4\n= 502\n> \n< 200\n= 2"},
		{required, "9112 §5.1", "space within a name", "> \n< 200 | Cache-Control: max-age=60 | X A: 1\n= 1\n> \n< 200\n= 2"},
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
