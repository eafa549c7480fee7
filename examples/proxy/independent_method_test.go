package main

// methods: which of them are answered from the store (§2, §4, 9110 §9).
func methods() []ruling {
	list := []ruling{
		{good, "4", "HEAD from a GET", "> // < 200 | CC: max-age=60 | X-A: b // = 1 // > HEAD // = - 200 | X-A: b"},
		{must, "9110 9.3.2", "HEAD has no body", "> HEAD // < 200 | CC: max-age=60 // = - 200"},
		{must, "4", "GET from a HEAD", "> HEAD // < 200 | CC: max-age=60 // = - // > // < 200 // = 2"},
		{good, "9110 9.3.2", "HEAD from a GET has its length", "> // < 200 | CC: max-age=60 | =0123456789 // = 1 // > HEAD // = - 200 | Content-Length: 10"},
		{note, "4", "HEAD from a HEAD", "> HEAD // < 200 | CC: max-age=60 // = - // > HEAD // = -"},
		{must, "4", "POST is passed on", "> // < 200 | CC: max-age=60 // = 1 // > POST | =x // < 200 // = 2"},
		{must, "4", "POST twice", "> POST | =x // < 200 | CC: max-age=60 // = 1 // > POST | =x // < 200 // = 2"},
		{must, "4", "GET behind a POST", "> POST | =x // < 200 | CC: max-age=60 // = 1 // > // < 200 // = 2"},
		{note, "9110 9.3.3", "GET behind a POST with its Content-Location", "> POST | =x // < 200 | CC: max-age=60 | Content-Location: {path} // = 1 // > // = 1"},
		{must, "9110 9.3.3", "GET behind a POST with another Content-Location", "> POST | =x // < 200 | CC: max-age=60 | Content-Location: {path}/b // = 1 // > // < 200 // = 2"},
		{must, "9110 9.1", "methods have case", "> // < 200 | CC: max-age=60 // = 1 // > get // < 405 // = 2"},
		{must, "9110 9.3.1", "GET with content reaches the origin whole", "> | =x // < 200 | CC: no-store // @ Content-Length: 1 // = 1"},
		{note, "9110 9.3.1", "GET with content, then without", "> | =x // < 200 | CC: max-age=60 // = 1 // > // < 200 // = 2"},
		{note, "9110 9.3.1", "GET with content, from the store", "> // < 200 | CC: max-age=60 // = 1 // > | =x // < 200 // = 2"},
		{must, "9110 7.6.2", "OPTIONS with Max-Forwards: 0", "> OPTIONS | Max-Forwards: 0 // = * !502"},
		{must, "9110 7.6.2", "OPTIONS with Max-Forwards: 3", "> OPTIONS | Max-Forwards: 3 // < 200 // @ Max-Forwards: 2 // = 1"},
		{must, "9110 7.6.2", "TRACE with Max-Forwards: 0", "> TRACE | Max-Forwards: 0 // = * !502"},
		{must, "9110 7.6.2", "GET with Max-Forwards: 0 is passed on", "> | Max-Forwards: 0 // < 200 // = 1"},
	}
	for _, m := range []string{"OPTIONS", "PUT", "DELETE", "PATCH", "PROPFIND", "QUERY", "SEARCH", "REPORT", "FOO", "PURGE", "BAN", "TRACE", "LINK"} {
		list = append(list,
			ruling{must, "4", m + " is not answered from a GET", "> // < 200 | CC: max-age=60 // = 1 // > " + m + " // < 200 // = 2"},
			ruling{must, "4", m + " is not stored for itself", "> " + m + " // < 200 | CC: max-age=60, public // = 1 // > " + m + " // < 200 // = 2"},
			ruling{must, "4", m + " is not stored for GET", "> " + m + " // < 200 | CC: max-age=60, public // = 1 // > // < 200 // = 2"})
	}
	return list
}

