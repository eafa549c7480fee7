package main

import "strings"

// lifetimes: how max-age and s-maxage are read (§4.2.1, §5.2).
func lifetimes() []ruling {
	list := []ruling{
		{good, "4.2.1", "max-age", hit("CC: max-age=3600")},
		{must, "4.2.1", "max-age=0", miss("CC: max-age=0")},
		{must, "4.2", "max-age is over", miss("CC: max-age=60 | Age: 60")},
		{must, "4.2", "max-age runs out", "> // < 200 | CC: max-age=1 // = 1 // wait 2.1 // > // < 200 // = 2"},
		{good, "5.2.2.10", "s-maxage above max-age, behind", hit("CC: max-age=0, s-maxage=3600")},
		{good, "5.2.2.10", "s-maxage above max-age, before", hit("CC: s-maxage=3600, max-age=0")},
		{must, "5.2.2.10", "s-maxage=0 above max-age, behind", miss("CC: max-age=3600, s-maxage=0")},
		{must, "5.2.2.10", "s-maxage=0 above max-age, before", miss("CC: s-maxage=0, max-age=3600")},
		{must, "5.2.2.10", "s-maxage=0 in another line", miss("CC: max-age=3600 | CC: S-MAXAGE=0")},
		{must, "5.2.2.10", "s-maxage is over", miss("CC: s-maxage=60, max-age=3600 | Age: 60")},
		{must, "5.2.2.10", "s-maxage=0 above Expires", miss("CC: s-maxage=0 | Expires: {now+3600}")},
		{good, "5.2.2.10", "s-maxage above Expires", hit("CC: s-maxage=3600 | Expires: {now-3600}")},
		{good, "5.3", "max-age above Expires", hit("CC: max-age=3600 | Expires: {now-3600}")},
		{good, "5.3", "max-age above Expires: 0", hit("Expires: 0 | CC: max-age=3600")},
		{must, "5.3", "max-age=0 above Expires", miss("CC: max-age=0 | Expires: {now+3600}")},
		{good, "5.2", "directives have no case", hit("CC: MaX-aGe=3600")},
		{good, "5.2", "max-age in quotes", hit(`CC: max-age="3600"`)},
		{must, "5.2", "max-age=0 in quotes", miss(`CC: max-age="0"`)},
		{must, "5.2", "s-maxage=0 in quotes", miss(`CC: s-maxage="0", max-age=3600`)},
		{good, "1.2.2", "leading zeros", hit("CC: max-age=0003600")},
		{must, "1.2.2", "only zeros", miss("CC: max-age=000")},
		{good, "5.2.3", "unknown directive before", hit("CC: foo, max-age=3600")},
		{good, "5.2.3", "unknown directive with a value", hit("CC: foo=bar, max-age=3600")},
		{good, "5.2.3", "unknown directive with quotes", hit(`CC: foo="bar", max-age=3600`)},
		{good, "9110 5.6.4", "a comma in quotes", hit(`CC: foo="x, max-age=0, y", max-age=3600`)},
		{must, "9110 5.6.4", "max-age in quotes of another", miss(`CC: foo="x, max-age=3600, y"`)},
		{good, "9110 5.6.4", "an escaped quote", hit(`CC: foo="x\", max-age=0", max-age=3600`)},
		{must, "9110 5.6.4", "max-age behind an escaped quote", miss(`CC: foo="x\", max-age=3600"`)},
		{good, "9110 5.6.1", "empty elements", hit("CC: ,, ,max-age=3600,, ,")},
		{good, "9110 5.6.1", "an empty line first", hit("CC: | CC: max-age=3600")},
		{good, "9110 5.6.3", "tabs", hit(`CC: \tfoo\t,\tmax-age=3600\t`)},
		{good, "9110 5.3", "two lines", hit("CC: foo | CC: max-age=3600")},
		{good, "9110 5.1", "name of the field in lower case", hit("cache-control: max-age=3600")},
		{good, "5.2.3", "a directive that begins like max-age", hit("CC: max-agex=0, max-age=3600")},
		{must, "5.2.3", "a directive that ends in max-age", miss("CC: xmax-age=3600")},
		{must, "5.2.2", "max_age", miss("CC: max_age=3600")},
		{good, "4.2.1", "the first of two is shorter", miss("CC: max-age=0, max-age=3600")},
		{good, "4.2.1", "the first of two lines is shorter", miss("CC: max-age=0 | CC: max-age=3600")},
		{note, "4.2.1", "the first of two is longer", miss("CC: max-age=3600, max-age=0")},
		{good, "4.2.1", "the same twice", hit("CC: max-age=3600, max-age=3600")},
		{good, "4.2.1", "s-maxage twice, the first shorter", miss("CC: s-maxage=0, s-maxage=3600")},
		{good, "4.2.1", "s-maxage is nonsense", miss("CC: s-maxage=foo, max-age=3600")},
		{good, "4.2.1", "s-maxage is negative", miss("CC: s-maxage=-1, max-age=3600")},
		{good, "4.2.1", "max-age is nonsense, Expires is not", miss("CC: max-age=foo | Expires: {now+3600}")},
		{good, "5.2.2.10", "max-age is nonsense, s-maxage is not", hit("CC: max-age=foo, s-maxage=3600")},
	}
	// Caches are encouraged to consider these stale (§4.2.1).
	for _, v := range []string{
		"-3600", "-0", "+3600", "3600.0", "3600.9", ".9", "3.6e3", "1e9", "0x3600", "'3600'", "3600s", "s3600", "3 600", "3600 3600",
		"3600;x=1", "3600:", "", `""`, `"3600`, `"3600" x`, `" 3600"`, `"-1"`, " 3600", "=3600", "inf", "NaN", "٣٦٠٠", "3_600", "3600/1", "%33600",
	} {
		list = append(list, ruling{good, "4.2.1", "max-age=" + v, miss("CC: max-age=" + v)})
	}
	for _, v := range []string{"max-age", "max-age =3600", "max-age:3600", "max-age 3600", "'max-age'=3600", `"max-age=3600"`, "max-age;3600", "(max-age=3600)"} {
		list = append(list, ruling{good, "5.2", "no max-age: " + v, miss("CC: " + v)})
	}
	for _, v := range []string{
		"2147483647", "2147483648", "4294967296", "4294968000", "9223372036", "9223372037", "9223372036854775807",
		"9223372036854775808", "18446744073709551616", "18446744073709551617", strings.Repeat("9", 100), "000000000000000000000003600",
	} {
		list = append(list, ruling{good, "1.2.2", "max-age=" + v, hit("CC: max-age=" + v)})
		list = append(list, ruling{good, "1.2.2", "s-maxage=" + v, hit("CC: s-maxage=" + v)})
	}
	return list
}

