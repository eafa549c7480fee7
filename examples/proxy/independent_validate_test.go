package main

import "fmt"

// validations: stale responses are asked about (§4.3.1, §4.3.3).
func validations() []ruling {
	return []ruling{
		{good, "4.3.1", "ETag is asked about", `> // < 200 | CC: max-age=0 | ETag: "a" // = 1 // > // < 304 | ETag: "a" // @ INM: "a" // = 1 200`},
		{good, "4.3.1", "a weak ETag is asked about", `> // < 200 | CC: max-age=0 | ETag: W/"a" // = 1 // > // < 304 | ETag: W/"a" // @ INM: W/"a" // = 1 200`},
		{good, "4.3.1", "Last-Modified is asked about", "> // < 200 | CC: max-age=0 | LM: Tue, 15 Nov 1994 12:45:26 GMT // = 1 // > // < 304 // @ IMS: Tue, 15 Nov 1994 12:45:26 GMT // = 1 200"},
		{good, "4.3.1", "both are asked about", `> // < 200 | CC: max-age=0 | ETag: "a" | LM: Tue, 15 Nov 1994 12:45:26 GMT // = 1 // > // < 304 | ETag: "a" // @ INM: "a" // @ IMS: Tue, 15 Nov 1994 12:45:26 GMT // = 1 200`},
		{must, "4.3.1", "without a validator nothing is asked", "> // < 200 | CC: max-age=0 // = 1 // > // < 200 // @ !INM // @ !IMS // = 2"},
		{good, "4.3.1", "after its time", `> // < 200 | CC: max-age=60 | Age: 100 | ETag: "a" // = 1 // > // < 304 | ETag: "a" // @ INM: "a" // = 1 200`},
		{good, "4.3.3", "200 replaces", `> // < 200 | CC: max-age=0 | ETag: "a" // = 1 // > // < 200 | CC: max-age=60 | ETag: "b" // = 2 // > // = 2 | ETag: "b"`},
		{must, "4.3.3", "404 is passed on", `> // < 200 | CC: max-age=0 | ETag: "a" // = 1 // > // < 404 | CC: no-store // = 2`},
		{must, "4.3.3", "200 with no-store is not mixed", `> // < 200 | CC: max-age=0 | ETag: "a" | X-A: b // = 1 // > // < 200 | CC: no-store // = 2 | !X-A`},
		{must, "4.3.3", "what was replaced is gone", `> // < 200 | CC: max-age=0 | ETag: "a" // = 1 // > // < 200 | CC: max-age=0 | ETag: "b" // = 2 // > // < 200 // @ INM !~ "a" // = 3`},
		{good, "4.3.4", "304 freshens", `> // < 200 | CC: max-age=0 | ETag: "a" // = 1 // > // < 304 | CC: max-age=60 | ETag: "a" // = 1 200 // > // = 1 200`},
		{good, "4.3.4", "304 freshens with Expires", `> // < 200 | Expires: 0 | ETag: "a" // = 1 // > // < 304 | Expires: {now+600} | ETag: "a" // = 1 200 // > // = 1 200`},
		{good, "4.3.4", "304 freshens by its Date", `> // < 200 | CC: max-age=60 | Date: {now-100} | ETag: "a" // = 1 // > // < 304 | ETag: "a" // = 1 200 // > // = 1 200 | Age < 50`},
		{good, "4.3.4", "304 takes Age away", `> // < 200 | CC: max-age=60 | Age: 100 | ETag: "a" // = 1 // > // < 304 | ETag: "a" // = 1 200 // > // = 1 200 | Age < 50`},
		{must, "4.2.3", "304 with an Age", `> // < 200 | CC: max-age=60 | Age: 100 | ETag: "a" // = 1 // > // < 304 | ETag: "a" | Age: 100 // = 1 200 // > // < 304 | ETag: "a" // = 1 200`},
		{must, "4.3.4", "304 with max-age=0", `> // < 200 | CC: max-age=60 | Age: 100 | ETag: "a" // = 1 // > // < 304 | CC: max-age=0 | ETag: "a" // = 1 200 // > // < 304 | ETag: "a" // = 1 200`},
		{must, "5.2.2.5", "304 with no-store", `> // < 200 | CC: max-age=60 | Age: 100 | ETag: "a" // = 1 // > // < 304 | CC: no-store | ETag: "a" // = 1 200 // > // < 200 // = 3`},
		{must, "5.2.2.7", "304 with private", `> // < 200 | CC: max-age=60 | Age: 100 | ETag: "a" // = 1 // > // < 304 | CC: private, max-age=60 | ETag: "a" // = 1 200 // > // < 200 // = 3`},
		{must, "5.2.2.4", "304 with no-cache", `> // < 200 | CC: max-age=60 | Age: 100 | ETag: "a" // = 1 // > // < 304 | CC: no-cache | ETag: "a" // = 1 200 // > // < 304 | ETag: "a" // = 1 200`},
		{good, "4.3.4", "304 without a validator", `> // < 200 | CC: max-age=0 | ETag: "a" // = 1 // > // < 304 | CC: max-age=60 // = 1 200 // > // = 1 200`},
		{good, "4.3.4", "304 with the Last-Modified only", `> // < 200 | CC: max-age=0 | LM: {now-86400} // = 1 // > // < 304 | CC: max-age=60 // = 1 200 // > // = 1 200`},
		{must, "4.3.4", "304 with another strong ETag", `> // < 200 | CC: max-age=0 | ETag: "a" // = 1 // > // < 304 | CC: max-age=60 | ETag: "b" // <? 200 | CC: no-store // = * !304 // > // < 200 // = 4 | !X-B`},
		{must, "9110 15.4.5", "304 to who did not ask for it", `> // < 200 | CC: no-cache | LM: {now-86400} // = 1 // > // < 304 // = 1 200`},
		{good, "4.3.3", "500 to a validation is passed on or stale", `> // < 200 | CC: max-age=60, must-revalidate | Age: 100 | ETag: "a" // = 1 // > // < 500 // = 2`},
		{must, "4.3.1", "a variant's ETag only, or all", `> | A: 1 // < 200 | CC: max-age=0 | Vary: A | ETag: "a" // = 1 // > | A: 2 // < 200 | CC: max-age=0 | Vary: A | ETag: "b" // = 2 // > | A: 1 // < 304 | Vary: A | ETag: "a" // @ INM ~ "a" // = 1 200`},
		{note, "4.3.1", "ETags of other variants are sent", `> | A: 1 // < 200 | CC: max-age=60 | Vary: A | ETag: "a" // = 1 // > | A: 2 // < 200 | CC: no-store | Vary: A // @ INM: "a" // = 2`},
		{must, "4.3.2", "a client's ETag and the store's", `> // < 200 | CC: max-age=0 | ETag: "a" // = 1 // > | INM: "c" // <? 304 | ETag: "a" // <? 200 | CC: no-store | =fresh // = * 200`},
		{good, "4.3.2", "a client has what is validated", `> // < 200 | CC: max-age=0 | ETag: "a" // = 1 // > | INM: "a" // < 304 | ETag: "a" // @ INM ~ "a" // = - 304 | ETag: "a"`},
		{must, "4.3.2", "a client has what is replaced", `> // < 200 | CC: max-age=0 | ETag: "a" // = 1 // > | INM: "a" // < 200 | CC: max-age=60 | ETag: "b" // = 2 200`},
		{must, "4.3.2", "304 for a client is not stored", `> | INM: "a" // < 304 | CC: max-age=60 | ETag: "a" // @ INM: "a" // = - 304 // > // < 200 // = 2`},
		{must, "4.3.2", "304 for a client by date is not stored", `> | IMS: {now-60} // < 304 | CC: max-age=60 // = - 304 // > // < 200 // = 2`},
		{must, "4.3.2", "412 for a client is not stored for others", `> | If-Match: "a" // < 412 | CC: no-store // = 1 // > // < 200 // = 2`},
		{must, "4.3.2", "412 with max-age is not given to who set no condition", `> | If-Match: "a" // < 412 | CC: max-age=60 // = 1 // > // < 200 // = 2`},
		{good, "4.3.2", "a client's condition, nothing stored, 200 is stored", `> | INM: "a" // < 200 | CC: max-age=60 | ETag: "b" // = 1 // > // = 1`},
		{must, "4.3.3", "the origin hangs up, must-revalidate", `> // < 200 | CC: max-age=60, must-revalidate | Age: 100 | ETag: "a" // = 1 // > // < close // = * !200`},
		{must, "4.3.2", "a client's condition on another variant", `> | A: 1 // < 200 | CC: max-age=60 | Vary: A | ETag: "a" // = 1 // > | A: 2 | INM: "a" // < 304 | Vary: A | ETag: "a" // @ INM ~ "a" // = - 304`},
		{must, "4.3.2", "a client's condition on another variant, by date", `> | A: 1 // < 200 | CC: max-age=60 | Vary: A | LM: {now-90} // = 1 // > | A: 2 | IMS: {now-60} // < 200 | CC: no-store | LM: {now-30} // = 2 200`},
		{note, "4.3.4", "304 with another Last-Modified", `> // < 200 | CC: max-age=0 | LM: {now-90000} // = 1 // > // < 304 | CC: max-age=60 | LM: {now-80000} // <? 200 | CC: no-store | =new // = 'new' 200`},
		{good, "4.3.3", "503 to a client's no-cache leaves what is fresh", `> // < 200 | CC: max-age=60 // = 1 // > | CC: no-cache // < 503 // > // = 1`},
		{must, "4.3.3", "404 to a client's no-cache is passed on", `> // < 200 | CC: max-age=60 | ETag: "a" // = 1 // > | CC: no-cache // < 404 // = 2`},
		{good, "4.3.3", "200 to a client's no-cache replaces", `> // < 200 | CC: max-age=60 | ETag: "a" // = 1 // > | CC: no-cache // < 200 | CC: max-age=60 // = 2 // > // = 2`},
		{note, "5.2.2.2", "504 where validation is a must", `> // < 200 | CC: max-age=60, must-revalidate | Age: 100 | ETag: "a" // = 1 // > // < close // = * 504`},
	}
}