// targets: what is one target URI, and what is two (§2, 9110 §4.2.3).
func targets() []ruling {
	one := func(a, b string) string { return "> " + a + " // < 200 | CC: max-age=60 // = 1 // > " + b + " // = 1" }
	two := func(a, b string) string {
		return "> " + a + " // < 200 | CC: max-age=60 // = 1 // > " + b + " // < 200 // = 2"
	}
	return []ruling{
		{good, "2", "the same query", one("?a=1&b=2", "?a=1&b=2")},
		{must, "2", "another query", two("?a=1", "?a=2")},
		{must, "2", "a query and none", two("", "?a=1")},
		{must, "2", "none and a query", two("?a=1", "")},
		{must, "2", "an empty query", two("", "?")},
		{note, "2", "the query in another order", two("?a=1&b=2", "?b=2&a=1")},
		{must, "2", "a parameter twice, in another order", two("?a=1&a=2", "?a=2&a=1")},
		{must, "2", "case of a query", two("?a=x", "?a=X")},
		{must, "2", "plus is no space", two("?a=b+c", "?a=b%20c")},
		{must, "2", "an encoded ampersand", two("?a=b&c", "?a=b%26c")},
		{must, "2", "a semicolon in a query", two("?a=b;c=d", "?a=b&c=d")},
		{must, "2", "a parameter with an empty value", two("?a", "?a=")},
		{must, "2", "a query that is no parameter", two("?%zz", "?%zy")},
		{must, "2", "a question mark in a query", two("?a?b", "?a%3Fb=")},
		{must, "2", "case of a path", two("/a", "/A")},
		{must, "2", "a slash at the end", two("/a", "/a/")},
		{must, "2", "two slashes", two("/a/b", "/a//b")},
		{must, "9110 4.2.3", "an encoded slash", two("/a/b", "/a%2Fb")},
		{must, "9110 4.2.3", "an encoded question mark", two("/a?b", "/a%3Fb")},
		{must, "9110 4.2.3", "an encoded percent sign", two("/a%41", "/a%2541")},
		{must, "9110 4.2.3", "an encoded semicolon", two("/a;b", "/a%3Bb")},
		{must, "2", "a path with a parameter", two("/a", "/a;b")},
		{must, "2", "a path with an extension", two("/a", "/a.css")},
		{must, "2", "an encoded line feed", two("/a", "/a%0A")},
		{must, "2", "an encoded zero byte", two("/a", "/a%00")},
		{note, "9110 4.2.3", "case of an encoding", one("/%c3%a9", "/%C3%A9")},
		{note, "9110 4.2.3", "an encoding that is not needed", one("/%7Ea", "/~a")},
		{note, "9110 4.2.3", "dot segments", one("/a", "/b/../a")},
		{must, "2", "what is another path must not be one", two("/a/b", "/a/..%2Fb")},
		{must, "2", "another host", two("| Host: a.example", "| Host: b.example")},
		{must, "2", "another port", two("| Host: a.example:81", "| Host: a.example:82")},
		{must, "2", "a port and none", two("| Host: a.example", "| Host: a.example:81")},
		{good, "9110 4.2.3", "case of a host", one("| Host: a.example", "| Host: A.EXAMPLE")},
		{good, "9110 4.2.3", "the default port", one("| Host: a.example", "| Host: a.example:80")},
		{must, "9110 4.2.3", "the port of https is not that of http", two("| Host: a.example", "| Host: a.example:443")},
		{good, "9112 3.2.2", "absolute form", one("", "http://{host}{path}")},
		{good, "9112 3.2.2", "absolute form first", one("http://{host}{path}", "")},
		{must, "9112 3.2.2", "absolute form has another host", two("| Host: a.example", "http://b.example{path} | Host: a.example")},
		{must, "9112 3.2.2", "absolute form counts, not Host", "> http://b.example{path} | Host: a.example // < 200 | CC: max-age=60 // @ Host: b.example // = 1 // > | Host: a.example // < 200 // = 2"},
		{good, "9112 3.2.2", "absolute form counts for the hit", one("| Host: b.example", "http://b.example{path} | Host: a.example")},
		{must, "2", "X-Forwarded-Host is not the host", "> | X-Forwarded-Host: evil.example // < 200 | CC: max-age=60 // @ X-Forwarded-Host !~ evil // = 1"},
		{must, "9110 12.5.3", "no Accept-Encoding is made up", "> // < 200 | CC: no-store // @ !Accept-Encoding // = 1"},
		{good, "9110 10.1.5", "no User-Agent is made up", "> // < 200 | CC: no-store // @ !User-Agent // = 1"},
		{must, "9110 7.7", "the target is passed on as it is", "> /a%2Fb/%7e;c//d?e=%zz&f=+&& // < 200 | CC: no-store // @ Request-Line: GET {path}/a%2Fb/%7e;c//d?e=%zz&f=+&& // = 1"},
		{must, "9110 7.2", "Host is passed on", "> | Host: a.example // < 200 | CC: no-store // @ Host: a.example // = 1"},
		{note, "9112 3.2.2", "no Host in HTTP/1.0", "> HTTP/1.0 // < 200 | CC: max-age=60 // = 1"},
	}
}

