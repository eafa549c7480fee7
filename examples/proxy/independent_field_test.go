package main

// fields: which are stored, passed on and changed (§3.1, 9110 §7.6).
func fields() []ruling {
	list := []ruling{
		{must, "3.1", "a field that Connection names", "> // < 200 | CC: max-age=60 | Connection: X-A | X-A: b // = 1 | !X-A // > // <? 200 // = * | !X-A"},
		{must, "3.1", "a field that Connection names, in another case", "> // < 200 | CC: max-age=60 | Connection: x-a | X-A: b // = 1 | !X-A // > // <? 200 // = * | !X-A"},
		{must, "3.1", "fields that Connection names", "> // < 200 | CC: max-age=60 | Connection: X-B, ,X-A | Connection: X-C | X-A: b | X-B: b | X-C: b // = 1 | !X-A | !X-B | !X-C // > // <? 200 // = * | !X-A | !X-B | !X-C"},
		{must, "3.1", "a field that Connection names beside close", "> // < 200 | CC: max-age=60 | Connection: close, X-A | X-A: b // = 1 | !X-A // > // <? 200 // = * | !X-A"},
		{must, "3.1", "a field that Connection names beside keep-alive", "> // < 200 | CC: max-age=60 | Connection: keep-alive, X-A | X-A: b // = 1 | !X-A // > // <? 200 // = * | !X-A"},
		{good, "3.1", "what Connection names does not hinder", hit("CC: max-age=60 | Connection: X-A | X-A: b")},
		{must, "9110 7.6.1", "a request's field that Connection names", "> | X-A: b | Connection: close, X-A // < 200 | CC: no-store // @ !X-A // = 1"},
		{must, "9110 7.6.1", "a request's hop-by-hop fields", "> | Connection: close | Keep-Alive: x | TE: trailers | Proxy-Connection: x // < 200 | CC: no-store // @ !Keep-Alive // @ !Proxy-Connection // = 1"},
		{must, "11.7.2 9110", "a proxy's own authorization goes no further", "> | Proxy-Authorization: x // < 200 | CC: no-store // @ !Proxy-Authorization // = 1"},
		{must, "9110 7.6.3", "Via in the request", "> // < 200 | CC: no-store // @ Via ~ 1.1 // = 1"},
		{must, "9110 7.6.3", "Via in the request, behind others", "> | Via: 1.0 a // < 200 | CC: no-store // @ Via ~ 1.0 a, 1.1 // = 1"},
		{must, "9110 6.6.1", "a Date for what had none", "> // < 200 | CC: max-age=60 | nodate // = 1 | Date ~ GMT // > // <? 200 // = * | Date ~ GMT"},
		{must, "9110 6.6.1", "Date stays", "> // < 200 | CC: max-age=600 | Date: {now-100} // = 1 | Date: {now-100} // > // = 1 | Date: {now-100}"},
		{must, "9110 7.7", "two lines stay in their order", "> // < 200 | CC: max-age=60 | X-A: 1 | X-B: x | X-A: 2 // = 1 | X-A: 1, 2 // > // = 1 | X-A: 1, 2"},
		{must, "9110 8.4", "Content-Encoding stays", "> // < 200 | CC: max-age=60 | Content-Encoding: gzip // = 1 | Content-Encoding: gzip // > // = 1 | Content-Encoding: gzip"},
		{must, "9110 8.6", "Content-Length of a hit", "> // < 200 | CC: max-age=60 | =0123456789 // = 1 | Content-Length: 10 // > // = 1 | Content-Length: 10"},
		{must, "9112 6.1", "no chunks for HTTP/1.0", "> HTTP/1.0 // < 200 | CC: max-age=60 | chunked // = 1 | !Transfer-Encoding // > HTTP/1.0 // = 1 | !Transfer-Encoding"},
		{must, "9110 8.6", "a 204 has no length", "> // < 204 | CC: max-age=60 // = - 204 | !Content-Length // > // = - 204 | !Content-Length | !Transfer-Encoding"},
		{good, "9110 8.3", "no Content-Type is made up", "> // < 200 | CC: max-age=60 | =<html> // = 1 | !Content-Type // > // = 1 | !Content-Type"},
		{good, "9110 5.5", "an empty field stays", "> // < 200 | CC: max-age=60 | X-A: // = 1 | X-A: // > // = 1 | X-A:"},
		{good, "9110 5.5", "bytes beyond ASCII stay", "> // < 200 | CC: max-age=60 | X-A: é\xff // = 1 | X-A: é\xff // > // = 1 | X-A: é\xff"},
		{must, "4", "an empty body", "> // < 200 | CC: max-age=60 | Content-Length: 0 | = // = - 200 // > // = - 200 | Content-Length: 0"},
		{must, "9111 3.1", "Cache-Control goes on", "> // < 200 | CC: max-age=60, foo=bar | CC: baz // = 1 | CC: max-age=60, foo=bar, baz // > // = 1 | CC: max-age=60, foo=bar, baz"},
		{note, "7.3", "Set-Cookie is passed on", "> // < 200 | CC: no-store | Set-Cookie: a=b | Set-Cookie: c=d // = 1 | Set-Cookie: a=b, c=d"},
		{must, "7.3", "a client's Set-Cookie is not another's, private", `> // < 200 | CC: private="Set-Cookie", max-age=60 | Set-Cookie: a=b // = 1 | Set-Cookie: a=b // > // <? 200 // = * | !Set-Cookie`},
	}
	for _, name := range []string{"X-A", "Content-Type", "Content-Language", "Content-Disposition", "ETag", "Server", "Link", "Allow", "Accept-Ranges", "Warning", "X-Cache", "Pragma", "Surrogate-Key", "Trailing", "Public", "Upgrade-Foo", "Content-Foo", "Age-Foo", "Clear-Site-Data"} {
		list = append(list, ruling{good, "3.1", name + " is stored", "> // < 200 | CC: max-age=60 | " + name + `: "b" // = 1 | ` + name + `: "b" // > // = 1 | ` + name + `: "b"`})
	}
	for _, name := range []string{"Keep-Alive", "Proxy-Connection", "TE", "Upgrade", "Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Authorization"} {
		list = append(list, ruling{must, "3.1", name + " is not stored", "> // < 200 | CC: max-age=60 | " + name + ": b // = 1 // > // <? 200 // = * | !" + name})
	}
	return list
}