// updates: which fields of a 304 come into the stored response (§3.2, §4.3.4).
func updates() []ruling {
	var list []ruling
	now := func(first, second, check string) string {
		return `> // < 200 | CC: max-age=0 | ETag: "a" | ` + first + ` // = 1 // > // < 304 | CC: max-age=60 | ETag: "a" | ` + second + ` // = 1 200 | ` + check
	}
	for _, name := range []string{
		"X-New", "Content-Language", "Content-Location", "Content-Disposition", "Content-Security-Policy", "Content-Security-Policy-Report-Only", "X-Frame-Options",
		"X-XSS-Protection", "X-Content-Type-Options", "Strict-Transport-Security", "Link", "Server", "Allow", "Alt-Svc", "Access-Control-Allow-Origin", "Clear-Site-Data", "Referrer-Policy", "Permissions-Policy",
		"P3P", "Warning", "Timing-Allow-Origin", "Public-Key-Pins", "Content-MD5", "Content-Foo", "Accept-Ranges", "Retry-After", "Digest", "X-Content-Foo", "Last-Event",
	} {
		list = append(list,
			ruling{must, "3.2", "304 changes " + name, now(name+": one", name+": two", name+": two")},
			ruling{must, "3.2", "304 changes " + name + " for hits, too", now(name+": one", name+": two", "") + " // > // <? 304 | ETag: \"a\" // = 1 200 | " + name + ": two"},
			ruling{must, "3.2", "304 adds " + name, now("X: y", name+": two", name+": two")},
			ruling{must, "3.2", "304 leaves " + name, now(name+": one", "X: y", name+": one")})
	}
	for _, f := range []string{"Last-Modified: {now-50}", "Expires: {now+50}", "Date: {now-5}"} {
		list = append(list, ruling{must, "3.2", "304 with " + f, now("X: y", f, f)})
	}
	return append(list,
		ruling{must, "3.2", "304 changes Cache-Control", `> // < 200 | CC: max-age=0, foo | ETag: "a" // = 1 // > // < 304 | CC: max-age=60, bar | ETag: "a" // = 1 200 | CC: max-age=60, bar // > // = 1 | CC: max-age=60, bar`},
		ruling{must, "3.2", "304 without Cache-Control leaves it", `> // < 200 | CC: max-age=0, foo | ETag: "a" // = 1 // > // < 304 | ETag: "a" // = 1 200 | CC: max-age=0, foo`},
		ruling{must, "3.2", "304 replaces all lines", now("X-A: 1 | X-A: 2", "X-A: 3", "X-A: 3")},
		ruling{must, "3.2", "304 replaces by several lines", now("X-A: 1", "X-A: 2 | X-A: 3", "X-A: 2, 3")},
		ruling{must, "3.2", "304 in another case", now("X-A: 1", "x-a: 2", "X-A: 2")},
		ruling{must, "3.2", "304 does not change Content-Length", now("X: y | =0123456789", "Content-Length: 3", "Content-Length: 10")},
		ruling{must, "3.2", "304 with Content-Length: 0", now("X: y | =0123456789", "Content-Length: 0", "Content-Length: 10") + " // > // = 1 | Content-Length: 10"},
		ruling{note, "3.2", "304 does not change Content-Encoding", now("Content-Encoding: gzip", "Content-Encoding: br", "Content-Encoding: gzip")},
		ruling{good, "3.2", "304 does not add Content-Range", now("X: y", "Content-Range: bytes 0-1/2", "!Content-Range")},
		ruling{note, "3.2", "304 changes Content-Type", now("Content-Type: text/a", "Content-Type: text/b", "Content-Type: text/b")},
		ruling{note, "3.2", "304 brings Set-Cookie", now("X: y", "Set-Cookie: a=b", "Set-Cookie: a=b")},
		ruling{must, "3.1", "304 with Keep-Alive", now("X: y", "Keep-Alive: timeout=9", "Keep-Alive !~ 9")},
		ruling{must, "3.1", "304 with a field that Connection names", now("X-A: 1", "X-A: 2 | Connection: X-A", "X-A: 1") + " // > // = 1 200 | X-A: 1"},
		ruling{must, "3.1", "304 with Proxy-Authenticate", now("X: y", "Proxy-Authenticate: Basic", "X: y") + " // > // = 1 200 | !Proxy-Authenticate"},
		ruling{must, "4.3.4", "304 changes Vary", `> | A: 1 // < 200 | CC: max-age=0 | ETag: "a" // = 1 // > | A: 1 // < 304 | CC: max-age=60 | Vary: A | ETag: "a" // <? 200 | CC: no-store | =new // = * 200 // > | A: 2 // < 200 // = 4`})
}

