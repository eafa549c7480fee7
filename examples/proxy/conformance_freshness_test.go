package main

import "fmt"

func freshnessCases() []conformance {
	cases := []conformance{
		{optional, "§4.2.1", "max-age", reused("200 | Cache-Control: max-age=60")},
		{required, "§4.2.1", "max-age=0", notReused("200 | Cache-Control: max-age=0")},
		{required, "§4.2.3", "an Age beyond max-age", notReused("200 | Cache-Control: max-age=10 | Age: 20")},
		{required, "§4.2.3", "an Age of max-age", notReused("200 | Cache-Control: max-age=10 | Age: 10")},
		{required, "§4.2.3", "an apparent age beyond max-age", notReused("200 | Cache-Control: max-age=60 | Date: {now-70}")},
		{optional, "§4.2.3", "an apparent age within max-age", "> \n< 200 | Cache-Control: max-age=600 | Date: {now-30}\n= 1\n> \n= 1 | Age >= 30"},
		{required, "§5.1", "Age counts on", "> \n< 200 | Cache-Control: max-age=60 | Age: 30\n= 1 | Age: 30\n> \n= 1 | Age >= 30"},
		{required, "§5.1", "a response from the store has an Age", "> \n< 200 | Cache-Control: max-age=60\n= 1\n> \n= 1 | Age >= 0"},
		{optional, "§4.2.1", "s-maxage", reused("200 | Cache-Control: s-maxage=60")},
		{optional, "§5.2.2.10", "s-maxage before max-age", reused("200 | Cache-Control: max-age=0, s-maxage=60")},
		{required, "§5.2.2.10", "s-maxage=0 before max-age", notReused("200 | Cache-Control: max-age=60, s-maxage=0")},
		{optional, "§5.3", "Expires in the future", reused("200 | Expires: {now+60}")},
		{required, "§5.3", "Expires in the past", notReused("200 | Expires: {now-60}")},
		{required, "§5.3", "Expires equal to Date", notReused("200 | Expires: {now+0} | Date: {now+0}")},
		{optional, "§4.2.1", "Expires minus Date, by an origin whose clock is slow", notReused("200 | Date: {now-3600} | Expires: {now-3000}")},
		{required, "§4.2.1", "Expires minus Date, by an origin whose clock is fast", notReused("200 | Date: {now+3600} | Expires: {now+3600}")},
		{optional, "9110 §5.6.7", "Expires as RFC 850 has it", reused("200 | Expires: {rfc850+60}")},
		{optional, "9110 §5.6.7", "Expires as asctime has it", reused("200 | Expires: {asctime+60}")},
		{optional, "9110 §5.5", "space around Expires", reused("200 | Expires:   {now+60}  ")},
		{required, "§5.2.2.1", "max-age=0 before Expires", notReused("200 | Cache-Control: max-age=0 | Expires: {now+60}")},
		{optional, "§5.2.2.1", "max-age before Expires", reused("200 | Cache-Control: max-age=60 | Expires: {now-60}")},
		{optional, "§5.2.2.1", "max-age before an invalid Expires", reused("200 | Cache-Control: max-age=60 | Expires: 0")},
		{optional, "§4.2.1", "two Expires are stale", notReused("200 | Expires: {now+60} | Expires: {now+90}")},
		{optional, "§4.2.3", "no Date", "> \n< 200 | Date: | Cache-Control: max-age=60\n= 1 | Date ~ GMT\n> \n= 1 | Date ~ GMT"},
		{optional, "§4.2.3", "an invalid Date", reused("200 | Cache-Control: max-age=60 | Date: foo")},
		{optional, "§4.2.3", "a Date in the future", "> \n< 200 | Cache-Control: max-age=60 | Date: {now+3600}\n= 1\n> \n= 1 | Age: 0"},
		{optional, "§4.2.2", "a heuristic lifetime", reused("200 | Last-Modified: {now-36000}")},
		{required, "§4.2.2", "a heuristic lifetime that is over", "> \n< 200 | Last-Modified: {now-36000} | Age: 4000\n= 1\n> \n< 200\n? If-Modified-Since ~ GMT\n= 2"},
		{optional, "§4.2.2", "no guess without Last-Modified", notReused("200")},
		{optional, "§4.2.2", "no guess from a Last-Modified that is none", notReused("200 | Last-Modified: yesterday")},
		{optional, "§4.2.2", "no guess from a Last-Modified in the future", "> \n< 200 | Last-Modified: {now+3600}\n= 1\n> \n< 200\n= 2"},
		{required, "§4.2.2", "no guess beside a lifetime", "> \n< 200 | Last-Modified: {now-36000} | Cache-Control: max-age=0\n= 1\n> \n< 200\n= 2"},
	}
	for _, date := range []string{
		"0", "-1", "now", "2050", "Thu, 18 Aug 2050 02:01:18 UTC", "Thu, 18 Aug 2050 02:01:18 +0000", "Thu, 18 Aug 2050 02:01:18",
		"18 Aug 2050 02:01:18 GMT", "Thu, 18 Aug 2050 2:01:18 GMT", "Thu, 18 Aug 50 02:01:18 GMT", "Thu, 18-Aug-2050 02:01:18 GMT",
		"Thu, 18 Aug 2050 02:01 GMT", "Thu 18 Aug 2050 02:01:18 GMT", "Thu, 18  Aug 2050 02:01:18 GMT", "Thu, 18 Aug 2050 02.01.18 GMT",
		"Thu, 32 Aug 2050 02:01:18 GMT", "Thu, 18 Aug 2050 25:01:18 GMT", "2050-08-18T02:01:18Z",
	} {
		cases = append(cases, conformance{required, "§5.3", "Expires: " + date, notReused("200 | Expires: " + date)})
	}
	for _, age := range []string{"0", "5", "abc", "-20", "20.5", "20s", "20;x=1", `"20"`, "0, 20"} {
		cases = append(cases, conformance{optional, "§5.1", "Age: " + age, reused("200 | Cache-Control: max-age=10 | Age: " + age)})
	}
	for _, age := range []string{"20", "020", "20, 0", "99999999999", "18446744073709551617"} {
		cases = append(cases, conformance{required, "§5.1", "Age: " + age, notReused("200 | Cache-Control: max-age=10 | Age: " + age)})
	}
	cases = append(cases,
		conformance{required, "§5.1", "two Age lines, the first counts", notReused("200 | Cache-Control: max-age=10 | Age: 20 | Age: 0")},
		conformance{optional, "§1.2.2", "max-age beyond 2^31", reused("200 | Cache-Control: max-age=2147483649")},
		conformance{optional, "§1.2.2", "max-age beyond 2^64", reused("200 | Cache-Control: max-age=99999999999999999999")},
		conformance{required, "§1.2.2", "Age beyond max-age, both beyond 2^31", notReused("200 | Cache-Control: max-age=2147483648 | Age: 4294967296")},
	)
	return cases
}