// variants: Vary (§4.1).
func variants() []ruling {
	one := func(vary, a, b string) string {
		return "> " + a + " // < 200 | CC: max-age=60 | Vary: " + vary + " // = 1 // > " + b + " // = 1"
	}
	two := func(vary, a, b string) string {
		return "> " + a + " // < 200 | CC: max-age=60 | Vary: " + vary + " // = 1 // > " + b + " // < 200 | CC: no-store // = 2"
	}
	return []ruling{
		{good, "4.1", "the same value", one("Foo", "| Foo: a", "| Foo: a")},
		{must, "4.1", "another value", two("Foo", "| Foo: a", "| Foo: b")},
		{must, "4.1", "a value, then none", two("Foo", "| Foo: a", "")},
		{must, "4.1", "none, then a value", two("Foo", "", "| Foo: a")},
		{good, "4.1", "none twice", one("Foo", "", "")},
		{must, "4.1", "an empty value is not none", two("Foo", "", "| Foo:")},
		{must, "4.1", "none is not an empty value", two("Foo", "| Foo:", "")},
		{must, "4.1", "case of a value", two("Foo", "| Foo: a", "| Foo: A")},
		{must, "4.1", "Vary in lower case", two("foo", "| Foo: a", "| Foo: b")},
		{good, "4.1", "Vary in upper case", one("FOO", "| foo: a", "| Foo: a")},
		{good, "4.1", "fields that are not named", one("Foo", "| Foo: a | Bar: b", "| Foo: a | Bar: c")},
		{must, "4.1", "the second of two", two("Foo, Bar", "| Foo: a | Bar: b", "| Foo: a | Bar: c")},
		{must, "4.1", "the first of two", two("Foo, Bar", "| Foo: a | Bar: b", "| Foo: c | Bar: b")},
		{good, "4.1", "both of two, in another order", one("Foo, Bar", "| Foo: a | Bar: b", "| Bar: b | Foo: a")},
		{must, "4.1", "values that change places", two("Foo, Bar", "| Foo: a | Bar: b", "| Foo: b | Bar: a")},
		{must, "4.1", "no space", two("Foo,Bar", "| Foo: a | Bar: b", "| Foo: a | Bar: c")},
		{must, "4.1", "tabs", two(`Foo\t,\tBar`, "| Foo: a | Bar: b", "| Foo: a | Bar: c")},
		{must, "4.1", "empty elements in Vary", two(",,Foo,,", "| Foo: a", "| Foo: b")},
		{good, "4.1", "empty elements in Vary, the same", one(",,Foo,,", "| Foo: a", "| Foo: a")},
		{must, "4.1", "two lines of Vary", two("Foo | Vary: Bar", "| Foo: a | Bar: b", "| Foo: a | Bar: c")},
		{good, "4.1", "Vary is empty", one("", "| Foo: a", "| Foo: b")},
		{must, "4.1", "*", two("*", "", "")},
		{must, "4.1", "* behind", two("Foo, *", "| Foo: a", "| Foo: a")},
		{must, "4.1", "* before", two("*, Foo", "| Foo: a", "| Foo: a")},
		{must, "4.1", "* in a line of its own", two("Foo | Vary: *", "| Foo: a", "| Foo: a")},
		{must, "4.1", "* with empty elements", two(",, * ,,", "", "")},
		{must, "4.1", "two requests with *", two("*, *", "", "")},
		{good, "4.1", "space around a value", one("Foo", "| Foo: a", "| Foo:    a  ")},
		{note, "4.1", "space within a list", one("Foo", "| Foo: a,b", "| Foo: a, b")},
		{good, "4.1", "space within a list of languages", one("Accept-Language", "| Accept-Language: de,en", "| Accept-Language: de, en")},
		{good, "4.1", "two lines as one", one("Foo", "| Foo: a | Foo: b", "| Foo: a, b")},
		{must, "4.1", "order of lines", two("Foo", "| Foo: a | Foo: b", "| Foo: b | Foo: a")},
		{must, "4.1", "a second line", two("Foo", "| Foo: a", "| Foo: a | Foo: b")},
		{must, "4.1", "a list is not its first", two("Foo", "| Foo: a, b", "| Foo: a")},
		{must, "4.1", "a comma within quotes", two("Foo", `| Foo: "a,b"`, `| Foo: "a, b"`)},
		{note, "4.1", "languages in another order", one("Accept-Language", "| Accept-Language: de, en;q=0.5", "| Accept-Language: en;q=0.5, de")},
		{must, "4.1", "Accept-Language", two("Accept-Language", "| Accept-Language: de", "| Accept-Language: en")},
		{must, "4.1", "Accept-Encoding", two("Accept-Encoding", "| Accept-Encoding: gzip", "| Accept-Encoding: br")},
		{must, "4.1", "Accept-Encoding and none", two("Accept-Encoding", "| Accept-Encoding: gzip", "")},
		{must, "4.1", "Cookie", two("Cookie", "| Cookie: a=b", "| Cookie: a=c")},
		{must, "4.1", "Cookie and none", two("Cookie", "| Cookie: a=b", "")},
		{must, "4.1", "User-Agent", two("User-Agent", "| User-Agent: a", "| User-Agent: b")},
		{must, "4.1", "User-Agent and none", two("User-Agent", "", "| User-Agent: Go-http-client/1.1")},
		{must, "4.1", "Origin", two("Origin", "| Origin: http://a.example", "| Origin: http://b.example")},
		{must, "4.1", "Authorization", two("Authorization", "| Authorization: a", "| Authorization: b")},
		{must, "4.1", "a field that Connection names is not there", two("Foo", "| Foo: a | Connection: close, Foo", "| Foo: a")},
		{must, "4.1", "a 404 varies", "> | Foo: a // < 404 | CC: max-age=60 | Vary: Foo // = 1 // > | Foo: b // < 200 // = 2"},
		{must, "4.1", "HEAD varies", "> | Foo: a // < 200 | CC: max-age=60 | Vary: Foo | X-A: a // = 1 // > HEAD | Foo: b // < 200 | X-A: b // = - | X-A: b"},
		{good, "4.1", "two variants", "> | Foo: a // < 200 | CC: max-age=60 | Vary: Foo // = 1 // > | Foo: b // < 200 | CC: max-age=60 | Vary: Foo // = 2 // > | Foo: a // = 1 // > | Foo: b // = 2"},
		{good, "4.1", "four variants of two fields", "> | A: 1 | B: 1 // < 200 | CC: max-age=60 | Vary: A, B // = 1 // > | A: 1 | B: 2 // < 200 | CC: max-age=60 | Vary: A, B // = 2 // > | A: 2 | B: 1 // < 200 | CC: max-age=60 | Vary: B, A // = 3 // > | A: 2 // < 200 | CC: max-age=60 | Vary: A, B // = 4 // > | A: 1 | B: 1 // = 1 // > | A: 1 | B: 2 // = 2 // > | A: 2 | B: 1 // = 3 // > | A: 2 // = 4"},
		{must, "4", "the newest of two that fit, stored last", "> | A: 1 | B: 1 // < 200 | CC: max-age=600 | Vary: A | Date: {now-100} // = 1 // > | A: 2 | B: 1 // < 200 | CC: max-age=600 | Vary: B | Date: {now-50} // = 2 // > | A: 1 | B: 1 // <? 200 | CC: no-store | Age: 0 // = * | Age < 75"},
		{must, "4", "the newest of two that fit, stored first", "> | A: 1 | B: 1 // < 200 | CC: max-age=600 | Vary: A | Date: {now-50} // = 1 // > | A: 2 | B: 1 // < 200 | CC: max-age=600 | Vary: B | Date: {now-100} // = 2 // > | A: 1 | B: 1 // <? 200 | CC: no-store | Age: 0 // = * | Age < 75"},
		{note, "4.1", "one that varies by less", "> | A: 1 // < 200 | CC: max-age=60 | Vary: A // = 1 // > | A: 2 // < 200 | CC: max-age=60 | Vary: A, B // = 2 // > | A: 1 | B: 7 // = 1"},
		{must, "4.1", "one that varies by more", "> | A: 1 | B: 1 // < 200 | CC: max-age=60 | Vary: A, B // = 1 // > | A: 2 // < 200 | CC: max-age=60 | Vary: A // = 2 // > | A: 1 | B: 2 // < 200 // = 3"},
		{good, "4.1", "a variant that is stale leaves the other", "> | A: 1 // < 200 | CC: max-age=60 | Vary: A // = 1 // > | A: 2 // < 200 | CC: max-age=0 | Vary: A // = 2 // > | A: 1 // = 1"},
		{must, "4.1", "Vary comes late", "> | A: 1 // < 200 | CC: max-age=0 // = 1 // > | A: 2 // < 200 | CC: max-age=60 | Vary: A // = 2 // > | A: 1 // < 200 // = 3"},
	}
}