// cacheStatus: RFC 9211.
func cacheStatus() []ruling {
	return []ruling{
		{good, "9211 2", "hit", "> // < 200 | CC: max-age=60 // = 1 // > // = 1 | Cache-Status ~ ; hit"},
		{must, "9211 2.1", "a miss is no hit", "> // < 200 | CC: max-age=60 // = 1 | Cache-Status !~ hit"},
		{good, "9211 2.2", "fwd of a miss", "> // < 200 | CC: max-age=60 // = 1 | Cache-Status ~ fwd="},
		{good, "9211 2.2", "uri-miss", "> // < 200 | CC: max-age=60 // = 1 | Cache-Status ~ miss"},
		{good, "9211 2.2", "fwd of a method", "> POST | =x // < 200 // = 1 | Cache-Status ~ fwd=method"},
		{good, "9211 2.2", "fwd of what is stale", "> // < 200 | CC: max-age=0 // = 1 // > // < 200 | CC: max-age=60 // = 2 | Cache-Status ~ fwd=stale"},
		{good, "9211 2.2", "fwd of a request's no-cache", "> // < 200 | CC: max-age=60 // = 1 // > | CC: no-cache // < 200 // = 2 | Cache-Status ~ fwd=request"},
		{note, "9211 2.2", "fwd of another variant", "> | A: 1 // < 200 | CC: max-age=60 | Vary: A // = 1 // > | A: 2 // < 200 // = 2 | Cache-Status ~ fwd=vary-miss"},
		{must, "9211 2.2", "hit and fwd exclude each other", "> // < 200 | CC: max-age=60 // = 1 // > // = 1 | Cache-Status !~ fwd"},
		{good, "9211 2.5", "stored", "> // < 200 | CC: max-age=60 // = 1 | Cache-Status ~ ; stored"},
		{must, "9211 2.5", "not stored", "> // < 200 | CC: no-store // = 1 | Cache-Status !~ ; stored"},
		{good, "9211 2.4", "ttl", "> // < 200 | CC: max-age=3600 | Age: 600 // = 1 // > // = 1 | Cache-Status ~ ttl=2"},
		{note, "9211 2.4", "ttl of what is stale is negative", "> // < 200 | CC: max-age=60, stale-if-error=600 | Age: 100 // = 1 // > // < 503 // = 1 200 | Cache-Status ~ ttl=-"},
		{must, "9211 2", "behind those of other caches", `> // < 200 | CC: max-age=60 | Cache-Status: "Other"; hit // = 1 | Cache-Status ~ "Other"; hit, `},
		{must, "9211 2", "behind those of other caches, on a hit", `> // < 200 | CC: max-age=60 | Cache-Status: Other; fwd=miss // = 1 // > // = 1 | Cache-Status ~ Other; fwd=miss, `},
		{good, "9211 2.3", "fwd-status of a validation", `> // < 200 | CC: max-age=0 | ETag: "a" // = 1 // > // < 304 | ETag: "a" // = 1 200 | Cache-Status ~ fwd-status=304`},
		{good, "9211 2", "on an answer of its own", "> | CC: only-if-cached // = * 504 | Cache-Status ~ ;"},
		{good, "9211 2", "on a 304", `> // < 200 | CC: max-age=60 | ETag: "a" // = 1 // > | INM: "a" // = - 304 | Cache-Status ~ ; hit`},
	}
}