func statusCases() []conformance {
	var cases []conformance
	for _, status := range []int{200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501} {
		cases = append(cases, conformance{optional, "9110 §15.1", fmt.Sprint("a heuristic lifetime for ", status),
			reused(fmt.Sprint(status, " | Last-Modified: {now-36000}"))})
	}
	for _, status := range []int{201, 202, 302, 303, 307, 400, 403, 429, 500, 502, 503, 504, 599} {
		cases = append(cases, conformance{required, "§4.2.2", fmt.Sprint("no heuristic lifetime for ", status),
			notReused(fmt.Sprint(status, " | Last-Modified: {now-36000}"))})
	}
	for _, status := range []int{200, 201, 203, 204, 299, 301, 302, 303, 307, 308, 400, 404, 410, 418, 499, 500, 502, 503, 504, 599} {
		cases = append(cases,
			conformance{optional, "§3", fmt.Sprint("a lifetime of its own for ", status),
				reused(fmt.Sprint(status, " | Cache-Control: max-age=60"))},
			conformance{required, "§4.2", fmt.Sprint("a stale ", status),
				notReused(fmt.Sprint(status, " | Cache-Control: max-age=10 | Age: 20"))})
	}
	for status, clause := range map[int]string{226: "3229 §10.4.1", 428: "6585 §3", 429: "6585 §4", 431: "6585 §5", 511: "6585 §6"} {
		cases = append(cases, conformance{required, clause, fmt.Sprint(status, " is not stored, whatever it says"),
			notReused(fmt.Sprint(status, " | Cache-Control: public, max-age=60"))})
	}
	return append(cases,
		conformance{required, "6585 §4", "a 429 takes nothing away", "> \n< 200 | Cache-Control: max-age=10 | Age: 20 | ETag: \"a\"\n= 1\n> \n< 429 | Cache-Control: max-age=60\n= 2\n> \n< 304 | ETag: \"a\"\n? If-None-Match: \"a\"\n= 1"},
		conformance{optional, "§4.2.2", "public makes a status heuristically cacheable", reused("201 | Last-Modified: {now-36000} | Cache-Control: public")},
		conformance{required, "§3.3", "a part is not the whole", notReused("206 | Content-Range: bytes 0-7/100 | Cache-Control: max-age=60")},
		conformance{required, "§3.3", "a part without its Content-Range", notReused("206 | Cache-Control: max-age=60")},
		conformance{required, "§3.3", "a body that breaks off", "> \n< 200 | Cache-Control: max-age=60 | cut\n= cut\n> \n< 200\n= 2"},
		conformance{required, "§3.3", "a chunked body that breaks off", "> \n< 200 | Cache-Control: max-age=60 | trailer | cut\n= cut\n> \n< 200\n= 2"},
		conformance{required, "9110 §15.2", "an interim response is not the final one", "> \n< 103 | Link: </a.css>\n< 200 | Cache-Control: max-age=60\n= 1 | !Link\n> \n= 1 | !Link"},
		conformance{required, "9110 §15.2", "several interim responses", "> \n< 102\n< 103 | X-A: 1\n< 103 | X-B: 1\n< 404 | Cache-Control: max-age=60\n= 1 | !X-A | !X-B\n> \n= 1"},
	)
}
