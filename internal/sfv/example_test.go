package sfv_test

import (
	"errors"
	"fmt"

	"github.com/uncache/uncache/internal/sfv"
)

// Cache-Groups, of RFC 9875: a list of strings, on as many lines as one likes.
func ExampleParseList() {
	list, err := sfv.ParseList([]string{`"scripts", "author:ada";since=2`, `"feeds"`})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(list.Strings())

	_, err = sfv.ParseList([]string{`"scripts", author:ada,`})
	fmt.Println(err, errors.Is(err, sfv.ErrSyntax))
	// Output:
	// [scripts author:ada feeds] true
	// sfv: parse list: at byte 22: a comma at the end: not a structured field true
}

// CDN-Cache-Control, of RFC 9213: a dictionary of directives.
func ExampleParseDictionary() {
	dict, err := sfv.ParseDictionary([]string{`max-age=60, no-store=?0, must-revalidate`, `max-age=600`})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(dict.Natural("max-age"))
	fmt.Println(dict.Flag("must-revalidate"), dict.Flag("no-store"), dict.Flag("private"))
	// Output:
	// 600 true
	// true false false
}

func ExampleParseItem() {
	item, err := sfv.ParseItem([]string{`gzip;q=0.5`})
	if err != nil {
		fmt.Println(err)
		return
	}
	q, ok := item.Params.Get("q")
	fmt.Println(item.Kind == sfv.Token, item.Text, q.Number, ok)
	// Output:
	// true gzip 500 true
}

// A member of Cache-Status, of RFC 9211: the name of a cache is a token if it
// can be, and a string if not.
func ExampleAppendToken() {
	for _, name := range []string{"uncache", "my cache"} {
		field, ok := sfv.AppendToken(nil, name)
		if !ok {
			field, _ = sfv.AppendString(nil, name)
		}
		field = append(field, "; hit; ttl="...)
		field, _ = sfv.AppendInteger(field, -3)
		fmt.Println(string(field))
	}
	// Output:
	// uncache; hit; ttl=-3
	// "my cache"; hit; ttl=-3
}