// targeted: CDN-Cache-Control (RFC 9213), a dictionary of RFC 9651.
func targeted() []ruling {
	list := []ruling{
		{good, "9213 2.2", "in place of no-store", hit("CC: no-store | CDN-Cache-Control: max-age=60")},
		{good, "9213 2.2", "in place of private", hit("CC: private | CDN-Cache-Control: max-age=60")},
		{good, "9213 2.2", "in place of max-age=0", hit("CC: max-age=0 | CDN-Cache-Control: max-age=60")},
		{good, "9213 2.2", "in place of Expires", hit("Expires: 0 | CDN-Cache-Control: max-age=60")},
		{good, "9213 2.2", "alone", hit("CDN-Cache-Control: max-age=60")},
		{good, "9213 2.2", "s-maxage", hit("CC: no-store | CDN-Cache-Control: max-age=0, s-maxage=60")},
		{must, "9213 2.2", "no Expires beside it", miss("Expires: {now+600} | CDN-Cache-Control: max-age=0")},
		{must, "9213 2.2", "no max-age of Cache-Control beside it", miss("CC: max-age=600 | CDN-Cache-Control: foo")},
		{must, "9213 2.2", "no Expires beside an unknown one", miss("Expires: {now+600} | CDN-Cache-Control: foo")},
		{must, "9213 2.2", "its Age counts", miss("CC: max-age=600 | CDN-Cache-Control: max-age=60 | Age: 100")},
		{must, "9213 2.2", "must-revalidate of it", `> // < 200 | CC: max-age=60 | CDN-Cache-Control: max-age=60, must-revalidate, stale-if-error=60 | Age: 100 // = 1 // > // < 503 // = 2`},
		{good, "9213 2.2", "stale-if-error of it", `> // < 200 | CC: max-age=60, must-revalidate | CDN-Cache-Control: max-age=60, stale-if-error=600 | Age: 100 // = 1 // > // < 503 // = 1 200`},
		{good, "9213 2", "it goes on", "> // < 200 | CDN-Cache-Control: max-age=60 | CC: no-store // = 1 // > // = 1 | CDN-Cache-Control: max-age=60 | CC: no-store"},
		{good, "9213 2", "Cache-Control and Expires go on", "> // < 200 | CDN-Cache-Control: max-age=60 | Expires: 0 | CC: no-store // = 1 // > // = 1 | CC: no-store | Expires: 0"},
		{must, "9213 2", "another's field is not ours", miss("Other-Cache-Control: max-age=60")},
		{good, "9213 2.2", "the list is in order", hit("Uncache-Cache-Control: max-age=60 | CDN-Cache-Control: no-store")},
		{must, "9213 2.2", "the list is in order, the other way", miss("Uncache-Cache-Control: no-store | CDN-Cache-Control: max-age=60")},
		{good, "9213 2.2", "the first is invalid, the second counts", hit("Uncache-Cache-Control: max-age=60, & | CDN-Cache-Control: max-age=60 | CC: no-store")},
		{must, "9213 2.2", "a 304 changes it", `> // < 200 | CDN-Cache-Control: max-age=0 | ETag: "a" // = 1 // > // < 304 | CDN-Cache-Control: no-store | ETag: "a" // = 1 200 // > // < 200 // = 3`},
		{good, "9213 2.2", "a 304 freshens by it", `> // < 200 | CDN-Cache-Control: max-age=0 | ETag: "a" // = 1 // > // < 304 | CDN-Cache-Control: max-age=60 | ETag: "a" // = 1 200 // > // = 1 200`},
		{must, "3.5", "public of Cache-Control beside it", "> | Authorization: x // < 200 | CC: public | CDN-Cache-Control: max-age=60 // = 1 // > // < 200 // = 2"},
		{good, "3.5", "public of it", "> | Authorization: x // < 200 | CDN-Cache-Control: max-age=60, public // = 1 // > // = 1"},
		{note, "9213 2.1", "a boolean that is false", hit("CC: max-age=60 | CDN-Cache-Control: max-age=60, no-store=?0")},
	}
	for _, v := range []string{"max-age=60", "foo, max-age=60", "max-age=60;x=1", "max-age=60;x", "max-age=0, max-age=60", `foo="a, no-store", max-age=60`, "foo=(a b), max-age=60", "max-age=0060", "foo=:YWJj:, max-age=60", "foo=1.5, max-age=60", `max-age=60\t,\tfoo`, " max-age=60 ", "foo=?0, max-age=60", "*foo, max-age=60", "a.b_c=*x/y:z, max-age=60", "foo | CDN-Cache-Control: max-age=60", "max-age=999999999999999", "foo=-5, max-age=60"} {
		list = append(list, ruling{good, "9213 2.1", "valid, fresh: " + v, hit("CC: no-store | CDN-Cache-Control: " + v)})
	}
	for _, v := range []string{"no-store", "max-age=60, no-store", "no-store=?1, max-age=60", "private", "private, max-age=60", "no-cache", "no-cache, max-age=60", "max-age=0", "max-age=60, max-age=0", "s-maxage=0, max-age=60", "max-age=60, s-maxage=0", "no-store;x=1, max-age=60", "max-age=60 | CDN-Cache-Control: no-store", "max-age=60 | CDN-Cache-Control: max-age=0", `foo="max-age=60"`} {
		list = append(list, ruling{must, "9213 2.1", "valid, not to be reused: " + v, miss("CC: max-age=600 | CDN-Cache-Control: " + v)})
	}
	for _, v := range []string{`max-age="60"`, "max-age=60.0", "max-age=-60", "max-age", "max-age=?1", "max-age=a60", "max-age=(60)", "max-age=:NjA=:"} {
		list = append(list, ruling{good, "9213 2.1", "of another type: " + v, miss("CC: max-age=600 | CDN-Cache-Control: " + v)})
	}
	// What cannot be parsed must be ignored: Cache-Control counts.
	for _, v := range []string{"", "max-age=60,", ",max-age=60", "max-age=60,,foo", "Max-Age=60", "max-age=60, &", "max-age = 60", "max-age= 60", "max-age=", "max-age=60 foo", `max-age="60`, "max-age='60'", "max-age=1234567890123456", "max-age=--60", "max-age=60, foo=é", "max-age=60;", "max-age=60; X=1", "max-age=60, foo=(a", "max-age=60, foo=?2", "max-age=60, foo=:a", "max-age=6e1", "max-age=60, 1foo", `max-age=60, foo="a\b"`, "max-age=60, NO-STORE", "max-age=1.2345", "max-age=1.", "max-age=60, foo==", "max-age=60 | CDN-Cache-Control: &"} {
		list = append(list,
			ruling{must, "9213 2.2", "invalid, so no-store counts: " + v, miss("CC: no-store | CDN-Cache-Control: " + v)},
			ruling{good, "9213 2.2", "invalid, so max-age counts: " + v, hit("CC: max-age=600 | CDN-Cache-Control: " + v)})
	}
	return list
}