// expirations: Expires, Date and the forms of dates (§5.3, 9110 §5.6.7).
func expirations() []ruling {
	list := []ruling{
		{good, "5.3", "Expires", hit("Expires: {now+3600}")},
		{must, "5.3", "Expires is past", miss("Expires: {now-60}")},
		{must, "5.3", "Expires is Date", miss("Expires: {now+0}")},
		{must, "5.3", "two Expires, the first past", miss("Expires: {now-60} | Expires: {now+3600}")},
		{note, "5.3", "two Expires, the second past", miss("Expires: {now+3600} | Expires: {now-60}")},
		{must, "4.2.1", "Expires before a Date of a fast clock", miss("Date: {now+7200} | Expires: {now+3600}")},
		{good, "4.2.1", "Expires behind a Date of a fast clock", hit("Date: {now+7200} | Expires: {now+10800}")},
		{must, "4.2.3", "Expires counts from Date", miss("Date: {now-3600} | Expires: {now-1800}")},
		{good, "4.2.3", "Expires counts from an older Date", hit("Date: {now-3600} | Expires: {now+3600}")},
		{must, "4.2.3", "Age against Expires", miss("Expires: {now+3600} | Age: 7200")},
		{good, "9110 6.6.1", "Expires without Date", hit("Expires: {now+3600} | nodate")},
		{must, "5.3", "Expires is past, without Date", miss("Expires: {now-60} | nodate")},
		{note, "9110 6.6.1", "Expires with an invalid Date", hit("Expires: {now+3600} | Date: foo")},
		{must, "5.3", "Expires is past, with an invalid Date", miss("Expires: {now-60} | Date: foo")},
		{must, "9110 5.6.7", "RFC 850", hit("Expires: {850+3600}")},
		{must, "9110 5.6.7", "asctime", hit("Expires: {asc+3600}")},
		{must, "9110 5.6.7", "RFC 850, past", miss("Expires: {850-3600}")},
		{must, "9110 5.6.7", "asctime, past", miss("Expires: {asc-3600}")},
		{must, "9110 5.6.7", "RFC 850 Date", miss("CC: max-age=60 | Date: {850-3600}")},
		{must, "9110 5.6.7", "asctime Date", miss("CC: max-age=60 | Date: {asc-3600}")},
		{must, "9110 5.6.7", "RFC 850 year of more than 50 years ahead", miss("Expires: Wednesday, 09-Nov-94 08:49:37 GMT")},
		{good, "4.2", "Expires in lower case", hit("Expires: tue, 09 nov 2094 08:49:37 gmt")},
		{good, "4.2", "Expires in upper case", hit("Expires: TUE, 09 NOV 2094 08:49:37 GMT")},
		{good, "5.3", "Expires at the end of time", hit("Expires: Fri, 31 Dec 9999 23:59:59 GMT")},
		{note, "9110 5.6.7", "Expires on another day of the week", hit("Expires: Mon, 09 Nov 2094 08:49:37 GMT")},
		{note, "9110 5.6.7", "Expires in a leap second", hit("Expires: Tue, 09 Nov 2094 23:59:60 GMT")},
		{good, "9110 5.5", "spaces around Expires", hit("Expires:   {now+3600}  ")},
		{good, "9110 6.6.1", "max-age with an invalid Date", hit("CC: max-age=3600 | Date: foo")},
		{good, "9110 6.6.1", "max-age without Date", hit("CC: max-age=3600 | nodate")},
		{good, "4.2.3", "max-age with a Date of a fast clock", hit("CC: max-age=3600 | Date: {now+7200}")},
		{must, "4.2.3", "max-age with an old Date", miss("CC: max-age=3600 | Date: {now-7200}")},
		{good, "4.2.3", "max-age with a Date within", hit("CC: max-age=3600 | Date: {now-1800}")},
	}
	// A cache must take invalid dates, "0" above all, for the past (§5.3).
	for _, v := range []string{
		"0", "-1", "1", "", "now", "tomorrow", "3600", "4102444800", "2094-11-09T08:49:37Z", "2094-11-09 08:49:37",
		"09 Nov 2094 08:49:37 GMT", "Tue 09 Nov 2094 08:49:37 GMT", "Tue, 09 Nov 94 08:49:37 GMT", "Tue, 9 Nov 2094 08:49:37 GMT",
		"Tue, 09-Nov-2094 08:49:37 GMT", "Tue, 09 November 2094 08:49:37 GMT", "Tue, 09 Nov 2094 8:49:37 GMT", "Tue, 09 Nov 2094 08:49 GMT",
		"Tue, 09 Nov 2094 08:49:37", "Tue, 09 Nov 2094 08:49:37 +0000", "Tue, 09 Nov 2094 08:49:37 Z",
		"Tue,  09 Nov 2094 08:49:37 GMT", "Tue, 09 Nov  2094 08:49:37 GMT", "Tue,09 Nov 2094 08:49:37 GMT", "Tue, 09 Nov 2094 08.49.37 GMT",
		"Tue, 09 Nov 2094 25:49:37 GMT", "Tue, 09 Nov 2094 08:61:37 GMT", "Tue, 32 Nov 2094 08:49:37 GMT", "Wed, 31 Nov 2094 08:49:37 GMT",
		"Tue, 09 Foo 2094 08:49:37 GMT", "Foo, 09 Nov 2094 08:49:37 GMT", "Tue, 09 Nov 20940 08:49:37 GMT", `"Tue, 09 Nov 2094 08:49:37 GMT"`,
		"Tue, 09 Nov 2094 08:49:37 GMT; x", "Tue, 09 Nov 2094 08:49:37 GMT GMT", "Tue, 09 Nov 2094 08:49:37.5 GMT", "Tuesday, 09-Nov-2094 08:49:37 GMT",
		"Tuesday, 09 Nov 2094 08:49:37 GMT", "Tue Nov 09 08:49:37 2094 GMT", "Tue, Nov 9 08:49:37 2094", "Tue Nov 9 2094 08:49:37", "Tue, 09 Nov 2094 08:49:37 GMT, 0",
	} {
		list = append(list, ruling{must, "5.3", "Expires: " + v, miss("Expires: " + v)})
	}
	for _, zone := range []string{"UTC", "UT", "EST", "CET", "PST"} { // SHOULD (§4.2)
		list = append(list, ruling{good, "4.2", "Expires in " + zone, miss("Expires: Tue, 09 Nov 2094 08:49:37 " + zone)})
	}
	return list
}

