package main

import (
	"fmt"
	"strings"
)

// unsafes: what unsafe methods invalidate (§4.4).
func unsafes() []ruling {
	// What is stored for /a, an answer to an unsafe request for the case's path
	// with one field, and whether /a is asked for again.
	other := func(field string, gone bool) string {
		s := "> /a // < 200 | CC: max-age=60 // = 1 // > POST | =x // < 201 | " + field + " // = 2 // > /a // "
		if gone {
			return s + "< 200 // = 3"
		}
		return s + "= 1"
	}
	list := []ruling{
		{must, "4.4", "POST invalidates all variants", "> | A: 1 // < 200 | CC: max-age=60 | Vary: A // = 1 // > | A: 2 // < 200 | CC: max-age=60 | Vary: A // = 2 // > POST | =x // < 200 // = 3 // > | A: 1 // < 200 // = 4 // > | A: 2 // < 200 // = 5"},
		{must, "4.4", "POST invalidates for HEAD", "> // < 200 | CC: max-age=60 // = 1 // > POST | =x // < 200 // = 2 // > HEAD // < 200 // = -"},
		{must, "4.4", "POST with Authorization", "> // < 200 | CC: max-age=60 // = 1 // > POST | Authorization: x | =x // < 200 | CC: private // = 2 // > // < 200 // = 3"},
		{must, "4.4", "POST with no-store", "> // < 200 | CC: max-age=60 // = 1 // > POST | CC: no-store | =x // < 200 | CC: no-store // = 2 // > // < 200 // = 3"},
		{must, "4.4", "POST with a 103 first", "> // < 200 | CC: max-age=60 // = 1 // > POST | =x // < 103 | Link: x // < 200 // = 2 // > // < 200 // = 3"},
		{must, "4.4", "POST to a query", "> ?a=1 // < 200 | CC: max-age=60 // = 1 // > POST ?a=1 | =x // < 200 // = 2 // > ?a=1 // < 200 // = 3"},
		{good, "4.4", "POST to another query", "> ?a=1 // < 200 | CC: max-age=60 // = 1 // > POST ?a=2 | =x // < 200 // = 2 // > ?a=1 // = 1"},
		{good, "4.4", "POST to another path", "> /a // < 200 | CC: max-age=60 // = 1 // > POST /b | =x // < 200 // = 2 // > /a // = 1"},
		{good, "4.4", "POST to another host", "> | Host: a.example // < 200 | CC: max-age=60 // = 1 // > POST | Host: b.example | =x // < 200 // = 2 // > | Host: a.example // = 1"},
		{must, "4.4", "POST to the same host in capitals", "> | Host: a.example // < 200 | CC: max-age=60 // = 1 // > POST | Host: A.Example | =x // < 200 // = 2 // > | Host: a.example // < 200 // = 3"},
		{must, "4.4", "POST in absolute form", "> // < 200 | CC: max-age=60 // = 1 // > POST http://{host}{path} | =x // < 200 // = 2 // > // < 200 // = 3"},
		{must, "4.4", "what was stale is not validated as it was", `> // < 200 | CC: max-age=60 | ETag: "a" // = 1 // > POST | =x // < 204 // = 2 // > // < 200 | ETag: "b" // = 3`},
		{must, "4.4", "POST that is a redirect", "> // < 200 | CC: max-age=60 // = 1 // > POST | =x // < 303 | Location: /elsewhere // = 2 // > // < 200 // = 3"},
		{must, "4.4", "POST, the origin hangs up", "> // < 200 | CC: max-age=60 // = 1 // > POST | =x // < close // = * !200"},
		{good, "4.4", "GET with Location", "> /a // < 200 | CC: max-age=60 // = 1 // > // < 201 | Location: {path}/a // = 2 // > /a // = 1"},
		{good, "4.4", "HEAD does not invalidate", "> // < 200 | CC: max-age=60 // = 1 // > HEAD // = - // > // = 1"},
		{good, "4.4", "a failure with Location", "> /a // < 200 | CC: max-age=60 // = 1 // > POST | =x // < 400 | Location: {path}/a // = 2 // > /a // = 1"},
		{good, "4.4", "a failure of the server with Content-Location", "> /a // < 200 | CC: max-age=60 // = 1 // > POST | =x // < 500 | Content-Location: {path}/a // = 2 // > /a // = 1"},
		{good, "4.4", "Location and Content-Location", "> /a // < 200 | CC: max-age=60 // = 1 // > /b // < 200 | CC: max-age=60 // = 2 // > POST | =x // < 201 | Location: {path}/a | Content-Location: {path}/b // = 3 // > /a // < 200 // = 4 // > /b // < 200 // = 5"},
		{good, "4.4", "Location of a 303", "> /a // < 200 | CC: max-age=60 // = 1 // > POST | =x // < 303 | Location: {path}/a // = 2 // > /a // < 200 // = 3"},
	}
	for _, m := range []string{"POST", "PUT", "DELETE", "PATCH", "FOO", "M-SEARCH", "MKCOL", "PROPPATCH", "LOCK", "post"} {
		list = append(list, ruling{must, "4.4", m + " invalidates", "> // < 200 | CC: max-age=60 // = 1 // > " + m + " | =x // < 200 // = 2 // > // < 200 // = 3"})
	}
	for _, m := range []string{"OPTIONS", "TRACE", "PROPFIND", "REPORT", "SEARCH", "QUERY"} {
		d := good
		if len(m) > 5 && m != "OPTIONS" {
			d = note // safe, to who knows it
		}
		list = append(list, ruling{d, "9110 9.2.1", m + " is safe", "> // < 200 | CC: max-age=60 // = 1 // > " + m + " // < 200 // = 2 // > // = 1"})
	}
	for _, code := range []string{"200", "201", "202", "204", "206", "299", "301", "302", "303", "304", "307", "399"} {
		list = append(list, ruling{must, "4.4", "POST invalidates with " + code, "> // < 200 | CC: max-age=60 // = 1 // > POST | =x // < " + code + " // = 2 // > // < 200 // = 3"})
	}
	for _, code := range []string{"400", "401", "403", "404", "405", "409", "410", "412", "422", "429", "499", "500", "501", "502", "503", "504", "599"} {
		list = append(list, ruling{good, "4.4", "POST does not invalidate with " + code, "> // < 200 | CC: max-age=60 // = 1 // > POST | =x // < " + code + " // = 2 // > // = 1"})
	}
	for _, name := range []string{"Location", "Content-Location"} {
		for _, v := range []string{"{path}/a", "http://{host}{path}/a", "//{host}{path}/a", "HTTP://{host}{path}/a", "{path}/x/../a", "./..{path}/a", "{path}/a#x", "  {path}/a  ", "{path}/%61"} {
			list = append(list, ruling{good, "4.4", name + " " + v, other(name+": "+v, true)})
		}
		for _, v := range []string{"http://other.example{path}/a", "https://{host}{path}/a", "//other.example{path}/a", "http://127.0.0.1:1{path}/a", "http://{host}.evil.example{path}/a", "ftp://{host}{path}/a", "http://x@other.example{path}/a"} {
			list = append(list, ruling{must, "4.4", name + " of another origin: " + v, other(name+": "+v, false)})
		}
		for _, v := range []string{"", "::", "%zz", "{path}/b", "{path}", "http://", "/", "*", "javascript:x", "{path}/a/", "{path}/A", "{path}/a?b", "urn:a:b"} {
			list = append(list, ruling{good, "4.4", name + " is another: " + v, other(name+": "+v, false)})
		}
	}
	return list
}

