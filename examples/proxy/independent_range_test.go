package main

import "strings"

// ranges: answered from a complete stored response (9110 §14).
func ranges() []ruling {
	const lm = "Tue, 15 Nov 1994 12:45:26 GMT"
	with := func(asked, want string) string {
		return `> // < 200 | CC: max-age=600 | ETag: "a" | LM: ` + lm + ` | =0123456789 // = 1 // > | ` + asked + ` // = ` + want
	}
	list := []ruling{
		{good, "9110 15.3.7", "206 has what a 200 has", `> // < 200 | CC: max-age=600 | ETag: "a" | Vary: A | Content-Location: /x | X-A: b | =0123456789 // = 1 // > | Range: bytes=0-1 // = '01' 206 | CC: max-age=600 | ETag: "a" | Vary: A | Content-Location: /x | Date ~ GMT | Content-Length: 2 | Age >= 0`},
		{must, "9110 14.2", "Range of a HEAD", `> // < 200 | CC: max-age=600 | =0123456789 // = 1 // > HEAD | Range: bytes=0-1 // = - 200 | !Content-Range`},
		{must, "9110 14.2", "Range of a 404", `> // < 404 | CC: max-age=600 | =0123456789 // = 1 // > | Range: bytes=0-1 // = 1 404`},
		{must, "9110 14.2", "Range of a POST", `> // < 200 | CC: max-age=600 | =0123456789 // = 1 // > POST | Range: bytes=0-1 | =x // < 200 // = 2 200`},
		{must, "9110 14.2", "a 206 leaves the whole", `> // < 200 | CC: max-age=600 | =0123456789 // = 1 // > | Range: bytes=0-1 // = * // > // = 1 200 | Content-Length: 10`},
		{good, "9110 13.2.2", "If-None-Match before Range", with(`Range: bytes=0-1 | INM: "a"`, "- 304")},
		{good, "9110 13.2.2", "If-None-Match fails, then Range", with(`Range: bytes=0-1 | INM: "b"`, "'01' 206")},
		{good, "9110 13.2.2", "If-Modified-Since before Range", with(`Range: bytes=0-1 | IMS: `+lm, "- 304")},
		{must, "9110 13.1.5", "If-Range without Range", with(`If-Range: "a"`, "1 200")},
		{must, "9110 13.1.5", "If-Range without Range, another", with(`If-Range: "b"`, "1 200")},
		{good, "9110 13.1.5", "If-Range, the tag", with(`Range: bytes=0-1 | If-Range: "a"`, "'01' 206")},
		{must, "9110 13.1.5", "If-Range, another tag", with(`Range: bytes=0-1 | If-Range: "b"`, "1 200 | !Content-Range")},
		{must, "9110 13.1.5", "If-Range, a weak tag", with(`Range: bytes=0-1 | If-Range: W/"a"`, "1 200")},
		{must, "9110 13.1.5", "If-Range, weak twice", `> // < 200 | CC: max-age=600 | ETag: W/"a" | =0123456789 // = 1 // > | Range: bytes=0-1 | If-Range: W/"a" // = 1 200`},
		{must, "9110 13.1.5", "If-Range, a list", with(`Range: bytes=0-1 | If-Range: "a", "b"`, "1 200")},
		{must, "9110 13.1.5", "If-Range, *", with(`Range: bytes=0-1 | If-Range: *`, "1 200")},
		{must, "9110 13.1.5", "If-Range, no tag stored", `> // < 200 | CC: max-age=600 | =0123456789 // = 1 // > | Range: bytes=0-1 | If-Range: "a" // = 1 200`},
		{good, "9110 13.1.5", "If-Range, the date", with(`Range: bytes=0-1 | If-Range: `+lm, "'01' 206")},
		{must, "9110 13.1.5", "If-Range, a later date", with(`Range: bytes=0-1 | If-Range: Tue, 15 Nov 1994 12:45:27 GMT`, "1 200")},
		{must, "9110 13.1.5", "If-Range, an earlier date", with(`Range: bytes=0-1 | If-Range: Tue, 15 Nov 1994 12:45:25 GMT`, "1 200")},
		{must, "9110 13.1.5", "If-Range, no date", with(`Range: bytes=0-1 | If-Range: foo`, "1 200")},
		{must, "9110 13.1.5", "If-Range, a date that is not strong", `> // < 200 | CC: max-age=600 | Date: {now-9} | LM: {now-9} | =0123456789 // = 1 // > | Range: bytes=0-1 | If-Range: {now-9} // = 1 200`},
		{good, "9110 14.2", "If-Range fails on what cannot be satisfied", with(`Range: bytes=90- | If-Range: "b"`, "1 200")},
		{good, "9110 14.4", "416 says how long it is", with("Range: bytes=10-", "* 416 | Content-Range: bytes */10")},
		{good, "9110 14.6", "several ranges", with("Range: bytes=0-1,5-6", "* 206 | Content-Type ~ multipart/byteranges; boundary= | !Content-Range")},
		{good, "9110 14.1.2", "several ranges, one can be satisfied", with("Range: bytes=0-1,50-60", "* 206")},
		{good, "9110 14.2", "a range of what was validated", `> // < 200 | CC: max-age=0 | ETag: "a" | =0123456789 // = 1 // > | Range: bytes=0-1 // <? 304 | ETag: "a" // = '01' 206`},
		{good, "9110 14.2", "a range of what came in chunks", `> // < 200 | CC: max-age=600 | chunked | =0123456789 // = 1 // > | Range: bytes=8- // = '89' 206 | Content-Range: bytes 8-9/10`},
		{good, "9110 14.2", "a range of a variant", `> | A: 1 // < 200 | CC: max-age=600 | Vary: A | =0123456789 // = 1 // > | A: 1 | Range: bytes=0-0 // = '0' 206`},
		{must, "9110 14.2", "a range of another variant", `> | A: 1 // < 200 | CC: max-age=600 | Vary: A | =0123456789 // = 1 // > | A: 2 | Range: bytes=0-0 // < 206 | Content-Range: bytes 0-0/9 | =x // = 2 206`},
		{note, "9110 14.2", "too many ranges", with("Range: bytes=0-,0-,0-,0-,0-,0-,0-,0-,0-,0-,0-,0-", "1 200")},
		{note, "9110 14.2", "two lines of Range", with("Range: bytes=0-1 | Range: bytes=5-6", "1 200")},
	}
	for _, r := range [][3]string{
		{"bytes=0-4", "01234", "0-4"}, {"bytes=5-", "56789", "5-9"}, {"bytes=-3", "789", "7-9"}, {"bytes=0-0", "0", "0-0"}, {"bytes=9-9", "9", "9-9"}, {"bytes=9-", "9", "9-9"}, {"bytes=-1", "9", "9-9"},
		{"bytes=0-", "0123456789", "0-9"}, {"bytes=0-9", "0123456789", "0-9"}, {"bytes=2-100", "23456789", "2-9"}, {"bytes=-10", "0123456789", "0-9"}, {"bytes=-100", "0123456789", "0-9"},
		{"bytes=8-99999999999999999999", "89", "8-9"}, {"bytes=-99999999999999999999", "0123456789", "0-9"}, {"Bytes=0-4", "01234", "0-4"}, {"BYTES=0-4", "01234", "0-4"}, {"bytes=000-004", "01234", "0-4"},
		{"bytes=0-4,", "01234", "0-4"}, {"bytes=,0-4", "01234", "0-4"}, {`bytes= 0-4`, "01234", "0-4"},
	} {
		d := good
		if strings.Contains(r[0], "99999") { // recipients MUST anticipate large numerals
			d = must
		}
		list = append(list, ruling{d, "9110 14.1.2", "Range: " + r[0], with("Range: "+r[0], "'"+r[1]+"' 206 | Content-Range: bytes "+r[2]+"/10")})
	}
	for _, r := range []string{"bytes=10-", "bytes=10-20", "bytes=99999999999999999999-", "bytes=-0", "bytes=50-60,70-80"} {
		list = append(list, ruling{good, "9110 14.1.2", "Range that is not there: " + r, with("Range: "+r, "* 416")})
	}
	for _, r := range []string{"foo=0-4", "items=0-4", "bytesx=0-4", "none=0-4"} {
		list = append(list, ruling{must, "9110 14.2", "Range in another unit: " + r, with("Range: "+r, "1 200")})
	}
	// One that is malformed may be ignored or refused; a part of it is wrong.
	for _, r := range []string{"bytes=5-2", "bytes 0-4", "bytes=abc", "bytes=", "bytes", "=0-4", "0-4", "bytes=-", "bytes=--1", "bytes=0-4-5", "bytes=+0-4", "bytes=0x0-4", "bytes=0-4;x", "bytes=0-4,5-2", `bytes="0-4"`, "bytes=1.0-4", "bytes=0-a", "bytes:0-4", "bytes=0 - 4", ""} {
		list = append(list, ruling{must, "9110 14.2", "malformed Range: " + r, with("Range: "+r, "* !206")})
	}
	return list
}