// ages: what Age says, and what is said in it (§4.2.3, §5.1).
func ages() []ruling {
	list := []ruling{
		{must, "5.1", "Age of a hit", "> // < 200 | CC: max-age=3600 // = 1 // > // = 1 | Age >= 0 | Age < 5"},
		{must, "4.2.3", "Age counts on", "> // < 200 | CC: max-age=3600 | Age: 600 // = 1 // > // = 1 | Age >= 600 | Age < 605"},
		{must, "4.2.3", "Age grows", "> // < 200 | CC: max-age=3600 // = 1 // wait 1.2 // > // = 1 | Age >= 1 | Age < 6"},
		{must, "4.2.3", "Age from Date", "> // < 200 | CC: max-age=3600 | Date: {now-600} // = 1 // > // = 1 | Age >= 600 | Age < 605"},
		{must, "4.2.3", "Age, where Date is younger", "> // < 200 | CC: max-age=3600 | Age: 600 | Date: {now-60} // = 1 // > // = 1 | Age >= 600"},
		{must, "4.2.3", "Date, where Age is younger", "> // < 200 | CC: max-age=3600 | Age: 60 | Date: {now-600} // = 1 // > // = 1 | Age >= 600"},
		{must, "4.2.3", "Age 0 does not hide an old Date", miss("CC: max-age=3600 | Age: 0 | Date: {now-7200}")},
		{must, "4.2.3", "a clock that is fast has no negative Age", "> // < 200 | CC: max-age=3600 | Date: {now+600} // = 1 // > // = 1 | Age >= 0 | Age < 5"},
		{must, "5.1", "Age of a HEAD", "> // < 200 | CC: max-age=3600 | Age: 60 // = 1 // > HEAD // = - 200 | Age >= 60"},
		{must, "5.1", "Age of a 304", `> // < 200 | CC: max-age=3600 | Age: 60 | ETag: "a" // = 1 // > | INM: "a" // = - 304 | Age >= 60`},
		{must, "4.2.3", "Age with leading zeros", miss("CC: max-age=3600 | Age: 007200")},
		{must, "1.2.2", "Age overflows 31 bits", miss("CC: max-age=3600 | Age: 2147483649")},
		{must, "1.2.2", "Age overflows 64 bits", miss("CC: max-age=3600 | Age: 18446744073709551617")},
		{must, "1.2.2", "Age of 99 digits", miss("CC: max-age=3600 | Age: " + strings.Repeat("9", 99))},
		{good, "5.1", "first of a list of Age, too old", miss("CC: max-age=3600 | Age: 7200, 0")},
		{good, "5.1", "first of a list of Age, young", hit("CC: max-age=3600 | Age: 0, 7200")},
		{good, "5.1", "first line of Age, too old", miss("CC: max-age=3600 | Age: 7200 | Age: 0")},
		{good, "5.1", "first line of Age, young", hit("CC: max-age=3600 | Age: 0 | Age: 7200")},
		{good, "5.1", "first of a list of Age is invalid", hit("CC: max-age=3600 | Age: foo, 7200")},
		{note, "5.1", "first of a list of Age is empty", miss("CC: max-age=3600 | Age: , 7200")},
		{must, "5.1", "one Age only", "> // < 200 | CC: max-age=3600 | Age: 60 | Age: 70 // = 1 // > // = 1 | Age >= 60 | Age !~ ,"},
		{note, "5.1", "Age of what is not stored", "> // < 200 | CC: no-store | Age: 60 // = 1 | Age: 60"},
	}
	for _, v := range []string{"foo", "-7200", "+7200", "7200.0", `"7200"`, "'7200'", "", "7200s", "1e9", "7200 7200", "0x7200", "7200;a=b", "٧٢٠٠"} {
		list = append(list, ruling{good, "5.1", "Age: " + v, hit("CC: max-age=3600 | Age: " + v)}) // SHOULD be ignored
	}
	return list
}