// conditions: of clients, answered from the store (§4.3.2, 9110 §13).
func conditions() []ruling {
	const lm = "Tue, 15 Nov 1994 12:45:26 GMT"
	with := func(stored, asked, want string) string {
		return "> // < 200 | CC: max-age=600 | " + stored + " // = 1 // > | " + asked + " // = " + want
	}
	list := []ruling{
		{good, "4.3.2", "304 has what a 200 had", with(`ETag: "a" | Vary: A | Content-Location: /x | Expires: {now+60}`, `INM: "a"`, `- 304 | ETag: "a" | Vary: A | Content-Location: /x | CC: max-age=600 | Expires ~ GMT | Date ~ GMT`)},
		{must, "9110 15.4.5", "304 has no body and no length of one", with(`ETag: "a"`, `INM: "a"`, "- 304 | !Transfer-Encoding")},
		{good, "9110 15.4.5", "304 has no Content-Type", with(`ETag: "a" | Content-Type: text/plain`, `INM: "a"`, "- 304 | !Content-Type")},
		{good, "4.3.2", "If-None-Match for a HEAD", `> // < 200 | CC: max-age=60 | ETag: "a" // = 1 // > HEAD | INM: "a" // = - 304`},
		{must, "4.3.2", "If-None-Match, another tag, for a HEAD", `> // < 200 | CC: max-age=60 | ETag: "a" // = 1 // > HEAD | INM: "b" // = - 200`},
		{must, "9110 13.2.1", "a 404 has no condition", `> // < 404 | CC: max-age=60 | ETag: "a" // = 1 // > | INM: "a" // <? 404 | CC: no-store // = * 404`},
		{must, "9110 13.2.1", "a 301 has no condition", `> // < 301 | CC: max-age=60 | ETag: "a" | Location: /x // = 1 // > | INM: "a" // <? 301 | CC: no-store // = * 301`},
		{must, "9110 13.2.1", "a 404 has no date condition", `> // < 404 | CC: max-age=60 | LM: ` + lm + ` // = 1 // > | IMS: ` + lm + ` // <? 404 | CC: no-store // = * 404`},
		{must, "9110 13.2.2", "If-None-Match above If-Modified-Since, no match", with(`ETag: "a" | LM: `+lm, `INM: "b" | IMS: `+lm, "1 200")},
		{good, "9110 13.2.2", "If-None-Match above If-Modified-Since, match", with(`ETag: "a" | LM: {now-60}`, `INM: "a" | IMS: `+lm, "- 304")},
		{must, "9110 13.2.2", "If-None-Match above If-Modified-Since, no ETag", with(`LM: `+lm, `INM: "b" | IMS: `+lm, "1 200")},
		{note, "9110 13.1.1", "If-Match, another", with(`ETag: "a"`, `If-Match: "b"`, "1 200")},
		{note, "9110 13.1.4", "If-Unmodified-Since", with("LM: "+lm, "If-Unmodified-Since: Mon, 14 Nov 1994 12:45:26 GMT", "1 200")},
		{note, "9110 13.1.2", "If-None-Match: * for nothing stored", "> | INM: * // < 200 | CC: max-age=60 // = 1 200"},
	}
	type cond struct{ etag, inm string }
	for _, c := range []cond{
		{`"a"`, `"a"`}, {`"a"`, `W/"a"`}, {`W/"a"`, `"a"`}, {`W/"a"`, `W/"a"`}, {`"a"`, `"x", "a"`}, {`"a"`, `"a", "x"`}, {`"a"`, `"x","a","y"`}, {`"a"`, `"x" , "a"`},
		{`"a"`, `"x",\t"a"`}, {`"a"`, `,, "a",,`}, {`"a"`, `"x" | INM: "a"`}, {`"a"`, `W/"x", W/"a"`}, {`"a"`, `*`}, {`W/"a"`, `*`}, {`""`, `""`}, {`"a,b"`, `"a,b"`}, {`"a b"`, `"x", "a b"`},
		{`"a\"`, `"a\"`}, {`"W/a"`, `"W/a"`}, {`"é"`, `"é"`}, {`"a"`, `"x,y", "a"`}, {`"*"`, `"*"`}, {`"'a'"`, `"'a'"`}, {`"a"`, ` "a" `}, {`"!#$%&()+:;<=>?@[]^_{|}~"`, `"!#$%&()+:;<=>?@[]^_{|}~"`},
	} {
		list = append(list, ruling{good, "9110 13.1.2", c.inm + " is " + c.etag, with("ETag: "+c.etag, "INM: "+c.inm, "- 304")})
	}
	for _, c := range []cond{
		{`"a"`, `"b"`}, {`"a"`, `"A"`}, {`"a"`, `"a "`}, {`"a"`, `"aa"`}, {`"a"`, `"a,b"`}, {`"a"`, `"x,a"`}, {`"a"`, `"b", "c"`}, {`"a"`, `""`}, {`"a"`, `"*"`}, {`"a"`, `"W/a"`}, {`W/"a"`, `W/"b"`},
		{`"a,b"`, `"a", "b"`}, {`"a"`, `"\a"`}, {`"a"`, `"'a'"`}, {`"%61"`, `"a"`},
	} {
		list = append(list, ruling{must, "9110 13.1.2", c.inm + " is not " + c.etag, with("ETag: "+c.etag, "INM: "+c.inm, "1 200")})
	}
	for _, inm := range []string{"a", "'a'", `"a`, `a"`, `w/"a"`, `W / "a"`, `W/a`, `""a""`, `"x" "a"`, `"x"; "a"`, `*, "a"`, `"a";x=1`, ``, `W/`, `x"a"`} {
		list = append(list, ruling{note, "9110 8.8.3", fmt.Sprintf("malformed If-None-Match %s: no match", inm), with(`ETag: "a"`, "INM: "+inm, "1 200")})
	}
	list = append(list,
		ruling{note, "9110 8.8.3", "ETag without quotes, asked without", with("ETag: a", "INM: a", "- 304")},
		ruling{note, "9110 8.8.3", "ETag without quotes, asked with", with("ETag: a", `INM: "a"`, "1 200")},
		ruling{must, "9110 13.1.2", "If-None-Match without an ETag", with("X: y", `INM: "a"`, "1 200")},
		ruling{good, "9110 13.1.2", "If-None-Match: * without an ETag", with("X: y", "INM: *", "- 304")})
	for name, v := range map[string]string{"the same": lm, "later": "Tue, 15 Nov 1994 12:45:27 GMT", "RFC 850": "Tuesday, 15-Nov-94 12:45:26 GMT", "asctime": "Tue Nov 15 12:45:26 1994", "now": "{now+0}"} {
		list = append(list, ruling{good, "9110 13.1.3", "If-Modified-Since, " + name, with("LM: "+lm, "IMS: "+v, "- 304")})
	}
	for name, v := range map[string]string{"earlier": "Tue, 15 Nov 1994 12:45:25 GMT", "RFC 850 earlier": "Tuesday, 15-Nov-94 12:45:25 GMT", "asctime earlier": "Tue Nov 15 12:45:25 1994", "at the beginning": "Thu, 01 Jan 1970 00:00:00 GMT"} {
		list = append(list, ruling{must, "9110 13.1.3", "If-Modified-Since, " + name, with("LM: "+lm, "IMS: "+v, "1 200")})
	}
	// A date that is none must be ignored.
	for _, v := range []string{"", "0", "foo", "2094-11-09T08:49:37Z", "Tue, 09 Nov 2094 08:49:37", "Tue, 09 Nov 2094 08:49:37 +0000", "09 Nov 2094 08:49:37 GMT", "Tue, 09 Nov 2094 25:49:37 GMT", "Tue, 9 Nov 2094 08:49:37 GMT", "4102444800", `"` + lm + `"`, lm + "; length=3"} {
		list = append(list, ruling{must, "9110 13.1.3", "If-Modified-Since is none: " + v, with("LM: "+lm, "IMS: "+v, "1 200")})
	}
	return append(list,
		ruling{note, "9110 13.1.3", "If-Modified-Since in the future", with("LM: "+lm, "IMS: {now+86400}", "- 304")},
		ruling{note, "4.3.2", "If-Modified-Since without Last-Modified, after Date", with("Date: {now-60}", "IMS: {now-30}", "- 304")},
		ruling{must, "4.3.2", "If-Modified-Since without Last-Modified, before Date", with("Date: {now-60}", "IMS: {now-90}", "1 200")},
		ruling{must, "9110 13.1.3", "If-Modified-Since where Last-Modified is invalid", with("Date: {now-60} | LM: foo", "IMS: {now-90}", "1 200")},
		ruling{must, "9110 13.1.3", "If-Modified-Since of another method", "> // < 200 | CC: max-age=60 | LM: " + lm + " // = 1 // > POST | IMS: " + lm + " | =x // < 200 // = 2 200"},
		ruling{good, "4.3.2", "a client's condition on what is stale meets 304", `> // < 200 | CC: max-age=0 | LM: ` + lm + ` // = 1 // > | IMS: ` + lm + ` // < 304 // @ IMS: ` + lm + ` // = - 304`})
}