// partial: responses that are parts, and those that broke off (§3.3, §3.4).
func partial() []ruling {
	const part = `< 206 | CC: max-age=600 | ETag: "a" | Content-Range: bytes 0-4/10 | =01234`
	return []ruling{
		{must, "3.3", "a part is passed on", "> | Range: bytes=0-4 // " + part + " // @ Range: bytes=0-4 // = 1 206 | Content-Range: bytes 0-4/10"},
		{must, "3.3", "a part is not the whole", "> | Range: bytes=0-4 // " + part + " // = 1 // > // <? 200 | =0123456789 // = '0123456789' 200"},
		{must, "3.3", "a part is not another part", "> | Range: bytes=0-4 // " + part + " // = 1 // > | Range: bytes=5-9 // < 206 | Content-Range: bytes 5-9/10 | =56789 // = 2 206 | Content-Range: bytes 5-9/10"},
		{must, "3.3", "a part is not a longer part", "> | Range: bytes=0-4 // " + part + " // = 1 // > | Range: bytes=0-7 // < 206 | Content-Range: bytes 0-7/10 | =01234567 // = 2 206"},
		{must, "3.3", "a part is not a suffix", "> | Range: bytes=0-4 // " + part + " // = 1 // > | Range: bytes=-4 // < 206 | Content-Range: bytes 6-9/10 | =6789 // = 2 206"},
		{note, "3.3", "a part is kept for its like", "> | Range: bytes=0-4 // " + part + " // = 1 // > | Range: bytes=0-4 // = 1 206"},
		{note, "3.3", "a part is kept for a smaller one", "> | Range: bytes=0-4 // " + part + " // = 1 // > | Range: bytes=1-2 // = '12' 206"},
		{must, "3.4", "parts of different representations are not combined", "> | Range: bytes=0-4 // " + part + ` // = 1 // > | Range: bytes=5-9 // < 206 | CC: max-age=600 | ETag: "b" | Content-Range: bytes 5-9/10 | =fghij // = 2 // > // <? 200 | =ABCDEFGHIJ // = 'ABCDEFGHIJ' 200`},
		{note, "3.4", "parts are combined", "> | Range: bytes=0-4 // " + part + ` // = 1 // > | Range: bytes=5-9 // < 206 | CC: max-age=600 | ETag: "a" | Content-Range: bytes 5-9/10 | =56789 // = 2 // > // = '0123456789' 200`},
		{must, "3.3", "206 to who asked for all is not stored", "> // " + part + " // = * // > // < 200 // = 2 200"},
		{must, "3.3", "206 without Content-Range is not stored", "> // < 206 | CC: max-age=600 // = * // > // < 200 // = 2 200"},
		{must, "3.3", "200 with Content-Range is not the whole", "> // < 200 | CC: max-age=600 | Content-Range: bytes 0-4/10 | =01234 // = * // > // < 200 // = 2 200"},
		{must, "3.3", "a multipart 206 is not the whole", "> | Range: bytes=0-1,3-4 // < 206 | CC: max-age=600 | Content-Type: multipart/byteranges; boundary=x // = 1 206 // > // < 200 // = 2 200"},
		{must, "3.3", "a part of a stale whole does not replace it", `> // < 200 | CC: max-age=0 | ETag: "b" | =0123456789 // = 1 // > | Range: bytes=0-4 // ` + part + ` // = * // > // < 200 | =abc // = 'abc' 200`},
		{must, "9110 15.5.17", "416 is not stored for who asked for all", "> | Range: bytes=90- // < 416 | CC: max-age=600 | Content-Range: bytes */10 // = 1 416 // > // < 200 // = 2 200"},
		{must, "9110 15.5.17", "416 is not stored for another range", "> | Range: bytes=90- // < 416 | CC: max-age=600 | Content-Range: bytes */10 // = 1 416 // > | Range: bytes=0-1 // < 206 | Content-Range: bytes 0-1/10 | =01 // = 2 206"},
		{good, "9110 14.2", "a 200 to a Range is stored", "> | Range: bytes=0-4 // < 200 | CC: max-age=600 | =0123456789 // = * // > // = 1 200"},
		{must, "9110 14.2", "a 200 to a Range and what follows", "> | Range: bytes=0-4 // < 200 | CC: max-age=600 | =0123456789 // = * // > | Range: bytes=5-9 // <? 206 | Content-Range: bytes 5-9/10 | =56789 // = '56789' 206"},
		{must, "3.3", "less than Content-Length", "> // < 200 | CC: max-age=600 | cut // = cut // > // < 200 // = 2"},
		{must, "3.3", "much less than Content-Length", "> // < 200 | CC: max-age=600 | Content-Length: 100000 | eof // = cut // > // < 200 // = 2"},
		{must, "3.3", "chunks without an end", "> // < 200 | CC: max-age=600 | chunked | cut // = cut // > // < 200 // = 2"},
		{must, "3.3", "less than Content-Length, then validated", `> // < 200 | CC: max-age=600 | ETag: "a" | cut // = cut // > // < 200 | ETag: "a" // @ !INM // = 2`},
		{must, "3.3", "less than Content-Length, then a range", `> // < 200 | CC: max-age=600 | ETag: "a" | cut // = cut // > | Range: bytes=0-2 // < 206 | Content-Range: bytes 0-2/10 | =abc // = 2 206`},
		{must, "3.3", "what broke off does not replace what is whole", `> // < 200 | CC: max-age=60, must-revalidate | Age: 100 | ETag: "a" // = 1 // > // < 200 | CC: max-age=600 | cut // > // < 200 // = 3`},
		{good, "3.3", "the end of the connection is the end", "> // < 200 | CC: max-age=600 | eof // = 1 // > // = 1"},
		{good, "3.3", "chunks", "> // < 200 | CC: max-age=600 | chunked // = 1 // > // = 1"},
		{must, "9112 6.3", "a length that is none", "> // < 200 | CC: max-age=600 | Content-Length: foo // = * 502 // > // < 200 // = 2"},
		{must, "9112 6.3", "two lengths", "> // < 200 | CC: max-age=600 | Content-Length: 5 | Content-Length: 6 // = * 502 // > // < 200 // = 2"},
		{must, "9112 6.1", "a length and chunks", "> // < 200 | CC: max-age=600 | Content-Length: 3 | chunked // <? 200 // = * | Content-Length !~ 3"},
	}
}