// groups: RFC 9875.
func groups() []ruling {
	with := func(groups, invalidation string, gone bool) string {
		s := "> /a // < 200 | CC: max-age=60 | Cache-Groups: " + groups + " // = 1 // > POST | =x // < 200 | Cache-Group-Invalidation: " + invalidation + " // = 2 // > /a // "
		if gone {
			return s + "< 200 // = 3"
		}
		return s + "= 1"
	}
	list := []ruling{
		{good, "9875 3", "all of a group", `> /a // < 200 | CC: max-age=60 | Cache-Groups: "g" // = 1 // > /b // < 200 | CC: max-age=60 | Cache-Groups: "h", "g" // = 2 // > /c // < 200 | CC: max-age=60 | Cache-Groups: "h" // = 3 // > DELETE // < 200 | Cache-Group-Invalidation: "g" // = 4 // > /a // < 200 // = 5 // > /b // < 200 // = 6 // > /c // = 3`},
		{must, "9875 3", "a safe method invalidates no group", `> /a // < 200 | CC: max-age=60 | Cache-Groups: "g" // = 1 // > // < 200 | Cache-Group-Invalidation: "g" // = 2 // > /a // = 1`},
		{must, "9875 3", "HEAD invalidates no group", `> /a // < 200 | CC: max-age=60 | Cache-Groups: "g" // = 1 // > HEAD // < 200 | Cache-Group-Invalidation: "g" // = - // > /a // = 1`},
		{must, "9875 3", "OPTIONS invalidates no group", `> /a // < 200 | CC: max-age=60 | Cache-Groups: "g" // = 1 // > OPTIONS // < 200 | Cache-Group-Invalidation: "g" // = 2 // > /a // = 1`},
		{must, "9875 2.1", "another origin has other groups", `> | Host: a.example // < 200 | CC: max-age=60 | Cache-Groups: "g" // = 1 // > POST | Host: b.example | =x // < 200 | Cache-Group-Invalidation: "g" // = 2 // > | Host: a.example // = 1`},
		{must, "9875 2.1", "another port has other groups", `> | Host: a.example:81 // < 200 | CC: max-age=60 | Cache-Groups: "g" // = 1 // > POST | Host: a.example:82 | =x // < 200 | Cache-Group-Invalidation: "g" // = 2 // > | Host: a.example:81 // = 1`},
		{good, "9875 2.1", "the same origin in capitals", `> /a | Host: a.example // < 200 | CC: max-age=60 | Cache-Groups: "g" // = 1 // > POST | Host: A.EXAMPLE | =x // < 200 | Cache-Group-Invalidation: "g" // = 2 // > /a | Host: a.example // < 200 // = 3`},
		{note, "9875 3", "a failure invalidates no group", `> /a // < 200 | CC: max-age=60 | Cache-Groups: "g" // = 1 // > POST | =x // < 500 | Cache-Group-Invalidation: "g" // = 2 // > /a // = 1`},
		{note, "9875 2.2.1", "POST invalidates the groups of its target", `> /a // < 200 | CC: max-age=60 | Cache-Groups: "g" // = 1 // > // < 200 | CC: max-age=60 | Cache-Groups: "g" // = 2 // > POST | =x // < 200 // = 3 // > /a // < 200 // = 4`},
		{good, "9875 3", "all variants", `> /a | A: 1 // < 200 | CC: max-age=60 | Vary: A | Cache-Groups: "g" // = 1 // > /a | A: 2 // < 200 | CC: max-age=60 | Vary: A | Cache-Groups: "g" // = 2 // > POST | =x // < 200 | Cache-Group-Invalidation: "g" // = 3 // > /a | A: 1 // < 200 // = 4 // > /a | A: 2 // < 200 // = 5`},
		{good, "9875 2", "Cache-Groups goes on", `> // < 200 | CC: max-age=60 | Cache-Groups: "g" // = 1 // > // = 1 | Cache-Groups: "g"`},
		{good, "9875 3", "a group that a 304 gave", `> /a // < 200 | CC: max-age=0 | ETag: "a" // = 1 // > /a // < 304 | CC: max-age=60 | ETag: "a" | Cache-Groups: "g" // = 1 200 // > POST | =x // < 200 | Cache-Group-Invalidation: "g" // = 3 // > /a // < 200 // = 4`},
	}
	var many []string
	for i := range 128 {
		many = append(many, fmt.Sprintf(`"%032d"`, i))
	}
	for name, g := range map[string][2]string{
		"one": {`"g"`, `"g"`}, "the second": {`"x", "g"`, `"g"`}, "lines": {`"x" | Cache-Groups: "g"`, `"g"`}, "of a list": {`"g"`, `"x", "g"`}, "of lines": {`"g"`, `"x" | Cache-Group-Invalidation: "g"`},
		"parameters": {`"g";x=1`, `"g"`}, "parameters of the other": {`"g"`, `"g";x;y="z"`}, "escaped": {`"a\"b\\"`, `"a\"b\\"`}, "a space": {`"a b"`, `"a b"`}, "a comma": {`"a,b"`, `"a,b"`}, "tabs": {`"x"\t,\t"g"`, `"g"`}, "twice": {`"g", "g"`, `"g"`},
		"128 of 32 characters": {strings.Join(many, ", "), many[127]}, "of 128": {many[127], strings.Join(many, ", ")}, "empty": {`""`, `""`},
	} {
		list = append(list, ruling{good, "9875 2", "group, " + name, with(g[0], g[1], true)})
	}
	for name, g := range map[string][2]string{
		"case": {`"g"`, `"G"`}, "another": {`"g"`, `"h"`}, "a part": {`"ab"`, `"a"`}, "within a comma": {`"a,b"`, `"a"`}, "never ends": {`"g"`, `"g`}, "a comma at the end": {`"g"`, `"g",`}, "two commas": {`"g"`, `"x",,"g"`},
		"not ASCII": {`"g"`, `"g", "é"`}, "empty": {`"g"`, ``}, "garbage behind": {`"g"`, `"g" x`}, "single quotes": {`"g"`, `'g'`}, "a parameter in capitals": {`"g"`, `"g";X=1`},
	} {
		list = append(list, ruling{good, "9875 2", "no group, " + name, with(g[0], g[1], false)})
	}
	return append(list, ruling{note, "9875 2", "a token for a group", with(`"g"`, "g", false)})
}