// heads: what HEAD says about a stored GET (§4.3.5).
func heads() []ruling {
	const first = `> // < 200 | CC: max-age=0 | ETag: "a" | LM: Tue, 15 Nov 1994 12:45:26 GMT | X-A: b | =0123456789 // = 1 // > HEAD // `
	const length = "Content-Length: 10"
	return []ruling{
		{good, "4.3.5", "HEAD freshens", first + `< 200 | CC: max-age=60 | ETag: "a" | ` + length + ` // = - // > // = 1`},
		{good, "4.3.5", "HEAD changes a field", first + `< 200 | CC: max-age=60 | ETag: "a" | X-A: c | ` + length + ` // = - // > // = 1 | X-A: c`},
		{good, "4.3.5", "HEAD with another ETag", `> // < 200 | CC: max-age=60 | ETag: "a" | =0123456789 // = 1 // > HEAD | CC: no-cache // < 200 | CC: max-age=60 | ETag: "b" | ` + length + ` // = - // > // < 200 | =new // = 3`},
		{good, "4.3.5", "HEAD with another length", `> // < 200 | CC: max-age=60 | ETag: "a" | =0123456789 // = 1 // > HEAD | CC: no-cache // < 200 | CC: max-age=60 | ETag: "a" | Content-Length: 11 // = - // > // < 200 | =new // = 3`},
		{good, "4.3.5", "HEAD with another Last-Modified", `> // < 200 | CC: max-age=60 | LM: Tue, 15 Nov 1994 12:45:26 GMT | =0123456789 // = 1 // > HEAD | CC: no-cache // < 200 | CC: max-age=60 | LM: Tue, 15 Nov 1994 12:45:27 GMT | ` + length + ` // = - // > // < 200 | =new // = 3`},
		{must, "4.3.5", "HEAD does not replace a body", first + `< 200 | CC: max-age=60 | ETag: "c" | ` + length + ` // = - // > // < 200 | =new // = 3`},
		{good, "4.3.5", "HEAD that fails", "> // < 200 | CC: max-age=60 // = 1 // > HEAD | CC: no-cache // < 503 // > // = 1"},
		{note, "4.3.5", "HEAD is 404", first + `< 404 | CC: max-age=60 | Content-Length: 0 // = - 404 // > // < 404 // = 3`},
		{must, "4.3.5", "HEAD that is 404 does not make a GET 404", `> HEAD // < 404 | CC: max-age=60 // = - 404 // > // < 200 // = 2`},
		{must, "4.3.5", "HEAD with no-store", first + `< 200 | CC: no-store | ETag: "a" | ` + length + ` // = - // > // < 200 | =new // = 3`},
	}
}