// interim: 1xx (9110 §15.2).
func interim() []ruling {
	return []ruling{
		{must, "9110 15.2", "103 is passed on", "> // < 103 | Link: </x> // < 200 | CC: no-store // = 1 200 | Interim: 103 | Interim-Link: </x>"},
		{must, "9110 15.2", "102 is passed on", "> // < 102 // < 200 | CC: no-store // = 1 200 | Interim: 102"},
		{must, "9110 15.2", "an unknown 1xx is passed on", "> // < 199 // < 200 | CC: no-store // = 1 200 | Interim: 199"},
		{must, "9110 15.2", "several are passed on", "> // < 102 // < 103 | Link: </x> // < 200 | CC: no-store // = 1 200 | Interim: 102, 103"},
		{must, "9110 15.2", "103 is passed on from what is stored", "> // < 103 | Link: </x> // < 200 | CC: max-age=60 // = 1 200 | Interim: 103"},
		{good, "3", "the final response behind a 103 is stored", "> // < 103 | Link: </x> // < 200 | CC: max-age=60 // = 1 200 // > // = 1 200"},
		{good, "3", "the final response behind a 102 is stored", "> // < 102 // < 200 | CC: max-age=60 // = 1 200 // > // = 1 200"},
		{good, "3", "the final response behind a 100 is stored", "> // < 100 // < 200 | CC: max-age=60 // = 1 200 // > // = 1 200"},
		{must, "3", "fields of a 103 are not those of the 200", "> // < 103 | X-A: b | Link: </x> // < 200 | CC: max-age=60 // = 1 200 | !X-A | !Link // > // <? 200 // = * 200 | !X-A | !Link"},
		{must, "3", "a 103 with max-age", "> // < 103 | CC: max-age=60 // < 200 | CC: no-store // = 1 200 // > // < 200 // = 2"},
		{must, "3", "a 103 with max-age, a 200 without", "> // < 103 | CC: max-age=60 // < 200 // = 1 200 // > // < 200 // = 2"},
		{good, "3", "a 103 with no-store", "> // < 103 | CC: no-store // < 200 | CC: max-age=60 // = 1 200 // > // = 1 200"},
		{must, "3", "a 103 alone is not stored", "> // < 103 | CC: max-age=60 // < close // = * !200 // > // < 200 // = 2"},
		{must, "9110 15.2", "a 103 before a 304", `> // < 200 | CC: max-age=0 | ETag: "a" // = 1 // > // < 103 | X-A: b // < 304 | ETag: "a" // = 1 200 | !X-A`},
		{must, "9110 15.2", "a 103 before a 404", "> // < 103 | Link: </x> // < 404 | CC: no-store // = 1 404"},
		{must, "9110 15.2", "no 1xx for HTTP/1.0", "> HTTP/1.0 // < 103 | Link: </x> // < 200 | CC: no-store // = 1 200 | !Interim"},
		{must, "9110 10.1.1", "Expect: 100-continue", "> POST | Expect: 100-continue | =x // < 200 | CC: no-store // = 1 200"},
	}
}
